//! The zip. Lambda unpacks it as /opt
//! (<https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html>).

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use misrule_engine::digest::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::glibc::{self, Glibc};
use super::part::Part;
use super::{Architecture, Checkout, LayerError};

/// Bytes of a zip: Lambda fetches and unpacks it before each cold start's first line of code.
pub(super) const LARGEST: usize = 8 * 1024 * 1024;

/// The files of the layer as they are built, and where they lie in it, sorted by that. The wrapper looks for the library
/// beside itself.
const FILES: [(Part, &str, &str); 3] = [
    (Part::Programs, "misrule-extension", "extensions/misrule"),
    (Part::Library, "libmisrule_preload.so", "libmisrule_preload.so"),
    (Part::Programs, "misrule-wrapper", "misrule-wrapper"),
];

/// A layer, packed and checked.
pub(crate) struct Archive {
    architecture: Architecture,
    bytes: Vec<u8>,
    /// The newest glibc that any of its files needs.
    pub(crate) glibc: Option<Glibc>,
}

impl Archive {
    /// Packs what was built for an architecture.
    ///
    /// # Errors
    ///
    /// A program is not there or would not start on Amazon Linux 2; the zip is too large.
    pub(crate) fn of(checkout: &Checkout, architecture: Architecture) -> Result<Self, LayerError> {
        let mut entries = Vec::new();
        let mut newest = None;
        for (part, file, entry) in FILES {
            let bytes = read(&checkout.built(part, architecture, file))?;
            newest = newest.max(check(file, &bytes)?);
            entries.push((entry, bytes));
        }
        let bytes = pack(&entries)?;
        if bytes.len() > LARGEST {
            return Err(LayerError::TooLarge { architecture: architecture.name(), bytes: bytes.len() });
        }
        Ok(Self { architecture, bytes, glibc: newest })
    }

    /// Writes it into a folder, which is made; where it lies.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf, LayerError> {
        let failed = |what, path: &Path, source| LayerError::File { what, path: path.to_owned(), source };
        fs::create_dir_all(folder).map_err(|source| failed("make the folder", folder, source))?;
        let path = folder.join(format!("misrule-{}.zip", self.architecture.name()));
        fs::write(&path, &self.bytes).map_err(|source| failed("write", &path, source))?;
        Ok(path)
    }

    /// Bytes of the zip.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The zip's digest.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LayerError> {
    fs::read(path).map_err(|source| LayerError::File { what: "read", path: path.to_owned(), source })
}

fn check(program: &'static str, bytes: &[u8]) -> Result<Option<Glibc>, LayerError> {
    let newest = glibc::newest(bytes).map_err(|source| LayerError::NoProgram { program, source })?;
    newest.map_err(|version| LayerError::NewGlibc { program, version })
}

/// The same entries make the same bytes: no time of day, no owner, one way to compress.
fn pack(entries: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, LayerError> {
    let options = SimpleFileOptions::DEFAULT
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, options)?;
        zip.write_all(bytes).map_err(zip::result::ZipError::Io)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_programs_make_the_same_bytes() {
        let entries = [("extensions/misrule", vec![7; 70_000]), ("misrule-wrapper", b"wrapper".to_vec())];
        let packed = pack(&entries).unwrap();
        assert_eq!(packed, pack(&entries).unwrap());
        let mut zip = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
        for (index, (name, bytes)) in entries.iter().enumerate() {
            let file = zip.by_index(index).unwrap();
            assert_eq!((file.name().unwrap().as_ref(), file.size()), (*name, bytes.len() as u64));
            assert_eq!(file.unix_mode().map(|mode| mode & 0o7777), Some(0o755));
            assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
        }
    }

    #[test]
    fn entries_are_sorted_and_there_once() {
        let entries: Vec<_> = FILES.iter().map(|(_, _, entry)| *entry).collect();
        assert_eq!(entries, entries.iter().copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_program_that_could_not_start_is_refused_by_name() {
        let script = check("misrule-wrapper", b"#!/bin/sh\n").unwrap_err();
        assert_eq!(script.to_string(), "`misrule-wrapper` is no program for Lambda");
    }
}
