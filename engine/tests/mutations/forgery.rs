//! Bundles that somebody damaged, or made without the key.

use std::io::{Cursor, Read as _, Write as _};

use misrule_engine::digest::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::dice::Dice;
use super::original::Original;

const MANIFEST: &str = "manifest.json";
/// Manifest, signature, experiment, component and image.
const FILES: usize = 5;
/// Words of the experiment that matter, and what somebody would rather have there, of the same length.
const SWAPS: &[(&str, &str)] = &[
    ("123456789012", "210987654321"),
    ("us-east-1", "eu-west-1"),
    ("staging", "product"),
    ("2026-12-01", "2027-12-01"),
    ("outage", "Outage"),
];

type Files = Vec<(String, Vec<u8>)>;

pub(crate) struct Forgery {
    bundle: Vec<u8>,
    files: Files,
    /// Of a bundle that another key signed.
    strangers: Files,
}

impl Forgery {
    pub(crate) fn new(original: &Original) -> Self {
        let (files, strangers) = (files(&original.bundle), files(&original.by_a_stranger()));
        assert!(files.iter().map(|(name, _)| name).eq(strangers.iter().map(|(name, _)| name)));
        Self { bundle: original.bundle.clone(), files, strangers }
    }

    /// Each byte changed in several ways, and left out; the bundle cut at each.
    pub(crate) fn every_byte(&self) -> Vec<Vec<u8>> {
        let at = |place: usize| {
            let changed = [0x01, 0x02, 0x10, 0x80, 0xff].map(|bits| {
                let mut changed = self.bundle.clone();
                changed[place] ^= bits;
                changed
            });
            let without = [&self.bundle[..place], &self.bundle[place + 1..]].concat();
            changed.into_iter().chain([without, self.bundle[..place].to_vec()])
        };
        (0..self.bundle.len()).flat_map(at).collect()
    }

    pub(crate) fn by_chance(&self, dice: &mut Dice) -> Vec<u8> {
        match dice.throw(4) {
            0 => self.bytes(dice),
            1 => self.pieces(dice),
            _ => self.entries(dice),
        }
    }

    /// Several bytes changed.
    fn bytes(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bundle = self.bundle.clone();
        for _ in 0..=dice.throw(4) {
            let place = dice.throw(bundle.len());
            bundle[place] = dice.byte();
        }
        bundle
    }

    /// A piece of the bundle put somewhere else, twice, or in another one's place.
    fn pieces(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bundle = self.bundle.clone();
        let start = dice.throw(bundle.len());
        let end = start + dice.throw((bundle.len() - start).min(200));
        let piece: Vec<_> = bundle[start..end].to_vec();
        if dice.throw(2) == 0 {
            bundle.drain(start..end);
        }
        let place = dice.throw(bundle.len());
        let replaced = if dice.throw(2) == 0 { place } else { (place + piece.len()).min(bundle.len()) };
        bundle.splice(place..replaced, piece);
        bundle
    }

    /// A ZIP without fault of files that were changed, renamed, swapped, doubled or left out, with or without a manifest
    /// that fits them.
    fn entries(&self, dice: &mut Dice) -> Vec<u8> {
        let mut files = self.files.clone();
        for _ in 0..=dice.throw(2) {
            self.forge(&mut files, dice);
        }
        if dice.throw(2) == 0 {
            reseal(&mut files);
        }
        zip(&files, dice)
    }

    fn forge(&self, files: &mut Files, dice: &mut Dice) {
        let (one, other) = (dice.throw(files.len()), dice.throw(files.len()));
        match dice.throw(8) {
            0 => files.swap(one, other),
            1 => files[one].1 = files[other].1.clone(),
            2 => files[one].0 = files[other].0.clone(),
            3 => files.push(files[one].clone()),
            4 if files.len() > 1 => drop(files.remove(one)),
            5 => files[one].1.push(dice.byte()),
            6 => self.let_a_stranger_sign(files, dice.throw(self.strangers.len())),
            _ => swap_a_word(files, SWAPS[dice.throw(SWAPS.len())]),
        }
    }

    fn let_a_stranger_sign(&self, files: &mut Files, which: usize) {
        let (name, content) = &self.strangers[which];
        files.iter_mut().filter(|(known, _)| known == name).for_each(|file| file.1.clone_from(content));
    }
}

fn swap_a_word(files: &mut Files, (word, other): (&str, &str)) {
    for (_, content) in files.iter_mut() {
        if let Some(place) = content.windows(word.len()).position(|window| window == word.as_bytes()) {
            content[place..place + word.len()].copy_from_slice(other.as_bytes());
        }
    }
}

/// A manifest that lists these files as they are.
fn reseal(files: &mut Files) {
    let sealed = files.iter().filter(|(name, _)| !name.starts_with("manifest."));
    let listed: Vec<_> = sealed.map(|(name, content)| format!("{name:?}: \"{}\"", Digest::of(content))).collect();
    let manifest = format!("{{\"files\": {{{}}}}}", listed.join(", ")).into_bytes();
    files.iter_mut().filter(|(name, _)| name == MANIFEST).for_each(|file| file.1.clone_from(&manifest));
}

fn files(bundle: &[u8]) -> Files {
    let mut zip = ZipArchive::new(Cursor::new(bundle)).unwrap();
    let mut file = |index| {
        let mut file = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    };
    (0..FILES).map(&mut file).collect()
}

fn zip(files: &Files, dice: &mut Dice) -> Vec<u8> {
    let method = if dice.throw(4) == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    let options = SimpleFileOptions::DEFAULT.compression_method(method);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut twice = Vec::new();
    for (at, (name, content)) in files.iter().enumerate() {
        // The writer refuses a second file of one name: it is written under another, and renamed in the bytes.
        let again = files[..at].iter().any(|(before, _)| before == name);
        let written = if again { name.replacen(['a', 'e', 'i'], "~", 1) } else { name.clone() };
        if zip.start_file(&written, options).is_ok() {
            zip.write_all(content).unwrap();
            twice.extend(again.then(|| (written, name.clone())));
        }
    }
    let mut bytes = zip.finish().unwrap().into_inner();
    twice.iter().for_each(|(written, name)| rename(&mut bytes, written, name));
    bytes
}

fn rename(bytes: &mut [u8], written: &str, name: &str) {
    while let Some(place) = bytes.windows(written.len()).position(|window| window == written.as_bytes()) {
        bytes[place..place + name.len()].copy_from_slice(name.as_bytes());
    }
}
