use bytes::Bytes;

/// What a function is invoked with: the payload, and what Lambda's headers say about it.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// The payload; JSON on Lambda, any bytes here.
    pub body: Bytes,
    /// The request id; a fresh one where absent. A retried asynchronous invocation has the one it had before.
    pub request_id: Option<String>,
    /// `Lambda-Runtime-Invocation-Id`.
    pub invocation_id: InvocationId,
    /// The qualifier that the function is invoked with: a version or an alias.
    pub qualifier: Option<String>,
    /// `Lambda-Runtime-Trace-Id`.
    pub trace_id: Option<String>,
    /// `Lambda-Runtime-Client-Context`, JSON.
    pub client_context: Option<String>,
    /// `Lambda-Runtime-Cognito-Identity`, JSON.
    pub cognito_identity: Option<String>,
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    pub tenant_id: Option<String>,
    /// Headers that Lambda may add one day, sent last.
    pub headers: Vec<(String, Bytes)>,
}

/// The nonce that guards against crossed answers. Lambda has sent one since 2026; its emulator does not on demand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InvocationId {
    /// A fresh one.
    #[default]
    Fresh,
    /// This one.
    Given(String),
    /// None: the header is not sent.
    Absent,
}

impl<B: Into<Bytes>> From<B> for Event {
    fn from(body: B) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
}
