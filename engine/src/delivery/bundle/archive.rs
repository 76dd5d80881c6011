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
use super::check_component;
use crate::limits::{BUNDLE_FILES, BUNDLE_UNPACKED};

/// Writes these files in this order.
pub(super) fn pack<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, DeliveryError> {
    let options = SimpleFileOptions::DEFAULT
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut total = 0;
    for (name, bytes) in files {
        total += bytes.len();
        zip.start_file(name, options).map_err(DeliveryError::Archive)?;
        zip.write_all(bytes).map_err(|error| DeliveryError::Archive(ZipError::Io(error)))?;
    }
    if !BUNDLE_UNPACKED.admits(total) {
        return Err(DeliveryError::Unpacked);
    }
    zip.finish().map(Cursor::into_inner).map_err(DeliveryError::Archive)
}

/// Unpacks every file. Sizes are checked twice: as declared before anything is inflated, and while it is.
pub(super) fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, DeliveryError> {
    let mut zip = open(bytes)?;
    let mut declared = Vec::new();
    let mut total = 0_u64;
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(DeliveryError::Archive)?;
        let name = path(entry.name_raw())?;
        check_component(&name, entry.size())?;
        total = total.saturating_add(entry.size());
        declared.push((name, entry.size()));
    }
    if total > BUNDLE_UNPACKED.value {
        return Err(DeliveryError::Unpacked);
    }
    let numbered = declared.into_iter().enumerate();
    numbered.map(|(index, (name, size))| Ok((name.clone(), inflate(&mut zip, index, name, size)?))).collect()
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

fn inflate(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    name: String,
    size: u64,
) -> Result<Vec<u8>, DeliveryError> {
    let file = zip.by_index(index).map_err(DeliveryError::Archive)?;
    let mut bytes = Vec::new();
    match file.take(size.saturating_add(1)).read_to_end(&mut bytes) {
        Err(source) => Err(DeliveryError::Damaged { file: name, source }),
        Ok(read) if read as u64 != size => Err(DeliveryError::FalseSize(name)),
        Ok(_) => Ok(bytes),
    }
}
