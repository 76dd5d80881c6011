//! What dependencies say through `tracing`, in the same form: `misrule` is then `log`.

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry};

use super::writer;
use crate::clock;

/// Sets what is written, here and by dependencies (MISRULE_LOG). Only the first call counts. What dependencies say at `trace`
/// is not written: they spell out what they handle there, such as a request that is being signed.
pub fn install(filter: &Targets) {
    writer::set_filter(filter);
    let lines = JsonLines.with_filter(filter.clone()).with_filter(LevelFilter::DEBUG);
    let subscriber = Registry::default().with(lines);
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        writer::write(&Value::Object(object(event)).to_string());
    }
}

/// The event as a flat object. A field of its own cannot replace one of ours.
pub(super) fn object(event: &Event<'_>) -> Map<String, Value> {
    let mut fields = Fields(Map::new());
    event.record(&mut fields);
    let ours = [
        ("misrule", "log".to_owned()),
        ("time", writer::rfc_3339(clock::now())),
        ("level", level(event.metadata().level()).to_owned()),
        ("target", event.metadata().target().to_owned()),
    ];
    let mut object: Map<_, _> = ours.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    for (name, value) in fields.0 {
        object.entry(name).or_insert(value);
    }
    object
}

fn level(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
