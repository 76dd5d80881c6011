//! One policy that asks for any fault, as its settings say, for the tests of what each does. It shows too that each can be
//! asked for from Rust.

use std::time::Duration;

use misrule_sdk::{Document, Fault, Hooks, Invocation, PathTemplate, Plan, Policy, Response, Settings};

/// What is asked for, and where.
#[derive(Settings)]
pub struct Catalogue {
    /// The path that is hit; absent: every invocation.
    path: Option<PathTemplate>,
    /// The steps before the handler, in order.
    #[settings(default)]
    before: Vec<Wish>,
    /// The steps after it.
    #[settings(default)]
    after: Vec<Wish>,
    /// Whether buffered answers are held back until they are whole.
    #[settings(default)]
    answer_body: bool,
}

/// One step. Each fault takes what it needs of the rest.
#[derive(Settings)]
pub struct Wish {
    /// Which fault.
    fault: Kind,
    /// A pointer into the body, not the whole.
    #[settings(default)]
    body: bool,
    /// A pointer, a header's name, or an error's type.
    #[settings(default)]
    name: String,
    /// A header's value, JSON text, a message, or a body.
    value: Option<String>,
    /// A status, or a number of bytes, of bytes a second, or of bytes that pass first.
    #[settings(default)]
    number: u32,
    /// How long.
    #[settings(default)]
    duration: Duration,
    /// A share.
    #[settings(default)]
    rate: f64,
    /// Ids of records, or names of hosts.
    #[settings(default)]
    names: Vec<String>,
}

/// The catalogue.
#[derive(Clone, Copy, Settings)]
#[expect(missing_docs, reason = "each is a function of `Fault`, and documented there")]
pub enum Kind {
    Delay,
    RespondHttp,
    ReturnJson,
    Fail,
    Hang,
    Crash,
    Edit,
    SetHeader,
    SetStatus,
    FailItems,
    Truncate,
    Garble,
    Throttle,
    Pause,
    Cut,
    BreakOff,
    FillDisk,
    HoldMemory,
    BurnCpu,
    BlockHosts,
}

impl Policy for Catalogue {
    fn hooks(&self) -> Hooks {
        let after = if self.after.is_empty() { Hooks::NONE } else { Hooks::AFTER };
        let body = if self.answer_body { Hooks::ANSWER_BODY } else { Hooks::NONE };
        Hooks::BEFORE | after | body
    }

    fn before(&self, invocation: &Invocation) -> Plan {
        self.plan(invocation, &self.before)
    }

    fn after(&self, invocation: &Invocation, _: &Response) -> Plan {
        self.plan(invocation, &self.after)
    }
}

impl Catalogue {
    fn plan(&self, invocation: &Invocation, wishes: &[Wish]) -> Plan {
        let hit = self.path.as_ref().is_none_or(|path| invocation.path_matches(path).is_some());
        wishes.iter().filter(|_| hit).fold(Plan::none(), |plan, wish| plan.then(wish.step()))
    }
}

impl Wish {
    fn step(&self) -> Plan {
        let (name, value, number) = (self.name.as_str(), self.value.clone().unwrap_or_default(), self.number);
        match self.fault {
            Kind::Delay => Fault::delay(self.duration),
            Kind::RespondHttp => Fault::respond(u16::try_from(number).unwrap_or_default()).body(value),
            Kind::ReturnJson => Fault::return_json(value),
            Kind::Fail => Fault::fail(name, value),
            Kind::Hang => Fault::hang(),
            Kind::Crash => Fault::crash(),
            Kind::Edit | Kind::SetHeader => self.change(),
            Kind::SetStatus => Fault::set_status(u16::try_from(number).unwrap_or_default()),
            Kind::FailItems => Fault::fail_items(self.names.clone()),
            Kind::Truncate => Fault::truncate(number),
            Kind::Garble => Fault::garble(self.rate),
            Kind::Throttle => Fault::throttle(number),
            Kind::Pause => Fault::pause(number.into(), self.duration),
            Kind::Cut => Fault::cut(number.into()),
            Kind::BreakOff => Fault::break_off(number.into(), name, value),
            Kind::FillDisk => Fault::fill_disk(number.into()),
            Kind::HoldMemory => Fault::hold_memory(number.into()),
            Kind::BurnCpu => Fault::burn_cpu(self.duration),
            Kind::BlockHosts => Fault::block_hosts(self.names.clone()),
        }
    }

    fn change(&self) -> Plan {
        let document = if self.body { Document::Body } else { Document::Whole };
        match (self.fault, &self.value) {
            (Kind::SetHeader, Some(value)) => Fault::set_header(&self.name, value),
            (Kind::SetHeader, None) => Fault::remove_header(&self.name),
            (_, Some(json)) => Fault::edit(document, &self.name, json),
            (_, None) => Fault::remove(document, &self.name),
        }
    }
}

misrule_sdk::export!(Catalogue);

#[cfg(test)]
mod tests {
    use misrule_sdk::Step;
    use misrule_sdk::testing::{self, Event};

    use super::*;

    #[test]
    fn what_the_settings_name_is_asked_for_where_they_say() {
        let settings = r#"{ "path": "/orders/*", "before": [
            { "fault": "edit", "body": true, "name": "/a", "value": "1" }, { "fault": "hang" }] }"#;
        let policy = testing::configure::<Catalogue>(settings).unwrap();
        let plan = policy.before(&Event::get("/orders/7"));
        let edit = Step::Edit { document: Document::Body, pointer: "/a".to_owned(), value: Some("1".to_owned()) };
        assert_eq!(plan.steps(), [edit, Step::Hang]);
        assert!(policy.before(&Event::get("/health")).is_empty());
    }

    #[test]
    #[should_panic(expected = "`edit` with a text that is not JSON")]
    fn what_is_no_json_is_told() {
        let settings = r#"{ "before": [{ "fault": "edit", "name": "/a", "value": "{" }] }"#;
        let policy = testing::configure::<Catalogue>(settings).unwrap();
        let _ = policy.before(&Event::get("/"));
    }
}
