use misrule_engine::experiment::Experiment;
use misrule_sdk::testing::{self, Configured, Event};
use misrule_sdk::{Fault, Plan, Settings, settings::Shape};

use super::PathOutage;

const README: &str = include_str!("../README.md");

fn outage(settings: &str) -> Configured<PathOutage> {
    testing::configure(settings).unwrap()
}

fn mistakes(settings: &str) -> String {
    testing::configure::<PathOutage>(settings).map(drop).unwrap_err()
}

#[test]
fn the_paths_are_down_and_the_others_are_not() {
    let outage = outage(r#"{ "paths": ["/health", "/orders/{id}/**"] }"#);
    for path in ["/health", "/orders/17", "/orders/17/items/3"] {
        assert_eq!(outage.before(&Event::get(path)), Fault::respond(503), "{path}");
    }
    for path in ["/", "/healthy", "/orders"] {
        assert_eq!(outage.before(&Event::get(path)), Plan::none(), "{path}");
    }
}

#[test]
fn an_event_without_a_path_passes() {
    let outage = outage(r#"{ "paths": ["/**"] }"#);
    assert_eq!(outage.before(&Event::json(r#"{ "order": 17 }"#)), Plan::none());
}

#[test]
fn methods_narrow_it_down_in_any_case() {
    let outage = outage(r#"{ "paths": ["/orders"], "methods": ["post", "PUT"] }"#);
    assert_eq!(outage.before(&Event::post("/orders")), Fault::respond(503));
    assert_eq!(outage.before(&Event::get("/orders")), Plan::none());
}

#[test]
fn the_window_opens_and_closes_by_the_zones_clocks() {
    let outage = outage(
        r#"{ "paths": ["/health"],
             "window": { "days": ["tue"], "from": "09:00", "to": "09:30", "zone": "Europe/Paris" } }"#,
    );
    for (instant, down) in [
        ("2026-12-01T08:59:59+01:00", false),
        ("2026-12-01T09:00:00+01:00", true),
        ("2026-12-01T08:29:59Z", true),
        ("2026-12-01T09:30:00+01:00", false),
        ("2026-12-02T09:00:00+01:00", false),
        ("2026-07-07T07:00:00Z", true),
    ] {
        let plan = outage.before(&Event::get("/health").at(instant));
        assert_eq!(!plan.is_empty(), down, "{instant}");
    }
}

#[test]
fn the_answer_is_as_the_experiment_says() {
    let outage =
        outage(r#"{ "paths": ["/health"], "status": 404, "headers": { "retry-after": "2" }, "body": "gone fishing" }"#);
    let answer = Fault::respond(404)
        .header("retry-after", "2")
        .header("content-type", "text/plain; charset=utf-8")
        .body("gone fishing");
    assert_eq!(outage.before(&Event::get("/health")), answer);
}

#[test]
fn a_content_type_is_added_only_to_a_body_that_has_none() {
    for (settings, content_type) in [
        (r#"{ "paths": ["/"], "body": " {\"status\": \"down\"}" }"#, Some("application/json")),
        (r#"{ "paths": ["/"], "body": "<p>" , "headers": { "Content-Type": "text/html" } }"#, Some("text/html")),
        (r#"{ "paths": ["/"] }"#, None),
    ] {
        let plan = outage(settings).before(&Event::get("/"));
        let [misrule_sdk::Step::RespondHttp { headers, .. }] = plan.steps() else { panic!("{plan:?}") };
        let found = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        assert_eq!(found.map(|(_, value)| value.as_str()).next(), content_type, "{settings}");
        assert_eq!(headers.len(), usize::from(content_type.is_some()), "{settings}");
    }
}

#[test]
fn mistakes_are_told_where_they_stand() {
    assert_eq!(
        mistakes(r#"{ "pahts": ["/health"], "status": "404", "window": { "zone": "Europe/Pairs", "from": "9" } }"#),
        "unknown setting `pahts`; known: paths, methods, window, status, headers, body\n\
         missing setting `paths`\n\
         `window.from`: expected a time of day such as 09:00, up to 24:00, found a text\n\
         `window.zone`: the IANA database has no such time zone\n\
         `status`: expected a whole number from 0 to 65535, found a text"
    );
    assert_eq!(mistakes(r#"{ "paths": [] }"#), "`paths`: expected at least one path template, found none");
    assert_eq!(
        mistakes(r#"{ "paths": ["/health"], "status": 101 }"#),
        "`status`: expected a status that ends a request, 200 to 599"
    );
}

#[test]
fn every_setting_has_a_row_in_the_readme() {
    let Shape::Object(fields) = PathOutage::SHAPE else { panic!("settings are an object") };
    for field in fields {
        assert!(README.contains(&format!("| `{}` |", field.name)), "{}", field.name);
    }
}

#[test]
fn the_readmes_experiment_configures_it() {
    let page = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let experiment = Experiment::from_toml(page).unwrap();
    outage(&experiment.policies[0].settings.to_string());
}

#[test]
fn what_no_answer_can_say_is_refused() {
    for (settings, mistake) in [
        (r#""methods": []"#, "`methods`: expected at least one method, or no `methods` for all"),
        (r#""status": 204, "body": "x""#, "`body`: an answer with status 204 has none"),
        (r#""headers": { "bad name": "x" }"#, "`headers`: `bad name` is no header's name"),
        (r#""headers": { "": "x" }"#, "`headers`: `` is no header's name"),
        (r#""headers": { "Content-Length": "9" }"#, "`headers.Content-Length`: it is computed from the answer"),
        (r#""headers": { "x": "a\r\nb: c" }"#, "`headers.x`: expected text without control characters"),
    ] {
        assert_eq!(mistakes(&format!(r#"{{ "paths": ["/"], {settings} }}"#)), mistake);
    }
}
