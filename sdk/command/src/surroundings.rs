//! What the command reads from its surroundings: environment variables and the clock. Nothing else reads either.

use std::ffi::OsString;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use misrule_engine::time::Timestamp;

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(0).plus(since)
}

/// Whether cargo runs this program from a checkout: it tells the programs that it runs where their package is.
pub(crate) fn run_by_cargo() -> bool {
    std::env::var_os("CARGO_MANIFEST_DIR").is_some()
}

/// A cargo that knows nothing of the cargo that may run this program: build scripts would take its variables for a change.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name == "OUT_DIR" || name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_") {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Whether output may be coloured, as far as `NO_COLOR` (<https://no-color.org>) has a say.
pub(crate) fn colour_allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The flags that cargo hands to rustc, in cargo's own order of precedence.
pub(crate) fn rust_flags() -> Vec<String> {
    let text = |name| std::env::var_os(name).and_then(|value: OsString| value.into_string().ok());
    match text("CARGO_ENCODED_RUSTFLAGS") {
        Some(flags) => flags.split('\x1f').filter(|flag| !flag.is_empty()).map(str::to_owned).collect(),
        None => text("RUSTFLAGS").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
    }
}

/// The rustc that cargo will use, where the environment names one.
pub(crate) fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

/// Folders whose names have no place in a component, with what stands for them: home, and cargo's own.
pub(crate) fn private_folders() -> Vec<(OsString, &'static str)> {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).filter(|home| !home.is_empty());
    let cargo = std::env::var_os("CARGO_HOME").or_else(|| {
        let folder = std::path::Path::new(home.as_ref()?).join(".cargo");
        Some(folder.into_os_string())
    });
    home.clone().map(|home| (home, "~")).into_iter().chain(cargo.map(|cargo| (cargo, "cargo"))).collect()
}
