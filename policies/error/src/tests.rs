use misrule_engine::experiment::Experiment;
use misrule_sdk::testing::{self, Configured, Event};
use misrule_sdk::{Fault, Plan, Settings, settings::Shape};

use super::HandlerError;

const README: &str = include_str!("../README.md");

fn error(settings: &str) -> Configured<HandlerError> {
    testing::configure(settings).unwrap()
}

fn mistakes(settings: &str) -> String {
    testing::configure::<HandlerError>(settings).map(drop).unwrap_err()
}

#[test]
fn without_settings_every_event_fails() {
    let error = error("{}");
    for event in [Event::get("/"), Event::post("/orders"), Event::json(r#"{ "order": 17 }"#)] {
        assert_eq!(error.before(&event), Fault::fail("Function.Injected", "an injected error"));
    }
}

#[test]
fn the_error_is_as_the_experiment_says() {
    let error = error(r#"{ "error_type": "PaymentDown", "message": "" }"#);
    assert_eq!(error.before(&Event::json("[]")), Fault::fail("PaymentDown", ""));
}

#[test]
fn paths_and_methods_narrow_it_down() {
    let error = error(r#"{ "message": "no", "paths": ["/orders/**"], "methods": ["post"] }"#);
    assert_eq!(error.before(&Event::post("/orders/17")), Fault::fail("Function.Injected", "no"));
    for event in [Event::get("/orders/17"), Event::post("/health"), Event::json("{}")] {
        assert_eq!(error.before(&event), Plan::none());
    }
}

#[test]
fn mistakes_are_told_where_they_stand() {
    assert_eq!(
        mistakes(r#"{ "error_type": "" }"#),
        "`error_type`: expected a type such as Function.PaymentDown, found an empty text"
    );
    assert_eq!(
        mistakes(r#"{ "type": "Function.X", "message": 5, "paths": ["orders"] }"#),
        "unknown setting `type`; known: error_type, message, paths, methods\n\
         `message`: expected text, found a number\n\
         `paths[0]`: the path template is wrong: it must start with a slash"
    );
}

#[test]
fn every_setting_has_a_row_in_the_readme() {
    let Shape::Object(fields) = HandlerError::SHAPE else { panic!("settings are an object") };
    for field in fields {
        assert!(README.contains(&format!("| `{}` |", field.name)), "{}", field.name);
    }
}

#[test]
fn the_readmes_experiment_configures_it() {
    let page = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let experiment = Experiment::from_toml(page).unwrap();
    error(&experiment.policies[0].settings.to_string());
}

#[test]
fn an_empty_list_is_not_taken_for_every_event() {
    assert_eq!(
        mistakes(r#"{ "paths": [] }"#),
        "`paths`: expected at least one path template, or no `paths` for every event"
    );
    assert_eq!(
        mistakes(r#"{ "methods": [] }"#),
        "`methods`: expected at least one method, or no `methods` for every event"
    );
}
