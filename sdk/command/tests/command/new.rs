use std::process::Command;

use crate::session::{Session, target_folder};

#[test]
fn a_new_crate_builds_and_passes_its_own_tests_outside_any_checkout() {
    let session = Session::new();
    assert_eq!(
        session.misrule("new slow-checkout"),
        "exit 0\nslow-checkout\n----\n\
         made the policy `slow-checkout`: edit src/lib.rs, then `cargo test` and `misrule build` there\n"
    );
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--offline", "--quiet"]).env("CARGO_TARGET_DIR", target_folder());
    let run = session.run(&mut cargo, "slow-checkout");
    assert_eq!(run.exit, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("test result: ok. 1 passed"), "{}", run.stdout);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn another_folder_may_be_named_and_may_be_there_if_it_is_empty() {
    let session = Session::new();
    std::fs::create_dir(session.path("here")).unwrap();
    let told = session.misrule("new outage --path here --quiet");
    assert_eq!(told, "exit 0\nhere\n----\n");
    assert!(session.path("here/src/lib.rs").is_file());
    assert!(session.path("here/.misrule/sdk/wit/policy.wit").is_file());
}

#[test]
fn what_is_there_is_left_alone() {
    let session = Session::new().file("outage/notes.txt", "mine").file("file", "mine");
    assert_eq!(
        session.misrule("new outage"),
        "exit 1\n----\nerror: `outage` exists and is not empty\nhint: choose another folder with `--path`\n"
    );
    assert_eq!(
        session.misrule("new outage --path file"),
        "exit 1\n----\nerror: `file` exists and is no folder\nhint: choose another folder with `--path`\n"
    );
    assert_eq!(std::fs::read_dir(session.path("outage")).unwrap().count(), 1);
}

#[test]
fn a_name_that_is_none_is_refused() {
    assert_eq!(
        Session::new().misrule("new Brownout"),
        "exit 1\n----\nerror: the crate name `Brownout` starts with `B`, not with a lower-case letter\n\
         hint: use lower-case letters, digits, `-` and `_`, a letter first: `slow-checkout`\n"
    );
}

#[test]
fn a_name_that_is_taken_is_refused_with_one_that_is_free() {
    assert_eq!(
        Session::new().misrule("new std"),
        "exit 1\n----\nerror: the crate name `std` is taken: rustc, cargo or the SDK use it\nhint: add a word: `std-outage`\n"
    );
}
