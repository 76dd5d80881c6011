//! Who calls: the account that an experiment is published to, and the name that its deployments carry.

use aws_sdk_sts::Client;

use super::service::Service;

/// What AWS STS says of the credentials.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The account, twelve digits.
    pub(crate) account: String,
    /// Who it is, as an ARN.
    pub(crate) arn: String,
}

impl Service<'_> {
    /// Asks who the credentials are for, once; none, with a warning, where that cannot be found out.
    pub(crate) async fn caller(&self) -> Option<&Caller> {
        self.caller.get_or_init(|| self.identify()).await.as_ref()
    }

    async fn identify(&self) -> Option<Caller> {
        let asking = Client::new(&self.config).get_caller_identity().send();
        let identity = self.ask_of("AWS STS for sts:GetCallerIdentity", asking).await;
        let identity = identity.ok().and_then(|identity| Some((identity.account?, identity.arn?)));
        let known = identity.map(|(account, arn)| Caller { account, arn });
        // An AppConfig that is not the region's own may well stand alone.
        if known.is_none() && self.config.endpoint_url().is_none() {
            self.warn("sts:GetCallerIdentity does not say which account this is");
        }
        known
    }
}
