//! `misrule report` as people meet it. What it counts is tested beside its code.

use crate::session::Session;

const ABOUT: &str = r#""request_id":"r-1","experiment":"outage","version":"v3","policy":"path-outage","hook":"before""#;

fn log() -> String {
    let line = |kind: &str, fields: &str| {
        format!("{{\"misrule\":\"{kind}\",\"time\":\"2026-12-01T09:00:00.000Z\",\"level\":\"info\",{fields}}}\n")
    };
    let armed = r#""experiment":"outage","version":"v3","policies":[{"policy":"path-outage","policy_digest":"00"}],"expires":"2026-12-01T10:00:00Z","took_ms":3"#;
    [
        line("start", r#""layer":"0.1.0","port":9117,"dry_run":false,"function":"health""#),
        line("armed", armed),
        "START RequestId: r-1 Version: $LATEST\n".to_owned(),
        line("injected", &format!(r#"{ABOUT},"faults":["respond-http"],"seed":"00ff","decision_us":9"#)),
        "START RequestId: r-2 Version: $LATEST\n".to_owned(),
        "{\"misrule\":\"inj\n".to_owned(),
        "the function's own\n".to_owned(),
    ]
    .concat()
}

#[test]
fn a_log_becomes_a_table() {
    assert_eq!(
        Session::new().file("health.log", log()).misrule("report health.log"),
        r"exit 0
outage, version v3: touched 1 of 2 invocations (50.0 %)
  armed in 1 of 1 environment, first at 2026-12-01T09:00:00.000Z
  acted at 2026-12-01T09:00:00.000Z

policy       environment  armed  invocations  acted  would have  cut  refused  failed  forbidden  ended   share  delay  median  p99  max
----------------------------------------------------------------------------------------------------------------------------------------
path-outage  health.log       1            2      1           0    0        0       0          0      0  50.0 %      -       -    -    -
----
read 7 log events: 3 of the layer, 2 of Lambda
left out 1 that cannot be understood: cut off, or too large
"
    );
}

#[test]
fn a_log_becomes_data() {
    let said = Session::new().file("health.log", log()).misrule("-q report health.log --json");
    let json = said.strip_prefix("exit 0\n").unwrap().strip_suffix("----\n").unwrap();
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(report["experiments"][0]["policies"][0]["environments"][0]["environment"], "health.log");
    assert_eq!(report["experiments"][0]["share"], 0.5);
}

#[test]
fn a_log_of_somebody_else_is_named_with_the_next_step() {
    let session = Session::new().file("other.log", "hello\n").file("empty.log", "");
    assert_eq!(
        session.misrule("report other.log empty.log"),
        r"exit 1
----
`other.log`: none of its 1 log events is the layer's or Lambda's
`empty.log`: none of its 0 log events is the layer's or Lambda's
error: no line of the layer's or of Lambda's is in `other.log`, `empty.log`
hint: give the function's whole log, for example: aws logs filter-log-events --log-group-name /aws/lambda/FUNCTION --output json | misrule report -
"
    );
}

#[test]
fn a_log_that_is_not_there_is_named() {
    assert_eq!(
        Session::new().misrule("report no.log"),
        r"exit 1
----
error: cannot read `no.log`
  because: No such file or directory (os error 2)
"
    );
}

#[test]
fn a_log_that_is_given_twice_counts_once() {
    let session = Session::new().file("health.log", log());
    let (once, twice) = (session.misrule("report health.log"), session.misrule("report health.log ./health.log"));
    let warning = "warning: `./health.log` is given twice: it is counted once\n";
    assert!(twice.contains(warning), "{twice}");
    assert_eq!(twice.replace(warning, ""), once);
}

#[test]
fn what_is_no_file_of_text_is_named_with_the_next_step() {
    let session = Session::new().file("logs/health.log", log()).file("wide.log", "\u{0}");
    let utf16: Vec<u8> = log().encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(session.path("wide.log"), [&[0xff, 0xfe][..], &utf16].concat()).unwrap();
    assert_eq!(
        session.misrule("report logs"),
        r"exit 1
----
error: cannot read `logs`
  because: Is a directory (os error 21)
hint: give the files in it, for example logs/*/*.gz
"
    );
    assert_eq!(
        session.misrule("report wide.log"),
        r"exit 1
----
error: `wide.log` is UTF-16 text
hint: convert it: iconv -f UTF-16 -t UTF-8 wide.log
"
    );
}

#[test]
fn report_has_a_page() {
    assert_eq!(
        Session::new().misrule("report -h"),
        r"exit 0
Say what happened, out of a function's log

Usage: misrule report [OPTIONS] <LOG>...

Arguments:
  <LOG>...  Files with log lines; `-` is standard input

Options:
      --experiment <NAME>  Report on this experiment only
      --json               Write the report as JSON
  -q, --quiet              Say nothing but errors
  -v, --verbose            Say more: each step on the way
  -h, --help               Print help (see more with '--help')
----
"
    );
}
