//! What a program is linked against, by the interpreter that its ELF header names
//! (<https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html>). A script is what its own interpreter is.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// How many scripts may name one another as their interpreter: as many as Linux follows.
const SCRIPTS: usize = 5;

/// Bytes of a script's first line that Linux reads.
const FIRST_LINE: usize = 256;

/// Bytes of an ELF header of 64 bits, and of one of its program headers.
const HEADER: usize = 64;
const SEGMENT: usize = 56;

/// The longest name of an interpreter that is read.
const NAME: u64 = 4096;

/// Where a name without a slash is looked for where PATH does not say.
const USUAL_PATH: &str = "/bin:/usr/bin";

/// What a program is linked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Linkage {
    /// glibc, whose loader preloads libraries.
    Glibc,
    /// Another loader, by its name: musl's, most likely.
    Other(String),
    /// None: it brings everything along, as Go's programs do.
    Static,
    /// It is no program of 64 bits and no script.
    Unknown,
}

impl Linkage {
    /// That of the program which this word would run.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub(super) fn of(program: &OsStr, path: Option<&OsStr>) -> io::Result<Self> {
        let mut program = found(program, path)?;
        for _ in 0..SCRIPTS {
            let file = File::open(&program)?;
            let mut start = Vec::new();
            (&file).take(FIRST_LINE as u64).read_to_end(&mut start)?;
            match interpreter_of_script(&start) {
                Some(interpreter) => program = interpreter,
                None => return Self::of_elf(&file, &start),
            }
        }
        Ok(Self::Unknown)
    }

    fn of_elf(file: &File, start: &[u8]) -> io::Result<Self> {
        let Some(segments) = Segments::of(start) else { return Ok(Self::Unknown) };
        for number in 0..segments.count {
            let mut segment = [0; SEGMENT];
            file.read_exact_at(&mut segment, segments.at.saturating_add(u64::from(number) * segments.size))?;
            const INTERPRETER: u64 = 3;
            if le(&segment, 0, 4) == INTERPRETER {
                let mut name = vec![0; usize::try_from(le(&segment, 32, 8).min(NAME)).unwrap_or(0)];
                file.read_exact_at(&mut name, le(&segment, 8, 8))?;
                return Ok(Self::of_loader(&name));
            }
        }
        Ok(Self::Static)
    }

    /// glibc's loader is called `ld-linux-x86-64.so.2` or `ld-linux-aarch64.so.1`, wherever it lies.
    fn of_loader(name: &[u8]) -> Self {
        let name = String::from_utf8_lossy(name.strip_suffix(b"\0").unwrap_or(name)).into_owned();
        let file = Path::new(&name).file_name().unwrap_or_default();
        if file.as_bytes().starts_with(b"ld-linux") { Self::Glibc } else { Self::Other(name) }
    }
}

/// Where the program headers lie in a file.
struct Segments {
    at: u64,
    size: u64,
    count: u16,
}

impl Segments {
    /// Of 64 bits, and little-endian as both of Lambda's architectures are.
    fn of(start: &[u8]) -> Option<Self> {
        let header = start.get(..HEADER).filter(|header| header.starts_with(b"\x7fELF\x02\x01"))?;
        let count = u16::try_from(le(header, 56, 2)).ok()?;
        Some(Self { at: le(header, 32, 8), size: le(header, 54, 2), count }).filter(|it| it.size >= SEGMENT as u64)
    }
}

/// A little-endian number of so many bytes; what is not there is zero.
fn le(bytes: &[u8], at: usize, size: usize) -> u64 {
    let bytes = bytes.get(at..at + size).unwrap_or_default();
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The program that a word runs, as `exec` looks for it.
fn found(program: &OsStr, path: Option<&OsStr>) -> io::Result<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Ok(PathBuf::from(program));
    }
    let folders = std::env::split_paths(path.unwrap_or(OsStr::new(USUAL_PATH))).map(|folder| folder.join(program));
    let mut files = folders.filter(|file| is_executable(file));
    files.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such program in PATH"))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The program named in a script's first line, `#!/bin/sh -e` for example.
