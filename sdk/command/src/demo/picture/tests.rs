use super::super::history::tests::history;
use super::super::history::{Change, History};
use super::super::judgement::tests::experience;
use super::canvas::{LETTER, SIZE};
use super::*;
use std::time::Duration;

/// An outage from 2 to 12 s: two clients move, one is pinned where `pinned` says so.
fn drawn(pinned: bool, seconds: [u64; 4]) -> String {
    let us = ["uuxeeeeeeeeeeuu", "uuxxeeeeeeeeeuu", if pinned { "uuxxxxxxxxxxxuu" } else { "uuxxeeeeeeeeeuu" }];
    let mut history: History = history(&us, &["eeeeeeeeeeeeeee"; 6]);
    let change = |at, health| Change { at: Duration::from_secs(at), region: Region::Us, health };
    history.changes = vec![change(seconds[1], Health::Unhealthy), change(seconds[2] + 1, Health::Healthy)];
    let experience = experience(history, seconds);
    draw(&experience, &judgement::findings(&experience), "Every client reaches the EU <& says so>.")
}

/// The value of an attribute.
fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    element.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"')).unwrap().0
}

/// Each text, and the box that it fills: left, top, right, bottom.
fn texts(picture: &str) -> Vec<(String, [f64; 4])> {
    let elements = picture.lines().filter(|line| line.starts_with("<text "));
    let boxed = |element: &str| {
        let (_, text) = element.split_once('>').unwrap();
        let text = text.trim_end_matches("</text>").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let size = if attribute(element, "class") == "title" { 18.0 } else { SIZE };
        let (x, y): (f64, f64) = (attribute(element, "x").parse().unwrap(), attribute(element, "y").parse().unwrap());
        let width = text.chars().count() as f64 * LETTER * size;
        let left = match attribute(element, "text-anchor") {
            "start" => x,
            "middle" => x - width / 2.0,
            _ => x - width,
        };
        (text, [left, y - 0.75 * size, left + width, y + 0.2 * size])
    };
    elements.map(boxed).collect()
}

#[test]
fn no_text_overlaps_another_or_leaves_the_picture() {
    for picture in [drawn(false, [1, 2, 12, 15]), drawn(true, [1, 2, 12, 15]), drawn(true, [2, 2, 13, 14])] {
        let height: f64 = attribute(picture.lines().next().unwrap(), "height").parse().unwrap();
        let texts = texts(&picture);
        assert!(texts.len() > 25, "{}", texts.len());
        for (index, (text, a)) in texts.iter().enumerate() {
            assert!(a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= WIDTH && a[3] <= height, "{text}: {a:?}");
            for (other, b) in &texts[index + 1..] {
                let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                assert!(apart, "`{text}` {a:?} and `{other}` {b:?}");
            }
        }
    }
}

#[test]
fn the_verdict_and_each_moment_are_named() {
    let held: Vec<_> = texts(&drawn(false, [1, 2, 12, 15])).into_iter().map(|(text, _)| text).collect();
    for text in
        ["us-region-outage: the hypothesis held", "steady state", "outage", "recovery", "the last client is in the EU"]
    {
        assert!(held.iter().any(|there| there == text), "{text} in {held:?}");
    }
    let broken: Vec<_> = texts(&drawn(true, [1, 2, 12, 15])).into_iter().map(|(text, _)| text).collect();
    assert!(broken[0].ends_with("the hypothesis does not hold"), "{}", broken[0]);
    assert!(!broken.iter().any(|text| text == "the last client is in the EU"), "it never was");
}

#[test]
fn a_regions_health_is_drawn_from_change_to_change() {
    let picture = drawn(false, [1, 2, 12, 15]);
    let bands = picture.lines().filter(|line| line.starts_with("<rect ") && line.contains("height=\"22.0\""));
    let classes: Vec<_> = bands.map(|band| attribute(band, "class")).collect();
    assert_eq!(classes, ["healthy", "unhealthy", "healthy", "healthy"]);
}

#[test]
fn what_is_written_is_escaped() {
    assert!(drawn(false, [1, 2, 12, 15]).contains("Every client reaches the EU &lt;&amp; says so&gt;."));
}
