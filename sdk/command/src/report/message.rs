//! What one log event says: a line of the layer, the start or the report of an invocation by Lambda, or neither.
//!
//! Lambda's own lines come in two formats, chosen on the function: text (`START RequestId: ...`) and JSON
//! (`{"type":"platform.start","record":{"requestId":...}}`):
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>.
//! What goes before a line (a time, a log stream, a request id, a level) is looked over, and so is an object that wraps it.

use serde_json::Value;

use super::initialisation;
use super::line::Line;

/// What a log event says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    /// A line of the layer.
    Layer(Box<Line>),
    /// Something that the wrapper said on stderr: the runtime runs without the layer.
    Wrapper(String),
    /// Lambda: an invocation starts.
    Started(String),
    /// Lambda: an invocation is over.
    Reported(String),
    /// The runtime, or Lambda of it: it failed before it asked for events.
    InitFailed(String),
    /// It begins like a line of the layer, and is none.
    Broken,
    /// Somebody else's.
    Other,
}

/// Objects within objects that a line may be wrapped in: `message` or `record` of a log format, of a log router.
const MAX_WRAPPINGS: usize = 3;

impl Message {
    /// Reads the text of a log event, which may have a prefix.
    pub(crate) fn of(text: &str) -> Self {
        if text.contains("misrule") {
            match Self::of_the_layer(text) {
                Self::Other => {}
                ours => return ours,
            }
        }
        if let Some(id) = after_word(text, "START RequestId: ") {
            return Self::Started(id);
        }
        if let Some(id) = after_word(text, "REPORT RequestId: ") {
            return Self::Reported(id);
        }
        if text.contains("platform.") {
            return Self::of_lambda(text);
        }
        initialisation::failure(text).map_or(Self::Other, Self::InitFailed)
    }