fn interpreter_of_script(start: &[u8]) -> Option<PathBuf> {
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    Some(PathBuf::from(OsString::from_vec(words.next()?.to_vec())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A program of 64 bits with one segment, which names this interpreter, or with none.
    fn program(interpreter: Option<&str>) -> Vec<u8> {
        let name = interpreter.unwrap_or_default();
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(HEADER + SEGMENT, 0);
        bytes[32..40].copy_from_slice(&(HEADER as u64).to_le_bytes());
        bytes[54..56].copy_from_slice(&(SEGMENT as u16).to_le_bytes());
        bytes[56..58].copy_from_slice(&1_u16.to_le_bytes());
        bytes[HEADER] = if interpreter.is_some() { 3 } else { 1 };
        bytes[HEADER + 8..HEADER + 16].copy_from_slice(&((HEADER + SEGMENT) as u64).to_le_bytes());
        bytes[HEADER + 32..HEADER + 40].copy_from_slice(&(name.len() as u64 + 1).to_le_bytes());
        bytes.extend(name.bytes().chain([0]));
        bytes
    }

    fn linkage(bytes: &[u8]) -> io::Result<Linkage> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        fs::write(&file, bytes).unwrap();
        Linkage::of(file.as_os_str(), None)
    }

    #[test]
    fn a_program_is_what_its_interpreter_is() {
        for (interpreter, expected) in [
            (Some("/lib64/ld-linux-x86-64.so.2"), Linkage::Glibc),
            (Some("/lib/ld-linux-aarch64.so.1"), Linkage::Glibc),
            (Some("/lib/ld-musl-x86_64.so.1"), Linkage::Other("/lib/ld-musl-x86_64.so.1".to_owned())),
            (None, Linkage::Static),
        ] {
            assert_eq!(linkage(&program(interpreter)).unwrap(), expected, "{interpreter:?}");
        }
    }

    #[test]
    fn a_script_is_what_its_interpreter_is() {
        let folder = tempfile::tempdir().unwrap();
        let musl = folder.path().join("musl shell");
        fs::write(&musl, program(Some("/lib/ld-musl-x86_64.so.1"))).unwrap();
        assert_eq!(linkage(b"#!/bin/sh -e\nexec true\n").unwrap(), Linkage::Glibc);
        let script = folder.path().join("script");
        fs::rename(&musl, folder.path().join("shell")).unwrap();
        fs::write(&script, format!("#! {}\n", folder.path().join("shell").display())).unwrap();
        assert!(matches!(Linkage::of(script.as_os_str(), None).unwrap(), Linkage::Other(_)));
        fs::write(&script, format!("#!{}", script.display())).unwrap();
        assert_eq!(Linkage::of(script.as_os_str(), None).unwrap(), Linkage::Unknown, "it names itself");
    }

    #[test]
    fn a_word_is_looked_for_in_path() {
        assert_eq!(Linkage::of(OsStr::new("sh"), None).unwrap(), Linkage::Glibc);
        assert_eq!(Linkage::of(OsStr::new("sh"), Some(OsStr::new("/no:/usr/bin"))).unwrap(), Linkage::Glibc);
        let error = Linkage::of(OsStr::new("sh"), Some(OsStr::new("/no/such/folder"))).unwrap_err();
        assert_eq!(error.to_string(), "no such program in PATH");
        assert!(Linkage::of(OsStr::new("/no/such/program"), None).is_err());
    }

    #[test]
    fn what_is_cut_short_or_no_program_is_known_to_be_none() {
        let whole = program(Some("/lib64/ld-linux-x86-64.so.2"));
        for length in 0..whole.len() {
            assert!(!matches!(linkage(&whole[..length]), Ok(Linkage::Glibc)), "{length}");
        }
        for none in [&b""[..], b"#!", b"#!\n", b"\x7fELF\x01\x01 of 32 bits", b"echo a script without a first line"] {
            assert_eq!(linkage(none).unwrap(), Linkage::Unknown, "{none:?}");
        }
    }
}
