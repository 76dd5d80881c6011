//! Deliveries, right and wrong.

mod signed;

use std::error::Error;
use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::bundle::Images;
use super::*;

const EXPERIMENT: &str = r#"{
    "name": "outage", "expires": "2026-12-01T10:00:00Z", "blast_radius": {"functions": ["*"]},
    "policy": [{"module": "brownout.wasm"}, {"use": "latency"}]
}"#;
const COMPONENT: &[u8] = b"\0asm component";

fn experiment() -> Experiment {
    Experiment::from_json(EXPERIMENT.as_bytes()).unwrap()
}

fn modules(names: &[&str]) -> BTreeMap<String, Vec<u8>> {
    names.iter().map(|&name| (name.to_owned(), COMPONENT.to_vec())).collect()
}

fn bundle() -> Vec<u8> {
    bundle::write(&experiment(), &modules(&["brownout.wasm"]), &Images::new(), None).unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// These files, and a manifest of them.
fn listed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let digests: BTreeMap<_, _> = files.iter().map(|(name, bytes)| (*name, Digest::of(bytes).to_string())).collect();
    let manifest = json!({"files": digests}).to_string();
    zip(&[&[("manifest.json", manifest.as_bytes())], files].concat())
}

fn read(bytes: impl Into<Bytes>) -> Result<Delivery, DeliveryError> {
    Delivery::read(&bytes.into(), None)
}

fn refusal(bytes: impl Into<Bytes>) -> String {
    told(&read(bytes).expect_err("a refusal"))
}

/// An error and its causes, as a user reads them.
fn told(error: &DeliveryError) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        said += &format!(": {deeper}");
        cause = deeper.source();
    }
    said
}

fn package(bytes: impl Into<Bytes>) -> Package {
    match read(bytes) {
        Ok(Delivery::Experiment(package)) => package,
        other => panic!("an experiment, not {other:?}"),
    }
}

#[test]
fn a_bundle_reads_back() {
    let bytes = bundle();
    let package = package(bytes.clone());
    assert_eq!((package.experiment, package.form, package.digest), (experiment(), Form::Bundle, Digest::of(&bytes)));
    assert_eq!(package.modules, BTreeMap::from([("brownout.wasm".to_owned(), Bytes::from_static(COMPONENT))]));
}

#[test]
fn the_same_input_gives_the_same_bundle() {
    assert_eq!(bundle(), bundle());
    let digest = Digest::of(&bundle()).short();
    assert_eq!(package(bundle()).digest.short(), digest);
}

#[test]
fn plain_json_carries_ready_made_policies() {
    let text = EXPERIMENT.replace("{\"module\": \"brownout.wasm\"}, ", "");
    let package = package(text.clone());
    assert_eq!((package.form, package.modules.len(), package.digest), (Form::Json, 0, Digest::of(text.as_bytes())));
    assert_eq!(refusal(EXPERIMENT), "policy `brownout` uses the module `brownout.wasm`, which plain JSON cannot carry");
}

#[test]
fn only_a_halt_halts() {
    for halt in ["{\"halt\": true}", " {\n\"halt\":true}\n"] {
        assert!(matches!(read(halt), Ok(Delivery::Halt)), "{halt}");
    }
    for wrong in [
        "{\"halt\": false}",
        "{\"halt\": 1}",
        "{\"halt\": null}",
        "{\"halt\": true, \"name\": \"a\"}",
        "{\"halt\": true, \"halt\": true}",
    ] {
        assert_eq!(refusal(wrong), "the delivery says `halt`, but is not exactly `{\"halt\": true}`", "{wrong}");
    }
}

#[test]
fn what_is_no_delivery_says_so() {
    assert_eq!(refusal(""), "the delivery is empty");
    assert_eq!(refusal(" \n"), "the delivery is empty");
    assert_eq!(refusal("halt"), "the delivery is neither a JSON object nor a bundle");
    assert_eq!(refusal("[]"), "the delivery is neither a JSON object nor a bundle");
    assert_eq!(
        refusal("{\"name\": \"a"),
        "the experiment cannot be read: line 1, column 11: no valid JSON: EOF while parsing a string"
    );
    assert_eq!(refusal("{}"), "the experiment cannot be read: `name` is missing");
    assert_eq!(
        refusal(vec![b'{'; 4 * 1024 * 1024 + 1]),
        "the delivery has 4194305 bytes, more than the 4194304 bytes that are read"
    );
    assert_eq!(refusal("PK"), "the bundle is cut short");
}

