//! Where a function runs.

use std::borrow::Cow;

use crate::invocation::Arn;

/// The execution environment, as Lambda's environment variables describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub function_name: String,
    /// `AWS_LAMBDA_FUNCTION_VERSION`.
    pub function_version: String,
    /// `AWS_REGION`.
    pub region: String,
    /// The account, where it is known.
    pub account: Option<String>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, in MB.
    pub memory_mb: u32,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`: "on-demand", "provisioned-concurrency", "snap-start", "lambda-managed-instances".
    pub initialization: String,
}

impl Environment {
    /// The account: that of the ARN which the function was invoked by where it was not known before.
    pub fn account_by(&self, invoked_arn: &str) -> Option<Cow<'_, str>> {
        let told = || Arn::parse(invoked_arn).map(|arn| Cow::Owned(arn.account().to_owned()));
        self.account.as_deref().map(Cow::Borrowed).or_else(told)
    }

    /// Whether other invocations may run in this environment at the same time.
    pub fn shared(&self) -> bool {
        self.initialization == "lambda-managed-instances"
    }
}
