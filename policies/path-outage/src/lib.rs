//! Answers chosen paths with an error, in a time window or always.
//!
//! The handler never sees such a request: clients, health checks and load balancers see what they would see of a
//! function that is down, while the rest of it works on.

mod headers;

use misrule_sdk::{Fault, Invocation, PathTemplate, Plan, Policy, Settings, Table, Window};

/// Which requests find the function down, and what they are told.
#[derive(Settings)]
pub struct PathOutage {
    /// Templates of the paths that are down, such as `/health` or `/orders/{id}/**`. One at least.
    paths: Vec<PathTemplate>,
    /// HTTP methods that are down, in any case. All where absent.
    methods: Option<Vec<String>>,
    /// When they are down, week by week. Always where absent.
    window: Option<Window>,
    /// The status of the answer, 200 to 599. 503 where absent.
    #[settings(default = 503)]
    status: u16,
    /// Headers of the answer. `content-type` is added where there is a body and none is named.
    #[settings(default)]
    headers: Table<String>,
    /// The body of the answer. Empty where absent.
    #[settings(default)]
    body: String,
}

impl PathOutage {
    fn hits(&self, invocation: &Invocation) -> bool {
        let method = self.methods.as_ref().is_none_or(|methods| invocation.method_is_any(methods));
        method
            && invocation.path_matches_any(&self.paths)
            && self.window.as_ref().is_none_or(|window| window.contains(invocation))
    }

    fn answer(&self) -> Plan {
        let plan = self
            .headers
            .iter()
            .fold(Fault::respond(self.status), |plan, (name, value)| plan.header(name, value.as_str()));
        match self.content_type() {
            Some(content_type) => plan.header("content-type", content_type).body(self.body.as_str()),
            None => plan.body(self.body.as_str()),
        }
    }

    /// The content type of a body whose author named none.
    fn content_type(&self) -> Option<&'static str> {
        let named = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let json =
            self.body.bytes().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| b"{[".contains(&first));
        match () {
            () if named || self.body.is_empty() => None,
            () if json => Some("application/json"),
            () => Some("text/plain; charset=utf-8"),
        }
    }
}

impl Policy for PathOutage {
    fn check(&self) -> Result<(), String> {
        if self.paths.is_empty() {
            return Err("`paths`: expected at least one path template, found none".to_owned());
        }
        if !(200..=599).contains(&self.status) {
            return Err("`status`: expected a status that ends a request, 200 to 599".to_owned());
        }
        if self.methods.as_ref().is_some_and(Vec::is_empty) {
            return Err("`methods`: expected at least one method, or no `methods` for all".to_owned());
        }
        if !self.body.is_empty() && matches!(self.status, 204 | 304) {
            return Err(format!("`body`: an answer with status {} has none", self.status));
        }
        self.headers.iter().try_for_each(|(name, value)| headers::check(name, value))
    }

    fn before(&self, invocation: &Invocation) -> Plan {
        if self.hits(invocation) { self.answer() } else { Plan::none() }
    }
}

misrule_sdk::export!(PathOutage);

#[cfg(test)]
mod tests;
