//! When a window is open.

use misrule_sdk::testing::{self, Event};
use misrule_sdk::{Fault, Invocation, Plan, Policy, Settings, Window};

#[derive(Debug, Settings)]
struct Windowed {
    window: Window,
}

impl Policy for Windowed {
    fn before(&self, invocation: &Invocation) -> Plan {
        if self.window.contains(invocation) { Fault::hang() } else { Plan::none() }
    }
}

#[track_caller]
fn assert_open(window: &str, instants: &[(&str, bool)]) {
    let windowed = testing::configure::<Windowed>(&format!(r#"{{ "window": {window} }}"#)).unwrap();
    for (instant, open) in instants {
        assert_eq!(!windowed.before(&Event::get("/").at(instant)).is_empty(), *open, "{window} at {instant}");
    }
}

fn mistakes(window: &str) -> String {
    testing::configure::<Windowed>(&format!(r#"{{ "window": {window} }}"#)).map(drop).unwrap_err()
}

#[test]
fn a_window_is_open_from_its_first_minute_to_before_its_last() {
    assert_open(
        r#"{ "days": ["mon", "fri"], "from": "09:00", "to": "17:30", "zone": "Europe/Paris" }"#,
        &[
            ("2026-01-05T08:59:59.999+01:00", false),
            ("2026-01-05T09:00:00+01:00", true),
            ("2026-01-05T17:29:59.999+01:00", true),
            ("2026-01-05T17:30:00+01:00", false),
            ("2026-01-06T12:00:00+01:00", false),
            ("2026-01-09T12:00:00+01:00", true),
        ],
    );
}

#[test]
fn a_window_that_crosses_midnight_belongs_to_the_day_on_which_it_begins() {
    assert_open(
        r#"{ "days": ["sun"], "from": "22:00", "to": "06:00", "zone": "UTC" }"#,
        &[
            ("2026-01-04T05:59:00Z", false),
            ("2026-01-04T22:00:00Z", true),
            ("2026-01-05T05:59:59Z", true),
            ("2026-01-05T06:00:00Z", false),
            ("2026-01-05T22:00:00Z", false),
        ],
    );
}

#[test]
fn days_and_times_may_be_left_out() {
    assert_open(
        r#"{ "days": ["sat"], "zone": "Asia/Tokyo" }"#,
        &[("2026-01-09T14:59:59Z", false), ("2026-01-09T15:00:00Z", true), ("2026-01-10T15:00:00Z", false)],
    );
    assert_open(
        r#"{ "from": "12:00", "zone": "UTC" }"#,
        &[("2026-01-05T11:59:59Z", false), ("2026-01-05T23:59:59Z", true), ("2026-01-06T00:00:00Z", false)],
    );
    assert_open(r#"{ "from": "12:00", "to": "00:00", "zone": "UTC" }"#, &[("2026-01-05T23:59:59Z", true)]);
    assert_open(r#"{ "zone": "UTC" }"#, &[("2026-01-05T00:00:00Z", true), ("2026-01-11T23:59:59Z", true)]);
}

#[test]
fn clocks_on_the_wall_count_where_summer_time_begins_and_ends() {
    assert_open(
        r#"{ "from": "02:00", "to": "03:00", "zone": "Europe/Paris" }"#,
        &[
            ("2026-03-29T00:59:59Z", false),
            ("2026-03-29T01:00:00Z", false),
            ("2026-10-25T00:30:00Z", true),
            ("2026-10-25T01:30:00Z", true),
            ("2026-10-25T02:00:00Z", false),
        ],
    );
}

#[test]
fn a_window_that_cannot_be_is_refused() {
    let time = "expected a time of day such as 09:00, up to 24:00, found a text";
    for wrong in ["9:00", "09:60", "24:01", "noon", "09-00", "+9:00", "09:0é"] {
        let said = mistakes(&format!(r#"{{ "from": "{wrong}", "zone": "UTC" }}"#));
        assert_eq!(said, format!("`window.from`: {time}"), "{wrong}");
    }
    let apart = "`window`: expected a `from` before 24:00, and a `to` that differs from it";
    assert_eq!(mistakes(r#"{ "from": "09:00", "to": "09:00", "zone": "UTC" }"#), apart);
    assert_eq!(mistakes(r#"{ "from": "24:00", "to": "09:00", "zone": "UTC" }"#), apart);
    assert_eq!(mistakes("{}"), "missing setting `window.zone`");
    let day = "`window.days[0]`: expected one of mon, tue, wed, thu, fri, sat, sun, found a text";
    assert_eq!(mistakes(r#"{ "days": ["monday"], "zone": "UTC" }"#), day);
}
