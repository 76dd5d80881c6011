use std::fs;
use std::process::Command;

use crate::session::{Session, skip, target_folder};

const MANIFEST: &str = "[package]\nname = \"p\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";

/// The toolchain that builds policies; where none is named, the one in use must have the target. A test that cannot build
/// is skipped, and says so: whoever has the target sets the variable, and then nothing is skipped.
fn toolchain(test: &str) -> Option<Session> {
    let named = std::env::var_os("MISRULE_WASM_TOOLCHAIN").map(|name| name.into_string().unwrap());
    let session = Session::new().with("CARGO_TARGET_DIR", target_folder().to_str().unwrap());
    if let Some(name) = named {
        return Some(session.with("RUSTUP_TOOLCHAIN", name));
    }
    let mut rustc = Command::new("rustc");
    let run = session.run(rustc.args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]), ".");
    let has_it = fs::read_dir(run.stdout.trim()).is_ok_and(|mut files| files.next().is_some());
    if !has_it {
        skip(test, "no wasm32-unknown-unknown; MISRULE_WASM_TOOLCHAIN names a toolchain that has it");
    }
    has_it.then_some(session)
}

#[test]
fn a_new_crate_becomes_a_component() {
    let Some(session) = toolchain("a_new_crate_becomes_a_component") else { return };
    session.misrule("new outage");
    let told = session.misrule("build --path outage");
    assert!(told.starts_with("exit 0\noutage/outage.wasm\n----\n"), "{told}");
    let component = fs::read(session.path("outage/outage.wasm")).unwrap();
    let digest = misrule_engine::digest::Digest::of(&component);
    assert!(told.contains(&format!("{} bytes, sha256 {digest}\n", component.len())), "{told}");
    assert!(told.contains("uses faults: because, forbid, respond-http"), "{told}");
    assert!(component.len() <= 64 * 1024, "{} bytes", component.len());
    for private in [session.path("outage"), target_folder()] {
        let private = private.to_str().unwrap();
        assert!(!contains(&component, private), "the component names {private}");
    }
}

/// As this toolchain's `std` has it: what it says where it is not supported is no promise of it.
#[test]
fn what_no_layer_has_is_warned_of_where_a_policy_can_reach_it() {
    let Some(session) = toolchain("what_no_layer_has_is_warned_of_where_a_policy_can_reach_it") else { return };
    session.misrule("new clocked");
    let source = "use misrule_sdk::{Fault, Invocation, Plan, Policy, Settings};\nuse std::{fs, thread, time};\n\
                  #[derive(Settings)] struct Clocked {}\nimpl Policy for Clocked {\n\
                  fn before(&self, _: &Invocation) -> Plan {\n\
                  if fs::exists(\"/tmp/a\").is_ok() { thread::sleep(time::Duration::from_secs(1)); }\n\
                  if time::SystemTime::now().elapsed().is_ok() { return Fault::respond(503); }\n\
                  Plan::none() } }\nmisrule_sdk::export!(Clocked);\n";
    let session = session.file("clocked/src/lib.rs", source);
    let warnings = "warning: the policy can reach `SystemTime::now` or `Instant::now`, which trap in a layer: ask \
                    `invocation.started_at()`\n\
                    warning: the policy can reach `thread::sleep`, which traps in a layer: return `Fault::delay`\n\
                    warning: the policy can reach files, sockets, processes or threads of `std`, which always fail in a \
                    layer: have the experiment give it what it needs, as settings\n";
    let told = session.misrule("build --path clocked");
    assert!(told.starts_with("exit 0\n") && told.contains(warnings), "{told}");
    let told = session.misrule("inspect clocked/clocked.wasm");
    assert!(told.starts_with("exit 0\n") && told.ends_with(&format!("----\n{warnings}")), "{told}");
}

