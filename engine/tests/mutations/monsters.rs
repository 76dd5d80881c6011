//! Bundles made to take memory.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What a delivery may weigh.
const LARGEST: usize = 4 * 1024 * 1024;

pub(crate) fn all() -> Vec<Vec<u8>> {
    vec![
        bomb(&[("manifest.json", 15 * 1024 * 1024)]),
        bomb(&[("manifest.json", 60_000), ("manifest.sig", 60_000), ("experiment.json", 15 * 1024 * 1024)]),
        bomb(&[("a", 64 * 1024 * 1024)]),
        directory(1),
        directory(u16::MAX),
        wide_directory(),
    ]
}

/// Files of zeros, as small as they get.
fn bomb(files: &[(&str, usize)]) -> Vec<u8> {
    let options = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Deflated);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let zeros = [0; 4096];
    for (name, size) in files {
        zip.start_file(*name, options).unwrap();
        (0..size / zeros.len()).for_each(|_| zip.write_all(&zeros).unwrap());
    }
    zip.finish().unwrap().into_inner()
}

/// As large a directory as a delivery can hold, which says that it has so many files.
fn directory(said: u16) -> Vec<u8> {
    let entry = |number: usize| {
        let mut entry = b"PK\x01\x02\x14\x03\x14\x00".to_vec();
        entry.resize(46, 0);
        entry[28] = 6;
        entry.extend(format!("{number:06}").bytes());
        entry
    };
    let directory: Vec<u8> = (0..LARGEST / 52 - 1).flat_map(entry).collect();
    closed(directory, said)
}

/// The record of a ZIP with 64-bit sizes, which says that there are more files than the record that ends it.
fn wide_directory() -> Vec<u8> {
    let mut bytes = directory(1);
    let end = bytes.split_off(bytes.len() - 22);
    let place = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x14\x03\x14\0\0\0\0\0\0\0\0\0");
    bytes.extend([u64::MAX / 64, u64::MAX / 64, place, 0].iter().flat_map(|number| number.to_le_bytes()));
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(place.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(end);
    bytes
}

fn closed(directory: Vec<u8>, said: u16) -> Vec<u8> {
    let size = u32::try_from(directory.len()).unwrap();
    let mut bytes = directory;
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([said, said].iter().flat_map(|number| number.to_le_bytes()));
    bytes.extend(size.to_le_bytes());
    bytes.extend([0; 6]);
    bytes
}
