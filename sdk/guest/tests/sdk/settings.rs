//! What `#[derive(Settings)]` reads, and how it tells mistakes.

use std::time::Duration;

use misrule_sdk::settings::{Field, Shape, Word};
use misrule_sdk::{PathTemplate, Pattern, Policy, Settings, Table, Window, testing};

#[derive(Debug, PartialEq, Settings)]
struct Everything {
    /// Some text,
    /// over two lines.
    text: String,
    flag: bool,
    small: u8,
    signed: i64,
    ratio: f64,
    delay: Duration,
    #[settings(default)]
    paths: Vec<PathTemplate>,
    pattern: Option<Pattern>,
    nested: Nested,
    #[settings(default = Speed::VerySlow)]
    speed: Speed,
    #[settings(default)]
    headers: Table<String>,
    /// The names of Rust's keywords, and of the derive's own variables, are names like others.
    #[settings(default)]
    r#type: Option<u16>,
    reader: Option<u16>,
}

#[derive(Debug, PartialEq, Settings)]
struct Nested {
    list: Vec<Inner>,
}

#[derive(Debug, PartialEq, Settings)]
struct Inner {
    count: usize,
}

#[derive(Debug, PartialEq, Settings)]
enum Speed {
    /// Hardly moving.
    VerySlow,
    Fast,
}

impl Policy for Everything {}

#[derive(Debug, Settings)]
struct Nothing;

impl Policy for Nothing {}

const COMPLETE: &str = r#"{
    "text": "a", "flag": true, "small": 255, "signed": -9007199254740992, "ratio": 0.25, "delay": "1m30s",
    "paths": ["/a/{b}"], "pattern": "^a+$", "nested": { "list": [{ "count": 1 }, { "count": 2 }] }, "speed": "fast",
    "headers": { "a/b~c": "1", "d": "2" }, "type": 7, "reader": 8
}"#;

fn mistakes<P: Policy>(settings: &str) -> String {
    testing::configure::<P>(settings).map(drop).unwrap_err()
}