#[test]
fn a_policy_that_wants_no_hook_is_refused_where_it_is_tried() {
    let Some(session) = toolchain("a_policy_that_wants_no_hook_is_refused_where_it_is_tried") else { return };
    session.misrule("new idle");
    let source = "use misrule_sdk::{Hooks, Policy, Settings};\n#[derive(Settings)] struct Idle {}\n\
                  impl Policy for Idle { fn hooks(&self) -> Hooks { Hooks::NONE } }\nmisrule_sdk::export!(Idle);\n";
    let session = session.file("idle/src/lib.rs", source);
    let told = session.misrule("build --path idle -q");
    assert!(told.starts_with("exit 0\n"), "{told}");
    assert_eq!(
        session.misrule("inspect idle/idle.wasm --settings {}"),
        "exit 1\n----\nerror: `idle/idle.wasm`\n  because: with these settings it asks for neither `before` nor `after`, so it \
         can never act\nhint: without `--settings` this command lists what it knows\n"
    );
    let told = session.misrule("inspect idle/idle.wasm");
    assert!(told.contains("\nhooks     depend on its settings: give some with `--settings`\n"), "{told}");
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn an_import_outside_the_contract_is_refused() {
    let Some(session) = toolchain("an_import_outside_the_contract_is_refused") else { return };
    let source = "#[link(wasm_import_module = \"env\")] unsafe extern \"C\" { fn gettimeofday(); }\n\
                  #[unsafe(no_mangle)] pub extern \"C\" fn configure() { unsafe { gettimeofday() } }\n";
    let session = session.file("p/Cargo.toml", MANIFEST).file("p/src/lib.rs", source);
    assert_eq!(
        session.misrule("build --path p -q"),
        "exit 1\n----\nerror: the policy imports `gettimeofday` from `env`, which is not in the policy contract\n\
         hint: a C library, or an `extern \"C\"` function without a definition: look for `gettimeofday` among the \
         dependencies that have a build script\n"
    );
}

#[test]
fn a_crate_without_a_policy_is_refused() {
    let Some(session) = toolchain("a_crate_without_a_policy_is_refused") else { return };
    let session = session.file("p/Cargo.toml", MANIFEST).file("p/src/lib.rs", "");
    assert_eq!(
        session.misrule("build --path p -q"),
        "exit 1\n----\nerror: the crate exports no policy\n\
         hint: end src/lib.rs with `misrule_sdk::export!(YourPolicy);`\n"
    );
}

#[test]
fn compile_errors_are_shown_as_cargo_writes_them() {
    let Some(session) = toolchain("compile_errors_are_shown_as_cargo_writes_them") else { return };
    let session = session.file("p/Cargo.toml", MANIFEST).file("p/src/lib.rs", "fn f() -> u8 { \"\" }\n");
    let told = session.misrule("build --path p -q");
    assert!(told.starts_with("exit 1\n----\nerror[E0308]: mismatched types\n"), "{told}");
    assert!(told.contains("\nerror: cargo could not build `"), "{told}");
}

#[test]
fn a_folder_that_holds_no_policy_crate_is_refused() {
    let library = "[package]\nname = \"p\"\n[workspace]\n";
    let session = Session::new().file("p/Cargo.toml", library).file("p/src/lib.rs", "");
    let session = session.file("w/Cargo.toml", "[workspace]\n");
    assert_eq!(
        session.misrule("build"),
        "exit 1\n----\nerror: there is no Cargo.toml in `.`\n\
         hint: `misrule new NAME` makes a policy crate; `--path` names one\n"
    );
    let told = session.misrule("build --path p");
    assert!(
        told.ends_with(
            "\nerror: `p` is not built as a WebAssembly module\n\
             hint: add `crate-type = [\"cdylib\", \"rlib\"]` under `[lib]` in its Cargo.toml\n"
        ),
        "{told}"
    );
    let told = session.misrule("build --path w");
    assert!(told.ends_with("hint: name the policy's own folder with `--path`\n"), "{told}");
}

#[test]
fn a_machine_without_cargo_is_told_so() {
    let session = Session::new().file("p/Cargo.toml", MANIFEST).file("p/src/lib.rs", "").with("PATH", "");
    assert_eq!(
        session.misrule("build --path p"),
        "exit 1\n----\nerror: `cargo` is not on PATH\nhint: install Rust: https://rustup.rs\n"
    );
}

#[cfg(unix)]
#[test]
fn a_toolchain_without_the_target_is_named_with_the_command_that_adds_it() {
    use std::os::unix::fs::PermissionsExt;

    let rustc =
        "#!/bin/sh\ncase \"$*\" in *target-libdir*) echo /nowhere;; *) echo /r/toolchains/stable-x86_64;; esac\n";
    let session = Session::new().file("p/Cargo.toml", MANIFEST).file("p/src/lib.rs", "").file("rustc", rustc);
    fs::set_permissions(session.path("rustc"), fs::Permissions::from_mode(0o755)).unwrap();
    let rustc = session.path("rustc").to_str().unwrap().to_owned();
    assert_eq!(
        session.with("RUSTC", rustc).misrule("build --path p"),
        "exit 1\n----\nerror: the toolchain `stable-x86_64` has no target wasm32-unknown-unknown\n\
         hint: rustup target add wasm32-unknown-unknown; or name a toolchain that has it in RUSTUP_TOOLCHAIN\n"
    );
}
