//! What a source hands over: any bytes, and bundles whose files are any bytes.
//!
//! An input that begins with `--- NAME` is a list of files, each after a line that names it. They are packed as a bundle
//! with a manifest that fits, so that what lies behind the digests is reached too.
#![no_main]

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use misrule_engine::delivery::{Delivery, DeliveryError, Form, Keys, Package, SigningKey};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{ComponentRef, Experiment};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fuzz_target!(|input: &[u8]| {
    let bytes = if input.starts_with(HEADING) { packed(input) } else { Bytes::copy_from_slice(input) };
    unsigned_is_refused(&bytes);
    match Delivery::read(&bytes, None) {
        Ok(Delivery::Halt) => {
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).ok(), Some(json!({"halt": true})))
        }
        Ok(Delivery::Experiment(package)) => is_whole(&bytes, &package),
        Err(error) => tell(&error),
    }
});

const HEADING: &[u8] = b"--- ";

/// With a key nothing arms that it did not sign: at most a halt gets through.
fn unsigned_is_refused(bytes: &Bytes) {
    let keys = Keys::from(SigningKey::from_seed(&[7; 32]).public_key());
    match Delivery::read(bytes, Some(&keys)) {
        Ok(Delivery::Experiment(package)) => panic!("`{}` was signed by nobody", package.experiment.name),
        Ok(Delivery::Halt) => {}
        Err(error) => tell(&error),
    }
}

/// What was read is what was delivered, and nothing is missing.
fn is_whole(bytes: &[u8], package: &Package) {
    assert_eq!(package.digest, Digest::of(bytes));
    assert!(package.signed_by.is_none() && package.images.is_empty());
    assert!(package.form == Form::Bundle || package.modules.is_empty());
    for policy in &package.experiment.policies {
        if let ComponentRef::Module(file) = &policy.component {
            assert!(package.modules.contains_key(file), "the component of a policy is missing");
        }
    }
    let again = Experiment::from_json(package.experiment.to_json().as_bytes());
    assert_eq!(again.ok().as_ref(), Some(&package.experiment), "an experiment reads back otherwise");
}

/// A refusal can always be told, and in bounds.
fn tell(error: &DeliveryError) {
    assert!(error.to_string().len() < 4096, "a message repeats what was delivered");
    let _ = error.hint();
}

fn packed(input: &[u8]) -> Bytes {
    let files = files(input);
    let digests: BTreeMap<_, _> = files.iter().map(|(name, file)| (name, Digest::of(file).to_string())).collect();
    let manifest = json!({ "files": digests }).to_string().into_bytes();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, file) in [("manifest.json".to_owned(), manifest)].iter().chain(&files) {
        // What cannot be written cannot be delivered.
        if zip.start_file(name.as_str(), SimpleFileOptions::default()).is_ok() {
            let _ = zip.write_all(file);
        }
    }
    zip.finish().map(|packed| packed.into_inner().into()).unwrap_or_default()
}

fn files(input: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        match (line.strip_prefix(HEADING), files.last_mut()) {
            (Some(name), _) => files.push((String::from_utf8_lossy(name).trim_end().to_owned(), Vec::new())),
            (None, Some((_, file))) => file.extend_from_slice(line),
            (None, None) => {}
        }
    }
    files
}
