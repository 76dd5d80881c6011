//! The demo's page, and what it says of wrong options. What it shows is seen by the system's tests.

use crate::session::Session;

#[test]
fn demo_has_a_page() {
    assert_eq!(
        Session::new().misrule("demo -h"),
        r"exit 0
See an experiment at work, on this machine

Usage: misrule demo [OPTIONS]

Options:
      --broken          Let two clients bypass DNS: the hypothesis does not hold
      --picture <FILE>  Where to draw the timeline, as SVG; by default misrule-demo.svg, under target/ for `cargo demo`
  -q, --quiet           Say nothing but errors
  -v, --verbose         Say more: each step on the way
  -h, --help            Print help (see more with '--help')
----
"
    );
}

#[test]
fn a_picture_that_cannot_be_written_is_refused_before_anything_starts() {
    let session = Session::new().file("file", "");
    for (place, because) in [
        ("nowhere/demo.svg", "No such file or directory (os error 2)"),
        ("file/demo.svg", "not a directory"),
        (".", "is a directory"),
    ] {
        assert_eq!(
            session.misrule(&format!("demo --picture {place}")),
            format!(
                "exit 1\n----\nerror: cannot write the picture to `{place}`\n  because: {because}\nhint: name a file in a folder \
                 that is there, with --picture\n"
            )
        );
    }
}

#[test]
fn an_option_that_is_none_is_refused() {
    let said = Session::new().misrule("demo --broke");
    assert!(said.starts_with("exit 2\n----\nerror: unexpected argument '--broke' found\n"), "{said}");
    assert!(said.contains("tip: a similar argument exists: '--broken'"), "{said}");
}
