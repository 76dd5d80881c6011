//! `fill-disk`: fills /tmp, so that who writes there finds no room.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::{Effect, FaultError, Row, Scene, blocking};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::FillDisk;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any",
    seen: "what the handler does where /tmp has no room",
    undone: "the space is free again when the invocation is over",
};

/// The one folder that a function may write to.
const FOLDER: &str = "/tmp";

/// What is written at once where the file system cannot set blocks aside, and the least that is still tried, in bytes.
const PIECE: usize = 64 * 1024;
const LEAST: u64 = 4096;

/// Takes so many bytes of /tmp, or all that is free of it where that is less, until the invocation ends.
///
/// # Errors
/// Where no file can be made there.
pub async fn carry_out(bytes: u64, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let file = blocking::work(move || fill(Path::new(FOLDER), bytes)).await;
    let file = file.map_err(|error| FaultError::took("disk space", &error))?;
    scene.lasting.hold(file, &Step::FillDisk(bytes), policy, scene);
    Ok(Effect::Done)
}

/// A file of this size, or of what room there is. It has no name any more, so that the kernel takes it back however this
/// process ends.
fn fill(folder: &Path, bytes: u64) -> io::Result<File> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!(".misrule-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let path = folder.join(name);
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    match set_aside(&file, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_out(&file, bytes)?,
        set_aside => set_aside?,
    }
    Ok(file)
}

/// Sets blocks aside without writing them: half of it where there is no room for the whole, and so on.
fn set_aside(file: &File, bytes: u64) -> Result<(), Errno> {
    let (mut taken, mut piece) = (0, bytes);
    while taken < bytes && piece > 0 {
        match fallocate(file, FallocateFlags::empty(), taken, piece.min(bytes - taken)) {
            Ok(()) => taken += piece.min(bytes - taken),
            Err(Errno::NOSPC | Errno::FBIG | Errno::DQUOT) if piece <= LEAST => return Ok(()),
            Err(Errno::NOSPC | Errno::FBIG | Errno::DQUOT) => piece /= 2,
            Err(Errno::INTR) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

fn write_out(mut file: &File, bytes: u64) -> io::Result<()> {
    let zeros = [0; PIECE];
    let mut left = bytes;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        match file.write(&zeros[..piece]) {
            Ok(written) => left -= written as u64,
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn so_many_bytes_are_taken_and_nobody_finds_a_file() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [0, 1, 3 * MIB + 1] {
            let file = fill(folder.path(), bytes).unwrap();
            let taken = file.metadata().unwrap().blocks() * 512;
            assert!(taken >= bytes && taken < bytes + MIB, "{bytes}: {taken}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn blocks_are_written_where_they_cannot_be_set_aside() {
        let file = tempfile::tempfile().unwrap();
        write_out(&file, MIB + 7).unwrap();
        assert_eq!(file.metadata().unwrap().len(), MIB + 7);
    }

    #[test]
    fn without_the_folder_it_fails() {
        assert_eq!(fill(Path::new("/no/such/folder"), 1).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
