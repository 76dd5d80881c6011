//! ZIP files, written so that the same input gives the same bytes, and read so that nothing that they claim is believed
//! before it is checked.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::super::DeliveryError;
use super::super::error::shown;
use super::file::check_size;
use crate::limits::{BUNDLE_FILES, BUNDLE_UNPACKED};

/// As small as it gets: AppConfig takes 1 MB.
const LEVEL: i64 = 9;

/// Writes these files in this order.
pub(super) fn pack<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, DeliveryError> {
    let options = SimpleFileOptions::DEFAULT
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut total = 0;
    for (name, bytes) in files {
        check_size(name, bytes.len() as u64)?;
        total += bytes.len();
        zip.start_file(name, options).map_err(DeliveryError::Archive)?;
        zip.write_all(bytes).map_err(|error| DeliveryError::Archive(ZipError::Io(error)))?;
    }
    if !BUNDLE_UNPACKED.admits(total) {
        return Err(DeliveryError::Unpacked);
    }
    zip.finish().map(Cursor::into_inner).map_err(DeliveryError::Archive)
}

/// A ZIP whose files have names and declared sizes that are within the limits. None was inflated yet.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    index: usize,
    size: u64,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, DeliveryError> {
        let mut zip = open(bytes)?;
        let mut entries = BTreeMap::new();
        let mut total = 0_u64;
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(DeliveryError::Archive)?;
            let (name, size) = (path(entry.name_raw())?, entry.size());
            check_size(&name, size)?;
            total = total.saturating_add(size);
            entries.insert(name, Entry { index, size });
        }
        if total > BUNDLE_UNPACKED.value { Err(DeliveryError::Unpacked) } else { Ok(Self { zip, entries }) }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.entries.keys()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The file of this name, where there is one. It may not be larger than it was declared to be.
    pub(super) fn inflate(&mut self, name: &str) -> Result<Option<Vec<u8>>, DeliveryError> {
        let Some(Entry { index, size }) = self.entries.get(name).copied() else { return Ok(None) };
        let file = self.zip.by_index(index).map_err(DeliveryError::Archive)?;
        let mut bytes = Vec::new();
        match file.take(size.saturating_add(1)).read_to_end(&mut bytes) {
            Err(source) => Err(DeliveryError::Damaged { file: shown(name), source }),
            Ok(read) if read as u64 != size => Err(DeliveryError::FalseSize(shown(name))),
            Ok(_) => Ok(Some(bytes)),
        }
    }
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, DeliveryError> {
    let files = declared_files(bytes).ok_or(DeliveryError::CutShort)?;
    if !BUNDLE_FILES.admits(files) {
        return Err(DeliveryError::ManyFiles(files));
    }
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut zip = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(DeliveryError::Archive)?;
    let overlapping = zip.has_overlapping_entries().map_err(DeliveryError::Archive)?;
    if overlapping || zip.has_duplicate_names() || zip.len() != files {
        return Err(DeliveryError::Overlapping);
    }
    Ok(zip)
}

/// The number of files in the record that ends a ZIP without a comment (APPNOTE 4.3.16). Read before the whole directory
/// is, which takes memory for each file that it claims to have.
fn declared_files(bytes: &[u8]) -> Option<usize> {
    match bytes.last_chunk::<22>()? {
        [b'P', b'K', 5, 6, _, _, _, _, _, _, low, high, .., 0, 0] => {
            Some(usize::from(u16::from_le_bytes([*low, *high])))
        }
        _ => None,
    }
}

fn path(raw: &[u8]) -> Result<String, DeliveryError> {
    let name = String::from_utf8_lossy(raw);
    let below = name.split('/').all(|part| !["", ".", ".."].contains(&part));
    let plain = name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\:".contains(&byte));
    if below && plain { Ok(name.into_owned()) } else { Err(DeliveryError::Path(shown(&name))) }
}
