use std::fs;
use std::path::Path;

use misrule_engine::digest::Digest;
use serde_json::Value;

use crate::session::Session;

/// The workspace's folder.
fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent).unwrap()
}

fn latency() -> &'static [u8] {
    misrule_policies::component("latency").unwrap()
}

fn as_json(session: &Session, arguments: &str) -> Value {
    let told = session.misrule(&format!("inspect {arguments} --json -q"));
    let json = told.strip_prefix("exit 0\n").and_then(|rest| rest.strip_suffix("----\n"));
    serde_json::from_str(json.unwrap_or(&told)).unwrap()
}

/// A component that was not built again after a change fails here, on machines that cannot build it too.
#[test]
fn each_ready_made_component_was_compiled_of_the_source_here() {
    for policy in misrule_policies::READY_MADE {
        let session = Session::new().file("policy.wasm", policy.component);
        let told = session.misrule(&format!("inspect policy.wasm --source {}", checkout().display()));
        assert!(told.starts_with("exit 0\n"), "{}: {told}", policy.name);
    }
}

#[test]
fn a_component_of_other_source_is_told_apart() {
    let session = Session::new().file("latency.wasm", latency());
    let known = as_json(&session, "latency.wasm");
    let files = known["provenance"]["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap());
    let copied = files
        .chain(["Cargo.lock"])
        .fold(session, |session, file| session.file(&format!("copy/{file}"), fs::read(checkout().join(file)).unwrap()));
    assert!(copied.misrule("inspect latency.wasm --source copy").starts_with("exit 0\n"));
    let changed = copied.file("copy/policies/latency/src/lib.rs", "");
    assert_eq!(
        changed.misrule("inspect latency.wasm --source copy"),
        "exit 1\n----\nerror: `latency.wasm` was not compiled of the source in `copy`\n\
         hint: `misrule build` compiles it again\n"
    );
    fs::remove_file(changed.path("copy/policies/latency/src/lib.rs")).unwrap();
    assert_eq!(
        changed.misrule("inspect latency.wasm --source copy"),
        "exit 1\n----\nerror: `latency.wasm` was not compiled of the source in `copy`\n  \
         because: cannot read `copy/policies/latency/src/lib.rs`\n  \
         because: No such file or directory (os error 2)\nhint: `misrule build` compiles it again\n"
    );
}

#[test]
fn what_there_is_to_know_is_said() {
    let session = Session::new().file("latency.wasm", latency());
    let told = session.misrule("inspect latency.wasm");
    let rustc = as_json(&session, "latency.wasm")["provenance"]["rustc"].as_str().unwrap().to_owned();
    for line in [
        &format!("digest    sha256 {}", Digest::of(latency())),
        "hooks     depend on its settings: give some with `--settings`",
        "uses      faults: because, delay, forbid",
        &format!("compiler  {rustc}, misrule-sdk {}", env!("CARGO_PKG_VERSION")),
        "settings",
        "  leave              duration",
        "  log_normal.median  duration, required",
        "                     Half of the delays are shorter.",
        "  paths              list of path template",
    ] {
        assert!(told.lines().any(|found| found == line), "{line}\n{told}");
    }
    assert!(told.contains(&format!("\nbytes     {}: code ", latency().len())), "{told}");
}

#[test]
fn a_setting_is_told_with_its_default() {
    let session = Session::new();
    let told = session.misrule("inspect path-outage");
    for line in [
        "  status       whole number from 0 to 65535, default 503",
        "  body         text, default \"\"",
        "  window.from  time of day, default \"00:00\"",
        "  window.zone  time zone, required",
        "  methods      list of text",
    ] {
        assert!(told.lines().any(|found| found == line), "{line}\n{told}");
    }
}

#[test]
fn settings_are_tried_as_a_layer_would() {
    let session = Session::new().file("latency.wasm", latency());
    assert_eq!(as_json(&session, r#"latency.wasm --settings {"delay":"1s"}"#)["hooks"], serde_json::json!(["before"]));
    assert_eq!(
        session.misrule(r#"inspect latency.wasm --settings {"delay":5,"path":[]}"#),
        "exit 1\n----\nerror: `latency.wasm`\n  because: it refuses its settings: unknown setting `path`; known: delay, \
         uniform, log_normal, leave, paths, methods\n    \
         `delay`: expected a duration such as 250ms, 5s or 1m30s, found a number\n\
         hint: without `--settings` this command lists what it knows\n"
    );
    assert_eq!(
        session.misrule("inspect latency.wasm --settings {"),
        "exit 1\n----\nerror: the settings are no JSON\n  because: EOF while parsing an object at line 1 column 1\n"
    );
}

#[test]
fn json_carries_the_schema_and_the_provenance() {
    let session = Session::new().file("latency.wasm", latency());
    let known = as_json(&session, "latency.wasm");
    assert_eq!(known["settings"]["properties"]["leave"]["anyOf"][0]["title"], "duration");
    assert_eq!(known["bytes"]["total"], latency().len());
    assert_eq!(known["hooks"], Value::Null);
    assert_eq!(known["uses"]["chance"], serde_json::json!(["uniform"]));
    let files = known["provenance"]["files"].as_array().unwrap();
    for file in ["policies/latency/src/distribution.rs", "sdk/macros/src/lib.rs", "sdk/wit/policy.wit"] {
        assert!(files.iter().any(|found| found == file), "{file}\n{files:?}");
    }
    assert!(!files.iter().any(|found| found == "policies/latency/src/tests.rs"), "{files:?}");
}

#[test]
fn a_ready_made_policy_goes_by_its_name() {
    let session = Session::new().file("latency.wasm", latency());
    assert_eq!(session.misrule("inspect latency"), session.misrule("inspect latency.wasm"));
    let file = session.file("latency", "no component");
    assert!(file.misrule("inspect latency").starts_with("exit 1\n"), "a file of that name comes first");
}

/// Made by another tool, or stripped: a layer takes it all the same.
#[test]
fn a_component_without_our_sections_is_said_to_have_none() {
    let name = b"misrule:settings";
    let at = latency().windows(name.len()).position(|window| window == name).unwrap();
    // Before the name: the section's id, two bytes of its length, one of the name's.
    let session = Session::new().file("bare.wasm", &latency()[..at - 4]);
    let told = session.misrule("inspect bare.wasm");
    let end = "source    unknown: `misrule build` did not make it\nsettings  unknown: it carries no schema\n----\n";
    assert!(told.starts_with("exit 0\n") && told.ends_with(end), "{told}");
    assert_eq!(
        session.misrule("inspect bare.wasm --source ."),
        "exit 1\n----\nerror: `bare.wasm` does not say what it was compiled of\nhint: `misrule build` compiles it again\n"
    );
}

#[test]
fn what_is_no_policy_is_refused_with_the_reason() {
    let other_world = wat::parse_str("(component)").unwrap();
    let session = Session::new()
        .file("text.wasm", "no component")
        .file("module.wasm", b"\0asm\x01\0\0\0")
        .file("other.wasm", other_world)
        .file("truncated.wasm", &latency()[..latency().len() / 2]);
    let build =
        "hint: `misrule build` makes a policy's component; an experiment is looked at as `misrule bundle` makes it\n";
    for (file, words) in [
        (
            "none.wasm",
            "cannot read `none.wasm`\n  because: No such file or directory (os error 2)\n\
             hint: name a file of a component, a bundle or plain JSON, or a ready-made policy: error, latency, path-outage\n"
                .to_owned(),
        ),
        ("text.wasm", format!("`text.wasm` is no policy\n  because: not WebAssembly\n{build}")),
        (
            "module.wasm",
            format!(
                "`module.wasm` is no policy\n  because: a core WebAssembly module, not a component (`misrule build` \
                 makes one)\n{build}"
            ),
        ),
        (
            "other.wasm",
            format!(
                "`other.wasm` is no policy\n  because: it has no `configure`: not a component of the world \
                 misrule:policy/policy\n{build}"
            ),
        ),
    ] {
        assert_eq!(session.misrule(&format!("inspect {file}")), format!("exit 1\n----\nerror: {words}"), "{file}");
    }
    let told = session.misrule("inspect truncated.wasm");
    let expected = "exit 1\n----\nerror: `truncated.wasm` is no policy\n  because: not a WebAssembly component\n";
    assert!(told.starts_with(expected) && told.ends_with(build), "{told}");
}
