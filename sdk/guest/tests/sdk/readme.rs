//! The code of `sdk/README.md`, word for word.

use std::time::Duration;

use misrule_sdk::{Fault, Invocation, PathTemplate, Plan, Policy, Settings, Window};

#[derive(Settings)]
struct Brownout {
    /// Paths to slow down.
    paths: Vec<PathTemplate>,
    /// When.
    window: Option<Window>,
    #[settings(default = Duration::from_secs(2))]
    delay: Duration,
}

impl Policy for Brownout {
    fn before(&self, invocation: &Invocation) -> Plan {
        let open = self.window.as_ref().is_none_or(|window| window.contains(invocation));
        if open && invocation.path_matches_any(&self.paths) {
            return Fault::delay(self.delay).then(Fault::respond(503).header("retry-after", "2"));
        }
        Plan::none()
    }
}

misrule_sdk::export!(Brownout);

use misrule_sdk::testing::{self, Event};

#[test]
fn paths_are_slow_on_mondays_in_paris() {
    let settings = r#"{ "paths": ["/orders/**"], "window": { "days": ["mon"], "zone": "Europe/Paris" } }"#;
    let brownout = testing::configure::<Brownout>(settings).unwrap();
    let order = Event::get("/orders/17");
    assert!(!brownout.before(&order.clone().at("2026-01-05T09:00:00+01:00")).is_empty());
    assert!(brownout.before(&order.at("2026-01-06T09:00:00+01:00")).is_empty());
}

#[test]
fn the_readme_shows_this_code() {
    let readme = include_str!("../../../README.md");
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    assert!(blocks.iter().all(|block| include_str!("readme.rs").contains(block)), "{blocks:#?}");
}
