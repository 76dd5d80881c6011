//! Embeds the SDK's sources in the command, so that `misrule new` makes a crate that builds outside any checkout.
//!
//! Writes one Rust file: an array of paths and contents, sorted by path, so that the same sources make the same command.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What a policy crate needs to build, from the top of the workspace.
const FOLDERS: &[&str] = &["engine/src", "sdk/guest/src", "sdk/macros/src", "sdk/wit"];
const FILES: &[&str] = &["engine/Cargo.toml", "sdk/guest/Cargo.toml", "sdk/macros/Cargo.toml", "LICENSE"];
/// The packages among them, as members of the copied workspace.
const MEMBERS: &[&str] = &["engine", "sdk/guest", "sdk/macros"];
/// Left out of the copied lock file: what only the engine's own tests and its `sandbox` feature need.
const NOT_FOR_POLICIES: &[&str] =
    &["cranelift-codegen", "ed25519-dalek", "proptest", "rustix", "trybuild", "wasmtime", "wat", "zip"];

fn main() -> Result<(), Box<dyn Error>> {
    let top = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR")?).join("../..");
    let mut paths: Vec<String> = FILES.iter().map(|&file| file.to_owned()).collect();
    for folder in FOLDERS {
        rerun_if_changed(&top.join(folder));
        collect(&top, folder, &mut paths)?;
    }
    paths.sort();
    let mut table = String::from("&[\n");
    writeln!(table, "    (\"Cargo.toml\", {:?}),", workspace(&read(&top.join("Cargo.toml"))?)?)?;
    for path in &paths {
        writeln!(table, "    ({path:?}, {:?}),", read(&top.join(path))?)?;
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR")?);
    fs::write(out.join("sdk_sources.rs"), table)?;
    fs::write(out.join("policy.lock"), locked(&read(&top.join("Cargo.lock"))?))?;
    Ok(())
}

fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

fn read(path: &Path) -> Result<String, Box<dyn Error>> {
    rerun_if_changed(path);
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn collect(top: &Path, folder: &str, paths: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(top.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{folder}/{}", name.display()))?;
        let path = format!("{folder}/{name}");
        if entry.file_type()?.is_dir() {
            collect(top, &path, paths)?;
        } else if name.ends_with(".rs") || name.ends_with(".wit") {
            paths.push(path);
        }
    }
    Ok(())
}

/// The workspace's Cargo.toml with the copied members only. Its lints are not a policy author's concern: a copy builds
/// without a word.
fn workspace(text: &str) -> Result<String, Box<dyn Error>> {
    let (_, shared) = text.split_once("[workspace.package]").ok_or("Cargo.toml has no [workspace.package]")?;
    let (shared, _) = shared.split_once("[workspace.lints").ok_or("Cargo.toml has no [workspace.lints]")?;
    let members: Vec<_> = MEMBERS.iter().map(|member| format!("{member:?}")).collect();
    let kept: Vec<_> = shared.lines().filter(|line| is_copied(line)).collect();
    Ok(format!(
        "# The sources of misrule-sdk, copied by `misrule new`.\n[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n\
         [workspace.package]{}\n\n[workspace.lints.rust]\nwarnings = \"allow\"\n",
        members.join(", "),
        kept.join("\n").trim_end()
    ))
}

/// Whether a line of `[workspace.dependencies]` names a package of the registry or a copied member.
fn is_copied(line: &str) -> bool {
    match line.split_once("path = \"").and_then(|(_, rest)| rest.split_once('"')) {
        Some((path, _)) => MEMBERS.contains(&path),
        None => true,
    }
}

/// The packages of Cargo.lock that misrule-sdk stands on, so that a new crate builds with the versions that were tested.
/// Cargo drops from it what turns out not to be needed.
fn locked(lock: &str) -> String {
    let packages: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    let mut kept = vec![false; packages.len()];
    let mut wanted = vec!["misrule-sdk".to_owned()];
    while let Some(want) = wanted.pop() {
        let (name, version) = want.split_once(' ').unwrap_or((&want, ""));
        for (package, kept) in packages.iter().zip(&mut kept) {
            let found = field(package, "name") == name && (version.is_empty() || field(package, "version") == version);
            if found && !*kept && !NOT_FOR_POLICIES.contains(&name) {
                *kept = true;
                wanted.extend(dependencies(package));
            }
        }
    }
    let kept = packages.iter().zip(kept).filter(|(package, kept)| *kept && package.contains("source = "));
    let body: Vec<_> = kept.map(|(package, _)| format!("[[package]]\n{}\n", package.trim_end())).collect();
    format!("version = 4\n\n{}", body.join("\n"))
}

fn field<'a>(package: &'a str, name: &str) -> &'a str {
    let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'));
    line.unwrap_or_default()
}

fn dependencies(package: &str) -> Vec<String> {
    let Some((_, list)) = package.split_once("dependencies = [\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| *line != "]");
    lines.filter_map(|line| Some(line.trim().strip_prefix('"')?.strip_suffix("\",")?.to_owned())).collect()
}
