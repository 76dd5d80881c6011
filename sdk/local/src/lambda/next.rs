use super::Outcome;
use super::api::Shared;
use super::failure::FunctionError;
use super::routes::{After, Call};
use super::state::Invocation;
use crate::wire::{Reply, WireError};

impl Call<'_> {
    /// `GET /runtime/invocation/next`: waits as long as it takes.
    pub(super) async fn next(&mut self) -> Result<After, WireError> {
        let ticket = match self.shared.change(super::state::State::ask) {
            Ok(ticket) => ticket,
            Err(refusal) => return self.refuse(&refusal).await,
        };
        let shared = self.shared;
        let delivered = shared.when(|state| {
            state.delivered(ticket).map(|invocation| (invocation.serial, event_reply(shared, invocation)))
        });
        let reply = tokio::select! {
            (_, reply) = delivered => reply,
            () = self.connection.closed() => return self.lost(ticket).await,
        };
        if self.shared.settings.managed.is_some() && self.has_hung_up().await {
            return self.lost(ticket).await;
        }
        self.reply(reply).await
    }

    /// Whether the peer has closed by now; what the system knows already is looked at first.
    async fn has_hung_up(&mut self) -> bool {
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            () = self.connection.closed() => true,
            () = std::future::ready(()) => false,
        }
    }

    /// The runtime hung up while it waited. On demand the next question gets the event. On Managed Instances the place
    /// in the queue stays, and the event that is given to it is lost.
    async fn lost(&self, ticket: u64) -> Result<After, WireError> {
        if self.shared.settings.managed.is_some() {
            let serial = self.shared.when(|state| state.delivered(ticket).map(|invocation| invocation.serial)).await;
            let error = FunctionError::lambda("Runtime.Unknown", "the runtime closed its connection");
            self.shared.change(|state| state.answer(serial, Outcome::Error(error)));
        }
        Ok(After::Close)
    }
}

/// The event with Lambda's headers, each only where it has a value, in the alphabetical order of Lambda's server.
fn event_reply(shared: &Shared, invocation: &Invocation) -> Reply {
    let event = &invocation.event;
    let arn = shared.settings.arn(event.qualifier.as_deref());
    let deadline = invocation.deadline.to_string();
    let named = [
        ("Lambda-Runtime-Aws-Request-Id", Some(&invocation.request_id)),
        ("Lambda-Runtime-Aws-Tenant-Id", event.tenant_id.as_ref()),
        ("Lambda-Runtime-Client-Context", event.client_context.as_ref()),
        ("Lambda-Runtime-Cognito-Identity", event.cognito_identity.as_ref()),
        ("Lambda-Runtime-Deadline-Ms", Some(&deadline)),
        ("Lambda-Runtime-Invocation-Id", invocation.invocation_id.as_ref()),
        ("Lambda-Runtime-Invoked-Function-Arn", Some(&arn)),
        ("Lambda-Runtime-Trace-Id", event.trace_id.as_ref()),
    ];
    let mut reply = Reply::new(200).header("Content-Type", "application/json").body(event.body.clone());
    for (name, value) in named {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            reply = reply.header(name, value);
        }
    }
    event.headers.iter().fold(reply, |reply, (name, value)| reply.header(name.clone(), value))
}
