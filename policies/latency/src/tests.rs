use std::time::Duration;

use misrule_engine::experiment::Experiment;
use misrule_sdk::testing::{self, Configured, Event};
use misrule_sdk::{Fault, Plan, Settings, Step, settings::Shape};

use super::Latency;

const README: &str = include_str!("../README.md");

fn latency(settings: &str) -> Configured<Latency> {
    testing::configure(settings).unwrap()
}

fn mistakes(settings: &str) -> String {
    testing::configure::<Latency>(settings).map(drop).unwrap_err()
}

fn drawn(latency: &Configured<Latency>, request: u32) -> Duration {
    let plan = latency.before(&Event::get("/").request_id(&format!("request {request}")));
    let [Step::Delay(duration)] = plan.steps() else { panic!("{plan:?}") };
    *duration
}

#[test]
fn a_fixed_delay_is_the_same_for_every_event() {
    let latency = latency(r#"{ "delay": "1s500ms" }"#);
    for event in [Event::get("/"), Event::post("/orders"), Event::json(r#"{ "order": 17 }"#)] {
        assert_eq!(latency.before(&event), Fault::delay(Duration::from_millis(1500)));
    }
}

#[test]
fn a_uniform_delay_stays_in_its_range_and_reaches_both_halves() {
    let latency = latency(r#"{ "uniform": { "min": "100ms", "max": "300ms" } }"#);
    let drawn: Vec<_> = (0..100).map(|request| drawn(&latency, request)).collect();
    assert!(
        drawn.iter().all(|one| (Duration::from_millis(100)..=Duration::from_millis(300)).contains(one)),
        "{drawn:?}"
    );
    let short = drawn.iter().filter(|one| **one < Duration::from_millis(200)).count();
    assert!((30..=70).contains(&short), "{short} of 100");
}

#[test]
fn the_same_event_draws_the_same_delay() {
    let settings = r#"{ "uniform": { "min": "0s", "max": "1h" } }"#;
    assert_eq!(drawn(&latency(settings), 7), drawn(&latency(settings), 7));
    assert_ne!(drawn(&latency(settings), 7), drawn(&latency(settings), 8));
}

#[test]
fn paths_and_methods_narrow_it_down() {
    let latency = latency(r#"{ "delay": "1s", "paths": ["/orders/**"], "methods": ["post"] }"#);
    assert_eq!(latency.before(&Event::post("/orders/17")), Fault::delay(Duration::from_secs(1)));
    for event in [Event::get("/orders/17"), Event::post("/health"), Event::json("{}")] {
        assert_eq!(latency.before(&event), Plan::none());
    }
}

const LOG_NORMAL: &str = r#"{ "log_normal": { "median": "100ms", "p99": "1s" } }"#;

#[test]
fn a_log_normal_delay_has_its_median_and_its_p99() {
    let latency = latency(LOG_NORMAL);
    let mut drawn: Vec<_> = (0..4000).map(|request| drawn(&latency, request)).collect();
    drawn.sort();
    let (median, p99) = (drawn[2000].as_secs_f64(), drawn[3960].as_secs_f64());
    assert!((0.09..0.11).contains(&median), "{median}");
    assert!((0.8..1.25).contains(&p99), "{p99}");
    assert!(drawn[3999] <= Duration::from_secs(10), "{:?}", drawn[3999]);
}

#[test]
fn a_log_normal_delay_is_cut_to_its_max() {
    let latency = latency(r#"{ "log_normal": { "median": "100ms", "p99": "100s", "max": "150ms" } }"#);
    let drawn: Vec<_> = (0..100).map(|request| drawn(&latency, request)).collect();
    let cut = drawn.iter().filter(|one| **one == Duration::from_millis(150)).count();
    assert!((25..=65).contains(&cut), "{cut} of 100");
    assert!(drawn.iter().all(|one| *one <= Duration::from_millis(150)), "{drawn:?}");
}

#[test]
fn alone_leave_takes_the_time_until_no_more_is_left() {
    let latency = latency(r#"{ "leave": "500ms" }"#);
    let event = |timeout| Event::json("{}").timeout(Duration::from_millis(timeout));
    assert_eq!(latency.before(&event(3000)), Fault::delay(Duration::from_millis(2500)));
    assert_eq!(latency.before(&event(500)), Plan::none());
    assert_eq!(latency.before(&event(400)), Plan::none());
}

#[test]
fn beside_a_delay_leave_cuts_it() {
    let latency = latency(r#"{ "delay": "2s", "leave": "1s" }"#);
    for (timeout, delay) in [(10_000, 2000), (3000, 2000), (2500, 1500)] {
        let plan = latency.before(&Event::get("/").timeout(Duration::from_millis(timeout)));
        assert_eq!(plan, Fault::delay(Duration::from_millis(delay)), "{timeout}");
    }
}

#[test]
fn mistakes_are_told_where_they_stand() {
    for (settings, words) in [
        ("{}", "expected `delay`, `uniform`, `log_normal` or `leave`, found none"),
        (
            r#"{ "delay": "1s", "uniform": { "min": "1s", "max": "2s" } }"#,
            "expected one of `delay`, `uniform` and `log_normal`, found several",
        ),
        (r#"{ "uniform": { "min": "2s", "max": "1s" } }"#, "`uniform`: expected a `min` that is not above `max`"),
        (
            r#"{ "log_normal": { "median": "2s", "p99": "1s" } }"#,
            "`log_normal`: expected a `median` above 0s, and a `p99` that is not below it",
        ),
        (
            r#"{ "log_normal": { "median": "2s", "p99": "3s", "max": "1s" } }"#,
            "`log_normal.max`: expected no less than the `median`",
        ),
        (r#"{ "leave": "99ms" }"#, "`leave`: expected 100ms at least: no delay lasts longer"),
    ] {
        assert_eq!(mistakes(settings), words);
    }
}

#[test]
fn mistakes_of_type_are_told_all_at_once() {
    assert_eq!(
        mistakes(r#"{ "delay": 5, "uniform": { "max": "soon" }, "paths": ["orders"] }"#),
        "`delay`: expected a duration such as 250ms, 5s or 1m30s, found a number\n\
         missing setting `uniform.min`\n\
         `uniform.max`: expected a duration such as 250ms, 5s or 1m30s, found a text\n\
         `paths[0]`: the path template is wrong: it must start with a slash"
    );
}

#[test]
fn every_setting_has_a_row_in_the_readme() {
    let Shape::Object(fields) = Latency::SHAPE else { panic!("settings are an object") };
    for field in fields {
        assert!(README.contains(&format!("| `{}` |", field.name)), "{}", field.name);
    }
}

#[test]
fn the_readmes_experiment_configures_it() {
    let page = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let experiment = Experiment::from_toml(page).unwrap();
    latency(&experiment.policies[0].settings.to_string());
}

#[test]
fn an_empty_list_is_not_taken_for_every_event() {
    assert_eq!(
        mistakes(r#"{ "delay": "1s", "paths": [] }"#),
        "`paths`: expected at least one path template, or no `paths` for every event"
    );
    assert_eq!(
        mistakes(r#"{ "delay": "1s", "methods": [] }"#),
        "`methods`: expected at least one method, or no `methods` for every event"
    );
}
