//! The house rules that can be seen from the files: what stands where, and what no file may hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use misrule_tests::programs::checkout;
use proc_macro2::{TokenStream, TokenTree};

/// What may stand at the top beside dot files and what cargo builds.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "engine",
    "extension",
    "policies",
    "rustfmt.toml",
    "sdk",
    "target",
    "tests",
];
const ROOMS: &[&str] = &["engine", "policies", "extension", "sdk", "tests"];
/// Lines of a file of Rust.
const MAX_LINES: usize = 500;
/// Bytes of a ready-made component.
const MAX_COMPONENT: u64 = 64 * 1024;
/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "misc"];

/// The entries of a folder, without dot files.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let is_plain = |path: &PathBuf| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<_> = entries.filter(is_plain).collect();
    entries.sort();
    entries
}

fn collect(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, wanted, found);
        } else if wanted(&path) {
            found.push(path);
        }
    }
}

/// The files of the checkout that fit, but not what is built.
fn files(wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(checkout(), &wanted, &mut found);
    assert!(!found.is_empty(), "nothing was looked at");
    found
}

fn rust_files() -> Vec<PathBuf> {
    files(|path| path.extension().is_some_and(|extension| extension == "rs"))
}

/// A path as people name it: from the top of the checkout.
fn shown(path: &Path) -> String {
    path.strip_prefix(checkout()).unwrap_or(path).display().to_string()
}

fn tokens(path: &Path) -> Vec<TokenTree> {
    let text = fs::read_to_string(path).unwrap();
    let stream = TokenStream::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", shown(path)));
    let mut flat = Vec::new();
    flatten(stream, &mut flat);
    flat
}

fn flatten(stream: TokenStream, flat: &mut Vec<TokenTree>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => flatten(group.stream(), flat),
            other => flat.push(other),
        }
    }
}

/// The identifiers of a file: what stands in strings and comments is none.
fn words(path: &Path) -> BTreeSet<String> {
    let identifiers = tokens(path).into_iter().filter(|token| matches!(token, TokenTree::Ident(_)));
    identifiers.map(|identifier| identifier.to_string()).collect()
}

/// The files of Rust of which this holds, as people name them.
fn offenders(offends: impl Fn(&Path) -> bool) -> Vec<String> {
    rust_files().into_iter().filter(|path| offends(path)).map(|path| shown(&path)).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn at_the_top_stand_the_rooms_and_nothing_of_their_kind_beside_them() {
    let there: Vec<_> = entries(checkout()).iter().map(|path| shown(path)).collect();
    let strangers: Vec<_> = there.iter().filter(|name| !TOP.contains(&name.as_str())).collect();
    assert_eq!(strangers, NONE);
    assert!(ROOMS.iter().all(|room| there.iter().any(|name| name == room)), "{there:?}");
}

#[test]
fn every_room_and_every_crate_says_what_it_is_for() {
    let crates = files(|path| path.ends_with("Cargo.toml"));
    let crates = crates.iter().filter_map(|manifest| manifest.parent().map(Path::to_owned));
    let folders: BTreeSet<_> = crates.chain(ROOMS.iter().map(|room| checkout().join(room))).collect();
    let silent = folders.iter().filter(|folder| !folder.join("README.md").is_file());
    assert_eq!(silent.map(|folder| shown(folder)).collect::<Vec<_>>(), NONE);
}

#[test]
fn no_file_is_long() {
    let lines = |path: &Path| fs::read_to_string(path).unwrap().lines().count();
    assert_eq!(offenders(|path| lines(path) > MAX_LINES), NONE, "more than {MAX_LINES} lines");
}

/// The files that say `unsafe`, each once, and with what: the host loads machine code, whose provenance no compiler can
/// check; the C library and the kernel keep what is not needed until they are told; a custom section of a component cannot be named otherwise.
const UNSAFE: [(&str, &str); 4] = [
    ("engine/src/sandbox/native.rs", "unsafe {\n        Component::deserialize(engine, image.bytes())\n    }\n"),
    (
        "extension/src/memory/code.rs",
        "unsafe { madvise(with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed) };\n",
    ),
    ("extension/src/memory/heap.rs", "unsafe {\n        libc::malloc_trim(0);\n    }\n"),
    ("sdk/guest/src/component.rs", "#[unsafe(link_section = \"misrule:settings\")]"),
];

/// What shares memory with runtimes and takes the place of functions of libc: the kernel and programs of any language speak
/// C alone. Clippy wants a proof before each `unsafe` there.
const SPEAKS_C: [&str; 2] = ["extension/names", "extension/names/preload"];
const PROOFS: &str = "#![deny(clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]\n";

#[test]
fn nothing_is_unsafe_but_native_images_the_name_of_a_section_and_what_speaks_c() {
    let safe = |path: &Path| !SPEAKS_C.iter().any(|folder| path.starts_with(checkout().join(folder)));
    assert_eq!(offenders(|path| safe(path) && words(path).contains("unsafe")), UNSAFE.map(|(file, _)| file));
    for folder in SPEAKS_C {
        let root = fs::read_to_string(checkout().join(folder).join("src/lib.rs")).unwrap();
        assert!(root.contains(PROOFS), "{folder}");
    }
    for (file, allowed) in UNSAFE {
        let said = tokens(&checkout().join(file)).iter().filter(|token| token.to_string() == "unsafe").count();
        let text = fs::read_to_string(checkout().join(file)).unwrap();
        assert_eq!((said, text.matches(allowed).count()), (1, 1), "{file}");
    }
}

#[test]
fn only_the_sandbox_names_wasmtime() {
    let sandbox = checkout().join("engine/src/sandbox");
    let naming = |path: &Path| words(path).contains("wasmtime");
    assert_eq!(offenders(|path| !path.starts_with(&sandbox) && naming(path)), NONE);
    assert!(rust_files().iter().any(|path| path.starts_with(&sandbox) && naming(path)));
}

#[test]
fn no_test_is_ignored() {
    let ignores =
        |pair: &[TokenTree]| matches!(pair, [hash, word] if hash.to_string() == "#" && word.to_string() == "ignore");
    assert_eq!(offenders(|path| tokens(path).windows(2).any(ignores)), NONE);
}

#[test]
fn every_name_says_something() {
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let parts = |path: &Path| stem(path).split(['_', '-']).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(offenders(|path| parts(path).iter().any(|part| EMPTY_NAMES.contains(&part.as_str()))), NONE);
}

#[test]
fn ready_made_components_are_small() {
    let components = files(|path| path.starts_with(checkout().join("policies/components")));
    for component in &components {
        let size = fs::metadata(component).unwrap().len();
        assert!(size <= MAX_COMPONENT, "{} has {size} bytes", shown(component));
    }
    assert_eq!(components.len(), misrule_policies::READY_MADE.len());
}
