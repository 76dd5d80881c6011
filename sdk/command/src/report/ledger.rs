//! Takes log events in, and keeps what a report needs of them: by environment, experiment version and policy.
//!
//! Lines of one environment must come in their order, since an invocation counts for the experiment that is armed as it
//! starts. In which order environments come, and how their lines are mixed, does not matter.

use std::collections::BTreeMap;

use serde::Serialize;

use super::environment::Environment;
use super::input::{Event, Sink};
use super::line::Line;
use super::message::Message;

/// Which version of which experiment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Version {
    pub(crate) experiment: String,
    pub(crate) version: String,
}

/// How many log events there were, and whose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Read {
    /// Log events in all.
    pub(crate) events: u64,
    /// Lines of the layer, and of its wrapper.
    pub(crate) layer: u64,
    /// Starts and reports of invocations, by Lambda.
    pub(crate) lambda: u64,
    /// Log events that cannot be understood, though they should be.
    pub(crate) bad: u64,
    /// Lines of the layer of a kind that this command does not know.
    pub(crate) unknown: u64,
}

/// What the log events said.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) read: Read,
    /// By log stream; where there is none by input, and within it by start of the layer.
    pub(crate) environments: BTreeMap<String, Environment>,
    input: String,
    /// The environment of the lines without a log stream.
    unnamed: Option<String>,
}

impl Ledger {
    /// What comes next is from here.
    pub(crate) fn begin(&mut self, input: &str) {
        input.clone_into(&mut self.input);
        self.unnamed = None;
    }

    /// Whether anything was kept of this place: who writes of a failure may be anybody.
    fn knows(&self, stream: Option<&str>) -> bool {
        stream.or(self.unnamed.as_deref()).is_some_and(|name| self.environments.contains_key(name))
    }

    fn environment(&mut self, stream: Option<&str>, starts: bool) -> &mut Environment {
        let name = match stream {
            Some(stream) => stream.to_owned(),
            None => self.unnamed(starts),
        };
        self.environments.entry(name).or_default()
    }

    /// A log without log streams is that of one environment until the layer starts again.
    fn unnamed(&mut self, starts: bool) -> String {
        let another = |name: &String| starts && self.environments.get(name).is_some_and(Environment::has_started);
        if let Some(name) = self.unnamed.clone().filter(|name| !another(name)) {
            return name;
        }
        let numbered = (2..).map(|number: u64| format!("{} #{number}", self.input));
        let name =
            std::iter::once(self.input.clone()).chain(numbered).find(|name| !self.environments.contains_key(name));
        self.unnamed.insert(name.unwrap_or_default()).clone()
    }
}

impl Sink for Ledger {
    fn event(&mut self, event: Event<'_>) {
        self.read.events += 1;
        let message = Message::of(event.text);
        match &message {
            Message::Layer(line) if **line == Line::Unknown => self.read.unknown += 1,
            Message::Layer(_) | Message::Wrapper(_) => self.read.layer += 1,
            Message::Started(_) | Message::Reported(_) => self.read.lambda += 1,
            Message::Broken => self.read.bad += 1,
            Message::InitFailed(_) if self.knows(event.stream) => {}
            Message::InitFailed(_) | Message::Other => return,
        }
        let starts = matches!(&message, Message::Layer(line) if matches!(**line, Line::Start { .. }));
        self.environment(event.stream, starts).take(message);
    }

    fn bad(&mut self) {
        self.read.events += 1;
        self.read.bad += 1;
    }
}
