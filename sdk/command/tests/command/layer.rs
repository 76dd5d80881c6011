//! Layers of programs that say nothing but where they come from, and what is said where none can be made.

use std::fs;
use std::path::Path;
use std::process::Command;

use misrule_engine::digest::Digest;

use crate::session::{Session, skip};

const CHECKOUT: &str = r#"
[package]
name = "misrule-extension"
edition = "2024"
[workspace]
members = ["preload"]
[profile.layer]
inherits = "release"
[profile.preload]
inherits = "release"
"#;
const LIBRARY: &str = r#"
[package]
name = "misrule-preload"
edition = "2024"
[lib]
crate-type = ["cdylib"]
"#;

/// A folder that passes for a checkout, with a compiler that has these targets.
fn checkout(targets: &str) -> Session {
    let rustc = format!(
        "#!/bin/sh\nfor last; do :; done\ncase \"$last\" in sysroot) echo /r/toolchains/stable-x86_64;; \
         {targets}) echo \"${{0%/*}}/target\";; *) echo /nowhere;; esac\n"
    );
    let session = Session::new().file("Cargo.toml", CHECKOUT).file("src/lib.rs", "").file("rustc", rustc);
    let session = session.file("preload/Cargo.toml", LIBRARY).file("preload/src/lib.rs", "");
    let session = session.file("target/libcore-0.rlib", "");
    executable(&session.path("rustc"));
    let rustc = session.path("rustc").to_str().unwrap().to_owned();
    session.with("RUSTC", rustc)
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_folder_outside_a_checkout_is_named() {
    let session = Session::new();
    let folder = session.path(".").canonicalize().unwrap();
    assert_eq!(
        session.misrule("layer"),
        format!(
            "exit 1\n----\nerror: `{}` is not in a checkout of Misrule\n\
             hint: get Misrule's sources, and run `misrule layer` among them\n",
            folder.display()
        )
    );
}

#[test]
fn a_target_that_is_missing_is_named_before_anything_is_built() {
    assert_eq!(
        checkout("x86_64-unknown-linux-gnu").misrule("layer --arch all"),
        "exit 1\n----\nerror: the toolchain `stable-x86_64` has no target aarch64-unknown-linux-gnu\n\
         hint: rustup target add aarch64-unknown-linux-gnu; or name a toolchain that has it in RUSTUP_TOOLCHAIN\n"
    );
}

#[test]
fn zigbuild_is_asked_for_where_it_is_missing() {
    let session = checkout("x86_64-unknown-linux-gnu");
    // A cargo that knows no commands but its own.
    let cargo = "#!/bin/sh\ncase \"$1\" in zigbuild) exit 101;; *) exec \"$CARGO_FOR_TESTS\" \"$@\";; esac\n";
    let session = session.file("bin/cargo", cargo).with("CARGO_FOR_TESTS", env!("CARGO"));
    executable(&session.path("bin/cargo"));
    let path = format!("{}:/usr/bin:/bin", session.path("bin").display());
    assert_eq!(
        session.with("PATH", path).misrule("layer"),
        "exit 1\n----\nerror: cargo has no command `zigbuild`, which links against the glibc of Amazon Linux 2\n\
         hint: pip install cargo-zigbuild ziglang\n"
    );
}

const FUNCTION: &str = "#[unsafe(no_mangle)]\npub extern \"C\" fn named() {}\n";
const PROGRAM: &str = "fn main() { println!(\"{}\", [1, 2, 3][std::env::args().count()]) }\n";

/// The digests of the zips that a checkout in this folder makes for both architectures.
fn layers(session: &Session, folder: &str) -> Vec<Digest> {
    let mut misrule = Command::new(env!("CARGO_BIN_EXE_misrule"));
    let run = session.run(misrule.args(["layer", "--arch", "all", "-q"]), folder);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    run.stdout.lines().map(|zip| Digest::of(&fs::read(zip).unwrap())).collect()
}

/// `.ci/layer-toolchain` provides for it: a toolchain with both targets, and cargo-zigbuild on PATH.
#[test]
fn checkouts_in_two_places_make_the_same_layers() {
    let Some(toolchain) = std::env::var_os("MISRULE_LAYER_TOOLCHAIN") else {
        let reason = "MISRULE_LAYER_TOOLCHAIN names no toolchain that has both targets of the layer";
        return skip("checkouts_in_two_places_make_the_same_layers", reason);
    };
    let mut session = Session::new().with("RUSTUP_TOOLCHAIN", toolchain.into_string().unwrap());
    let folders = ["here", "some/where/else"];
    for folder in folders {
        let package = |name: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"0.0.0\"\n");
        let lock = format!("version = 4\n{}{}", package("misrule-extension"), package("misrule-preload"));
        session = session.file(&format!("{folder}/preload/Cargo.toml"), LIBRARY);
        session = session.file(&format!("{folder}/preload/src/lib.rs"), FUNCTION);
        session = session.file(&format!("{folder}/Cargo.toml"), CHECKOUT).file(&format!("{folder}/Cargo.lock"), lock);
        for program in ["misrule-extension", "misrule-wrapper"] {
            session = session.file(&format!("{folder}/src/bin/{program}.rs"), PROGRAM);
        }
    }
    let [here, elsewhere] = folders.map(|folder| layers(&session, folder));
    assert_eq!(here.len(), 2);
    assert_ne!(here[0], here[1], "one architecture's is not the other's");
    assert_eq!(here, elsewhere);
}
