use std::io::Write as _;

use super::*;

/// What was read, as text: `stream: text`, or `bad`.
#[derive(Default)]
struct Kept(Vec<String>);

impl Sink for Kept {
    fn event(&mut self, event: Event<'_>) {
        self.0.push(format!("{}: {}", event.stream.unwrap_or("-"), event.text));
    }

    fn bad(&mut self) {
        self.0.push("bad".to_owned());
    }
}

fn kept(content: impl AsRef<[u8]>) -> Vec<String> {
    let mut kept = Kept::default();
    read(content.as_ref(), None, &mut kept).unwrap();
    kept.0
}

#[test]
fn lines_are_events_and_may_name_their_stream() {
    let log = "{\"misrule\":\"a\"}\r\nSTART\n\n2026-12-01T09:00:00 2026/12/01/[1]aa {\"misrule\":\"b\"}\n[INFO]\tlast";
    let tail = "2026/12/01/[1]aa: 2026-12-01T09:00:00 2026/12/01/[1]aa {\"misrule\":\"b\"}";
    assert_eq!(kept(log), ["-: {\"misrule\":\"a\"}", "-: START", "-: ", tail, "-: [INFO]\tlast"]);
    assert!(kept("").is_empty());
}

#[test]
fn a_line_larger_than_any_event_is_bad_and_the_next_is_read() {
    let log = format!("{}\nsmall\n{}", "x".repeat(MAX_EVENT + 1), "y".repeat(MAX_EVENT));
    let read = kept(log);
    assert_eq!((read.len(), read[0].as_str(), read[1].as_str()), (3, "bad", "-: small"));
    assert_eq!(read[2].len(), MAX_EVENT + 3);
}

#[test]
fn answers_of_cloudwatch_logs_are_events() {
    let filtered = r#"{
        "events": [
            { "logStreamName": "s1", "timestamp": 1, "message": "one\n", "ingestionTime": 2, "eventId": "3" },
            { "logStreamName": "s2", "timestamp": 1, "message": "two" },
            { "timestamp": 1 }
        ],
        "searchedLogStreams": []
    }"#;
    assert_eq!(kept(filtered), ["s1: one", "s2: two", "bad"]);
    let got = r#"{"nextForwardToken":"f/1","events":[{"timestamp":1,"message":"one","ingestionTime":2}],"nextBackwardToken":"b/1"}"#;
    assert_eq!(kept(got), ["-: one"]);
    assert_eq!(kept(format!("{got}\n{filtered}")), ["-: one", "s1: one", "s2: two", "bad"], "page after page");
    assert_eq!(kept(r#"[{"message":"one","logStreamName":"s1"}]"#), ["s1: one"], "--query events");
    assert_eq!(kept(&filtered[..160]), ["s1: one", "bad"], "cut off");
}

#[test]
fn results_of_a_query_are_put_in_order() {
    let row = |time: &str, message: &str| {
        format!(
            r#"[{{"field":"@timestamp","value":"2026-12-01 09:00:0{time}.000"}},{{"field":"@message","value":"{message}"}},
               {{"field":"@logStream","value":"s"}},{{"field":"@ptr","value":"x"}}]"#
        )
    };
    let (newer, b, a) = (row("2", "c"), row("1", "b"), row("1", "a"));
    let answer = format!(r#"{{"results":[{newer},{b},{a}],"statistics":{{"bytesScanned":1.0}},"status":"Complete"}}"#);
    assert_eq!(kept(answer), ["s: a", "s: b", "s: c"]);
    let console = r#"[{"@timestamp":"2026-12-01 09:00:01.000","@message":{"misrule":"b"},"@logStream":"s"},
                      {"@timestamp":"2026-12-01 09:00:00.000","@message":"a"}]"#;
    assert_eq!(kept(console), ["-: a", "s: {\"misrule\":\"b\"}"]);
}

#[test]
fn csv_of_the_console_is_read_with_its_quotes() {
    let insights = "@timestamp,@message,@logStream\n2026-12-01 09:00:01.000,\"{\"\"misrule\"\":\"\"b\"\",\"\"c\"\":1}\n\",s\n2026-12-01 09:00:00.000,a,s\n";
    assert_eq!(kept(insights), ["s: a", "s: {\"misrule\":\"b\",\"c\":1}"]);
    let events = "timestamp,message\r\n1733043600000,\"START RequestId: 1\n\"\r\n1733043600001,\"broken";
    assert_eq!(kept(events), ["-: START RequestId: 1", "-: broken"]);
    assert_eq!(kept("\"@timestamp\",\"@message\"\n1"), ["bad"], "a row without a message");
}

#[test]
fn packed_exports_have_the_stream_of_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let stream = folder.path().join("2026-12-01-[$LATEST]aa");
    std::fs::create_dir(&stream).unwrap();
    let path = stream.join("000000.gz");
    let mut packed = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
    packed.write_all(b"2026-12-01T09:00:00.000Z START RequestId: 1 Version: 3\n").unwrap();
    packed.finish().unwrap();
    let mut kept = Kept::default();
    Input::File(path).read(&mut kept).unwrap();
    assert_eq!(kept.0, ["2026-12-01-[$LATEST]aa: 2026-12-01T09:00:00.000Z START RequestId: 1 Version: 3"]);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let error = Input::File("no/such.log".into()).read(&mut Kept::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read `no/such.log`");
}