#[test]
fn each_file_of_a_bundle_is_vouched_for() {
    let experiment: (&str, &[u8]) = ("experiment.json", EXPERIMENT.as_bytes());
    let component = ("components/brownout.wasm", COMPONENT);
    let manifest = |text: &str| zip(&[("manifest.json", text.as_bytes()), experiment]);
    let digest = Digest::of(EXPERIMENT.as_bytes());
    let rows = [
        (listed(&[experiment]), "the bundle has no `components/brownout.wasm`"),
        (listed(&[component]), "the bundle has no `experiment.json`"),
        (zip(&[experiment, component]), "the bundle has no `manifest.json`"),
        (
            listed(&[experiment, component, ("components/spare.wasm", b"x")]),
            "no policy uses `components/spare.wasm` in the bundle",
        ),
        (
            listed(&[experiment, component, ("README", b"x")]),
            "`README` in the bundle is nothing that this version knows",
        ),
        (
            listed(&[experiment, ("components/../x.wasm", b"x")]),
            "`components/../x.wasm` in the bundle is no path below it",
        ),
        (listed(&[experiment, ("/x.wasm", b"x")]), "`/x.wasm` in the bundle is no path below it"),
        (listed(&[experiment, ("a\\b", b"x")]), "`a\\\\b` in the bundle is no path below it"),
        (listed(&[experiment, ("components/", b"")]), "`components/` in the bundle is no path below it"),
        (manifest("{\"files\": {}}"), "`experiment.json` in the bundle is not in its manifest"),
        (
            manifest(&format!("{{\"files\": {{\"experiment.json\": \"{digest}\", \"gone\": \"{digest}\"}}}}")),
            "the bundle has no `gone`",
        ),
        (
            manifest(&format!("{{\"files\": {{\"experiment.json\": \"{}\"}}}}", Digest::of(b"another"))),
            "`experiment.json` in the bundle does not have the digest that its manifest says",
        ),
        (
            manifest("{\"files\": {\"experiment.json\": \"secret\"}}"),
            "`experiment.json` in the bundle does not have the digest that its manifest says",
        ),
        (
            manifest("{\"files\": [\"secret\"]}"),
            "line 1, column 10: the bundle's `manifest.json` does not have the form {\"files\": {NAME: SHA-256}}",
        ),
        (listed(&[("experiment.json", b"{}")]), "the experiment cannot be read: `name` is missing"),
    ];
    for (bytes, expected) in rows {
        assert_eq!(refusal(bytes), expected);
    }
}

#[test]
fn a_bundle_that_is_too_large_is_not_unpacked() {
    let large = vec![0; 1024 * 1024 + 1];
    let component = [("components/brownout.wasm", large.as_slice())];
    let words = "`components/brownout.wasm` has 1048577 bytes, more than the 1048576 bytes that a component may have";
    assert_eq!(refusal(zip(&component)), words);
    let modules = BTreeMap::from([("brownout.wasm".to_owned(), large)]);
    let refused = bundle::write(&experiment(), &modules, &Images::new(), None).unwrap_err();
    assert_eq!(refused.to_string(), words);
    assert_eq!(refusal(zip(&[("a", &vec![0; 17 * 1024 * 1024])])), "the bundle unpacks to more than 16777216 bytes");
    let names: Vec<_> = (0..129).map(|n| n.to_string()).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(refusal(zip(&many)), "the bundle has 129 files, more than 128 files");
}

#[test]
fn a_zip_that_lies_about_a_size_is_refused() {
    let honest = zip(&[("manifest.json", &[b' '; 50_000])]);
    let at = |signature: &[u8]| honest.windows(4).rposition(|window| window == signature).unwrap();
    for claimed in [10_u32, 60_000] {
        let mut lie = honest.clone();
        for size in [at(b"PK\x03\x04") + 22, at(b"PK\x01\x02") + 24] {
            lie[size..size + 4].copy_from_slice(&claimed.to_le_bytes());
        }
        let said = refusal(lie);
        assert!(said.starts_with("`manifest.json` in the bundle"), "{said}");
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let mut twice = zip(&[("aaa", b"1"), ("aab", b"2")]);
    while let Some(place) = twice.windows(3).position(|window| window == b"aab") {
        twice[place + 2] = b'a';
    }
    assert_eq!(refusal(twice), "the bundle has two files with the same name, or in the same place");
}

#[test]
fn a_bundle_is_written_of_what_the_experiment_uses() {
    let write = |names: &[&str]| bundle::write(&experiment(), &modules(names), &Images::new(), None);
    let refusal = |names: &[&str]| write(names).unwrap_err().to_string();
    assert_eq!(refusal(&[]), "the bundle has no `components/brownout.wasm`");
    assert_eq!(refusal(&["brownout.wasm", "spare.wasm"]), "no policy uses `components/spare.wasm` in the bundle");
}

proptest! {
    #[test]
    fn a_bundle_that_is_cut_short_is_refused(end in 0..1000_usize) {
        let whole = bundle();
        let end = end % whole.len();
        prop_assert!(read(whole[..end].to_vec()).is_err());
    }

    #[test]
    fn damage_is_refused_or_harmless(place in 0..1000_usize, byte: u8) {
        let mut damaged = bundle();
        let place = place % damaged.len();
        damaged[place] = byte;
        if let Ok(Delivery::Experiment(package)) = read(damaged) {
            prop_assert_eq!(package.experiment, experiment());
            prop_assert_eq!(&package.modules["brownout.wasm"][..], COMPONENT);
        }
    }

    #[test]
    fn garbage_is_refused(garbage in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read([b"PK\x03\x04".to_vec(), garbage.clone()].concat()).is_err());
        prop_assert!(read(garbage).is_err());
    }
}