    fn of_the_layer(text: &str) -> Self {
        if let Some((_, said)) = text.split_once("misrule-wrapper: ") {
            return Self::Wrapper(said.trim_end().to_owned());
        }
        let Some(json) = object(text) else { return Self::Other };
        if json.starts_with(r#"{"misrule":""#) {
            return first(json).map_or(Self::Broken, |line| Self::Layer(Box::new(line)));
        }
        match first(json) {
            Some(value) => Self::within(value, MAX_WRAPPINGS),
            None if text.contains(r#""misrule":""#) || text.contains(r#"\"misrule\":\""#) => Self::Broken,
            None => Self::Other,
        }
    }

    /// A line that an object is, or holds.
    fn within(value: Value, wrappings: usize) -> Self {
        match value {
            Value::Object(mut object) if wrappings > 0 => {
                if object.get("misrule").is_some_and(Value::is_string) {
                    let line = serde_json::from_value(Value::Object(object));
                    return line.map_or(Self::Broken, |line| Self::Layer(Box::new(line)));
                }
                let held = ["record", "message", "@message"].into_iter().find_map(|name| object.remove(name));
                held.map_or(Self::Other, |held| Self::within(held, wrappings - 1))
            }
            Value::String(text) if wrappings > 0 && text.contains("misrule") => Self::of_the_layer(&text),
            _ => Self::Other,
        }
    }

    fn of_lambda(text: &str) -> Self {
        let Some(value) = object(text).and_then(first::<Value>) else { return Self::Other };
        let id = |value: &Value| value["record"]["requestId"].as_str().map(str::to_owned);
        if value["type"] == "platform.initReport" {
            return initialisation::failure_of(&value["record"]).map_or(Self::Other, Self::InitFailed);
        }
        match (value["type"].as_str(), id(&value)) {
            (Some("platform.start"), Some(id)) => Self::Started(id),
            (Some("platform.report"), Some(id)) => Self::Reported(id),
            _ => Self::Other,
        }
    }
}

/// The text from its first object on.
fn object(text: &str) -> Option<&str> {
    text.find('{').map(|start| &text[start..])
}

/// The first JSON value of a text; what follows it is looked over.
fn first<'a, T: serde::Deserialize<'a>>(json: &'a str) -> Option<T> {
    serde_json::Deserializer::from_str(json).into_iter().next()?.ok()
}

/// The word after this mark, where the mark stands at the beginning or after white space.
fn after_word(text: &str, mark: &str) -> Option<String> {
    let (before, after) = text.split_once(mark)?;
    let stands_alone = before.is_empty() || before.ends_with(char::is_whitespace);
    let word = after.split_whitespace().next().filter(|_| stands_alone)?;
    Some(word.to_owned())
}

/// The log stream that a prefix names: `2026/12/01/[$LATEST]0123...`, also with the function's name before the bracket.
pub(crate) fn stream_before(text: &str) -> Option<&str> {
    let prefix = text.find('{').map_or(text, |end| &text[..end]);
    prefix.split_whitespace().take(8).find(|word| is_stream(word))
}

fn is_stream(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let date =
        digits(0..4) && digits(5..7) && digits(8..10) && [4, 7, 10].iter().all(|at| bytes.get(*at) == Some(&b'/'));
    date && word.contains('[') && word.contains(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"misrule":"halted","time":"2026-12-01T09:00:00.000Z","level":"info","version":"v3"}"#;

    fn halted() -> Message {
        Message::Layer(Box::new(Line::Halted { version: "v3".into() }))
    }

    #[test]
    fn a_line_is_found_behind_prefixes_and_in_wrappings() {
        let escaped = Value::String(LINE.to_owned()).to_string();
        for text in [
            LINE.to_owned(),
            format!("2026-12-01T09:00:00.000Z {LINE}"),
            format!("2026-12-01T09:00:00.123000+00:00 2026/12/01/[$LATEST]0a1b {LINE}\n"),
            format!("2026-12-01T09:00:00.000Z\t8476a536\tINFO\t{LINE}"),
            format!("[INFO]\t2026-12-01T09:00:00.000Z\t8476a536\t{LINE}"),
            format!("EVENTS\t1\t1733043600000\t2026/12/01/[3]0a1b\t{LINE}\t1733043600000"),
            format!(r#"{{"time":"2026-12-01T09:00:00.000Z","type":"extension","record":{escaped}}}"#),
            format!(r#"{{"time":"2026-12-01T09:00:00.000Z","type":"extension","record":{LINE}}}"#),
            format!(r#"{{"timestamp":"2026-12-01T09:00:00.000Z","level":"INFO","message":{escaped},"requestId":"8"}}"#),
        ] {
            assert_eq!(Message::of(&text), halted(), "{text}");
        }
    }

    #[test]
    fn lambdas_own_lines_are_read_in_both_formats() {
        let id = "79b4f56e-95b1-4643-9700-2807f4e68189";
        let started = Message::Started(id.into());
        let reported = Message::Reported(id.into());
        let record = |kind: &str| {
            format!(
                r#"{{"time":"2026-12-01T09:00:00.000Z","type":"{kind}","record":{{"requestId":"{id}","version":"$LATEST"}}}}"#
            )
        };
        for (text, expected) in [
            (format!("START RequestId: {id} Version: $LATEST"), &started),
            (format!("2026-12-01T09:00:00.000Z START RequestId: {id} Version: 3\n"), &started),
            (record("platform.start"), &started),
            (format!("REPORT RequestId: {id}\tDuration: 12.34 ms\tBilled Duration: 13 ms"), &reported),
            (record("platform.report"), &reported),
            (record("platform.runtimeDone"), &Message::Other),
            (format!("END RequestId: {id}"), &Message::Other),
            (format!("RESTART RequestId: {id}"), &Message::Other),
        ] {
            assert_eq!(&Message::of(&text), expected, "{text}");
        }
    }

    #[test]
    fn what_begins_like_a_line_and_is_none_is_broken_and_the_rest_is_others() {
        for text in [
            &LINE[..40],
            r#"{"misrule":"armed","experiment":"a"}"#,
            &format!("2026-12-01T09:00:00.000Z {}", &LINE[..50]),
            r#"{"message":"{\"misrule\":\"halt"#,
        ] {
            assert_eq!(Message::of(text), Message::Broken, "{text}");
        }
        for text in ["", "x-misrule: a/b", r#"{"headers":{"x-misrule":"a/b"}}"#, "misrule", "{", r#"{"misrule":7}"#] {
            assert_eq!(Message::of(text), Message::Other, "{text}");
        }
        let said = "misrule-wrapper: nobody answers on port 9117";
        assert_eq!(Message::of(said), Message::Wrapper("nobody answers on port 9117".into()));
    }

    #[test]
    fn a_prefix_may_name_the_log_stream() {
        let latest = "2026/12/01/[$LATEST]0a1b";
        assert_eq!(stream_before(&format!("2026-12-01T09:00:00+00:00 {latest} {LINE}")), Some(latest));
        assert_eq!(stream_before("2026/12/01/health[7]0a1b START RequestId: 1"), Some("2026/12/01/health[7]0a1b"));
        assert_eq!(stream_before(&format!("2026-12-01T09:00:00Z {LINE}")), None);
        assert_eq!(stream_before(r#"{"a":"2026/12/01/[1]0a1b "}"#), None);
    }
}