#[test]
fn every_type_reads_back() {
    let read = testing::configure::<Everything>(COMPLETE).unwrap();
    let Everything { text, flag, small, signed, ratio, delay, nested, speed, headers, r#type, reader, .. } =
        read.policy();
    assert_eq!((text.as_str(), *flag, *small, *signed, *ratio), ("a", true, 255, -9_007_199_254_740_992, 0.25));
    assert_eq!((*delay, r#type, reader, speed), (Duration::from_secs(90), &Some(7), &Some(8), &Speed::Fast));
    assert_eq!(nested.list, [Inner { count: 1 }, Inner { count: 2 }]);
    let headers: Vec<_> = headers.iter().collect();
    assert_eq!(headers, [("a/b~c", &"1".to_owned()), ("d", &"2".to_owned())]);
}

#[test]
fn absent_fields_take_their_defaults() {
    let settings = r#"{ "text": "", "flag": false, "small": 0, "signed": 0, "ratio": 1, "delay": "0s",
                        "nested": { "list": [] }, "reader": null }"#;
    let read = testing::configure::<Everything>(settings).unwrap();
    let Everything { paths, pattern, speed, headers, r#type, reader, .. } = read.policy();
    assert_eq!((paths.len(), pattern, speed, r#type, reader), (0, &None, &Speed::VerySlow, &None, &None));
    assert!(headers.is_empty());
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let settings = r#"{
        "text": null, "flag": "yes", "small": 256, "signed": 1.5, "ratio": [], "delay": "5", "pattern": "(",
        "paths": ["/a", 5], "nested": { "list": [{ "count": -1 }, {}, 3], "lists": 0 }, "speed": "slow",
        "headers": { "a": {} }, "more": true
    }"#;
    let expected = [
        "unknown setting `more`; known: text, flag, small, signed, ratio, delay, paths, pattern, nested, speed, headers, \
         type, reader",
        "`text`: expected text, found null",
        "`flag`: expected true or false, found a text",
        "`small`: expected a whole number from 0 to 255, found a larger one",
        "`signed`: expected a whole number from -9007199254740992 to 9007199254740992, found a fraction",
        "`ratio`: expected a number, found an array",
        "`delay`: expected a duration such as 250ms, 5s or 1m30s, found a text",
        "`paths[1]`: expected a path template, found a number",
        "unknown setting `nested.lists`; known: list",
        "`nested.list[0].count`: expected a whole number from 0 to 4294967295, found a smaller one",
        "missing setting `nested.list[1].count`",
        "`nested.list[2]`: expected an object, found a number",
        "`speed`: expected one of very-slow, fast, found a text",
        "`headers.a`: expected text, found an object",
    ];
    let found = mistakes::<Everything>(settings);
    let found: Vec<_> = found.lines().filter(|line| !line.starts_with("`pattern`")).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_malformed_pattern_is_refused_when_the_settings_are_read() {
    #[derive(Debug, Settings)]
    struct One {
        pattern: Pattern,
    }
    impl Policy for One {}
    assert!(mistakes::<One>(r#"{ "pattern": "(" }"#).starts_with("`pattern`: "));
    let one = testing::configure::<One>(r#"{ "pattern": "^a+$" }"#).unwrap();
    assert_eq!(one.policy().pattern.as_ref(), "^a+$");
}

#[test]
fn settings_are_an_object() {
    assert_eq!(mistakes::<Everything>("[]"), "the settings: expected an object, found an array");
    assert_eq!(mistakes::<Nothing>(r#"{ "a": 1 }"#), "unknown setting `a`; there are none");
    assert!(testing::configure::<Nothing>("{}").is_ok());
}

#[test]
fn no_mistake_repeats_what_stood_in_its_place() {
    #[derive(Debug, Settings)]
    #[expect(dead_code, reason = "only its mistakes are looked at")]
    struct Guarded {
        flag: bool,
        small: u8,
        delay: Duration,
        speed: Speed,
        path: PathTemplate,
        pattern: Pattern,
        window: Window,
    }
    impl Policy for Guarded {}
    let settings = |value: &str| {
        let flat = ["flag", "small", "delay", "speed", "path", "pattern"].map(|name| format!(r#""{name}": {value}"#));
        let window = format!(r#"{{ "days": [{value}], "from": {value}, "to": {value}, "zone": {value} }}"#);
        format!(r#"{{ {}, "window": {window} }}"#, flat.join(", "))
    };
    for (value, secret) in [(r#""(7391""#, "7391"), ("7391", "7391"), ("-7391.5", "7391")] {
        let said = mistakes::<Guarded>(&settings(value));
        assert_eq!((said.lines().count(), said.contains(secret)), (10, false), "{said}");
    }
}

impl Policy for Inner {}

#[test]
fn the_shape_keeps_names_words_and_doc_comments() {
    let Shape::Object(fields) = Everything::SHAPE else { panic!("a struct is an object") };
    let doc = "Some text, over two lines.";
    let text = Field { name: "text", doc, default: None, required: true, shape: Shape::Text };
    assert_eq!(fields[0], text);
    let optional: Vec<_> = fields.iter().filter(|field| !field.required).map(|field| field.name).collect();
    assert_eq!(optional, ["paths", "pattern", "speed", "headers", "type", "reader"]);
    const WORDS: &[Word] = &[Word { name: "very-slow", doc: "Hardly moving." }, Word { name: "fast", doc: "" }];
    assert_eq!(Speed::SHAPE, Shape::Word(WORDS));
}

#[test]
fn a_check_has_the_last_word() {
    #[derive(Debug, Settings)]
    struct Range {
        min: u8,
        max: u8,
    }
    impl Policy for Range {
        fn check(&self) -> Result<(), String> {
            if self.min <= self.max { Ok(()) } else { Err("`min` is above `max`".to_owned()) }
        }
    }
    assert_eq!(mistakes::<Range>(r#"{ "min": 2, "max": 1 }"#), "`min` is above `max`");
    assert_eq!(mistakes::<Range>(r#"{ "min": 2 }"#), "missing setting `max`");
}
