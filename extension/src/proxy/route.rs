//! Which of Lambda's routes a request takes. Anything not named here passes as it is.

use http::Method;
use misrule_engine::invocation::RequestId;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The runtime asks for its next event.
    Next,
    /// The handler's result for this request id.
    Response(RequestId),
    /// The handler's error for this request id.
    Error(RequestId),
    /// The runtime could not initialise the function.
    InitError,
    /// The runtime waits to be restored from a snapshot.
    Restore,
    /// Somebody asks the port who it is. This route and the next are ours, and never forwarded.
    Identity,
    /// The wrapper starts the runtime with the layer's library.
    Preloaded,
    /// Everything else.
    Other,
}

/// What the paths of the Runtime API begin with.
pub(crate) const RUNTIME: &str = "/2018-06-01/runtime/";

impl Route {
    /// The route of this method and path (without the query).
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        match (method, path) {
            (&Method::GET, "/misrule") => return Self::Identity,
            (&Method::POST, "/misrule/preloaded") => return Self::Preloaded,
            _ => {}
        }
        let Some(rest) = path.strip_prefix(RUNTIME) else { return Self::Other };
        match (method, rest) {
            (&Method::GET, "invocation/next") => Self::Next,
            (&Method::GET, "restore/next") => Self::Restore,
            (&Method::POST, "init/error") => Self::InitError,
            (&Method::POST, _) => Self::answer(rest).unwrap_or(Self::Other),
            _ => Self::Other,
        }
    }

    fn answer(rest: &str) -> Option<Self> {
        let (id, kind) = rest.strip_prefix("invocation/")?.split_once('/')?;
        match kind {
            "response" => Some(Self::Response(RequestId::new(id))),
            "error" => Some(Self::Error(RequestId::new(id))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_routes_of_an_invocation_are_known() {
        for (method, path, route) in [
            (Method::GET, "/2018-06-01/runtime/invocation/next", Route::Next),
            (Method::PUT, "/2018-06-01/runtime/invocation/next", Route::Other),
            (Method::GET, "//2018-06-01/runtime/invocation/next", Route::Other),
            (Method::POST, "/2018-06-01/runtime/invocation/a-1/response", Route::Response(RequestId::new("a-1"))),
            (Method::POST, "/2018-06-01/runtime/invocation/a-1/error", Route::Error(RequestId::new("a-1"))),
            (Method::POST, "/2018-06-01/runtime/invocation/a-1/other", Route::Other),
            (Method::POST, "/2018-06-01/runtime/init/error", Route::InitError),
            (Method::GET, "/2018-06-01/runtime/restore/next", Route::Restore),
            (Method::GET, "/misrule", Route::Identity),
            (Method::POST, "/misrule", Route::Other),
            (Method::POST, "/misrule/preloaded", Route::Preloaded),
            (Method::GET, "/misrule/preloaded", Route::Other),
            (Method::GET, "/2020-01-01/extension/event/next", Route::Other),
        ] {
            assert_eq!(Route::of(&method, path), route, "{method} {path}");
        }
    }
}
