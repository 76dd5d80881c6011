//! The golden corpus: events as Lambda delivers them, and what each component decides about them with some settings. It
//! holds for the committed components, and for those that another rustc made of the same source.

use std::sync::Arc;
use std::time::Duration;

use misrule_engine::decision::{PolicyName, Seed};
use misrule_engine::policy::Memory;
use misrule_engine::sandbox::{Component, Instance, Place, Question, Sandbox};
use misrule_engine::time::Timestamp;
use misrule_sdk::testing::{Event, World};
use serde_json::{Map, Value, json};

use crate::compiled::{self, EXPERIMENT, environment};
use crate::images;

const EVENTS: &str = include_str!("../golden/events.json");
const DECISIONS: &str = include_str!("../golden/decisions.json");

fn array(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// An event's name, which is also its request id, and the event.
fn event(row: &Value) -> (&str, Event) {
    let name = row["name"].as_str().unwrap();
    let event = Event::json(&row["event"].to_string()).request_id(name).at(row["at"].as_str().unwrap());
    (name, event.timeout(Duration::from_millis(row["timeout_ms"].as_u64().unwrap())))
}

/// A component alone with its settings: what it asks for, before any guard cuts or refuses it.
struct Asked {
    sandbox: Sandbox,
    instance: Instance,
}

/// A road on which a component comes into the sandbox.
type Load = fn(&Sandbox, &str) -> Component;

fn compile(sandbox: &Sandbox, policy: &str) -> Component {
    sandbox.compile(&compiled::bytes(policy)).unwrap()
}

impl Asked {
    fn configure(policy: &str, settings: &Value, load: Load) -> Self {
        let place = Place {
            environment: environment(),
            experiment: EXPERIMENT.to_owned(),
            starts: Timestamp::default(),
            expires: Timestamp::default(),
            policy: PolicyName::new(policy),
        };
        let sandbox = Sandbox::new().unwrap();
        let component = load(&sandbox, policy);
        let (instance, _) = sandbox.configure(&component, &Arc::new(place), &settings.to_string()).unwrap();
        Self { sandbox, instance }
    }

    fn before(&mut self, event: &Event) -> Vec<String> {
        let invocation = Arc::new(event.to_invocation(&World::new()));
        let seed = Seed::of_invocation(EXPERIMENT, invocation.head());
        let question = Question { invocation, answer: None, seed, memory: Memory::default() };
        let wishes = self.sandbox.ask(&mut self.instance, question).outcome.unwrap();
        wishes.steps.iter().map(compiled::planned_step).collect()
    }
}

/// What the component asks for with these settings: a text for each step, by the event's name. Events that pass are left
/// out.
fn decided(policy: &str, settings: &Value, events: &[Value], load: Load) -> Map<String, Value> {
    let mut asked = Asked::configure(policy, settings, load);
    let decided = events.iter().map(event).map(|(name, event)| (name.to_owned(), json!(asked.before(&event))));
    decided.filter(|(_, plan)| *plan != json!([])).collect()
}

fn decides_as_it_did(load: Load) {
    let events = array(EVENTS);
    let expected = array(DECISIONS);
    let found: Vec<_> = expected
        .iter()
        .map(|row| {
            let (policy, settings) = (row["policy"].as_str().unwrap(), &row["settings"]);
            json!({ "policy": policy, "settings": settings, "plans": decided(policy, settings, &events, load) })
        })
        .collect();
    assert!(found == expected, "the components decide otherwise:\n{:#}", json!(found));
}

#[test]
fn every_component_decides_as_it_did() {
    decides_as_it_did(compile);
}

#[test]
fn every_native_image_decides_as_its_component_did() {
    decides_as_it_did(images::load);
}

#[test]
fn the_corpus_asks_every_component_and_each_acts_and_passes() {
    let (events, decisions) = (array(EVENTS), array(DECISIONS));
    for policy in misrule_policies::READY_MADE {
        let counts = decisions.iter().filter(|row| row["policy"] == policy.name);
        let counts: Vec<_> = counts.map(|row| row["plans"].as_object().unwrap().len()).collect();
        assert!(counts.iter().any(|count| *count > 0), "{} never acts", policy.name);
        assert!(counts.iter().any(|count| *count < events.len()), "{} never passes", policy.name);
    }
}
