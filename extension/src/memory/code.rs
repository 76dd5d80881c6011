//! Pages of this program's own code, most of them the compiler's once it has run.

use std::fs;
use std::ptr::with_exposed_provenance_mut;

use rustix::mm::{Advice, madvise};

/// Gives them back to the kernel, which reads those that run again from the program's file: microseconds for each.
/// Where `/proc` is not there, they stay.
/// <https://man7.org/linux/man-pages/man2/madvise.2.html>
pub(super) fn give_back() {
    mappings().into_iter().for_each(forget);
}

fn mappings() -> Vec<Mapping> {
    let (Ok(maps), Ok(program)) = (fs::read_to_string("/proc/self/maps"), fs::read_link("/proc/self/exe")) else {
        return Vec::new();
    };
    let path = format!(" {}", program.display());
    maps.lines().filter_map(|line| Mapping::of_code(line, &path)).collect()
}

/// Addresses at which a file is mapped, private, to be read and run and never to be written.
#[derive(Debug, PartialEq, Eq)]
struct Mapping {
    start: usize,
    length: usize,
}

impl Mapping {
    /// Of a line of `/proc/self/maps` that maps code and ends with this path. Its columns: addresses, permissions, offset,
    /// device, inode, path. <https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html>
    fn of_code(line: &str, path: &str) -> Option<Self> {
        let (addresses, rest) = line.split_once(' ')?;
        let (start, end) = addresses.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        let length = end.checked_sub(start)?;
        (rest.starts_with("r-xp ") && rest.ends_with(path)).then_some(Self { start, length })
    }
}

#[expect(unsafe_code, reason = "the kernel cannot know that these pages are the file's")]
fn forget(Mapping { start, length }: Mapping) {
    // SAFETY: for pages of a private mapping of a file that were not written, `MADV_DONTNEED` changes nothing that a program
    // can see: the next access finds the file's bytes again. These pages cannot be written (`r-xp`), and were not by the
    // loader: it writes only where there are relocations, and the code of this program has none (CI looks for TEXTREL). The
    // file does not change: the kernel refuses to write to a program that runs (ETXTBSY).
    let given_back = unsafe { madvise(with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed) };
    // Where the kernel does not want to, they stay.
    let _ = given_back;
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = " /opt/extensions/mis rule";

    #[test]
    fn code_of_this_program_is_told_from_all_else() {
        let line = |permissions: &str, path: &str| format!("5500-7700 {permissions} 00534000 fe:00 12345      {path}");
        let code = Some(Mapping { start: 0x5500, length: 0x2200 });
        assert_eq!(Mapping::of_code(&line("r-xp", "/opt/extensions/mis rule"), PATH), code);
        for (permissions, path) in [
            ("r--p", "/opt/extensions/mis rule"),
            ("rw-p", "/opt/extensions/mis rule"),
            ("rwxp", "/opt/extensions/mis rule"),
            ("r-xs", "/opt/extensions/mis rule"),
            ("r-xp", "/opt/extensions/mis rule (deleted)"),
            ("r-xp", "/lib64/libc.so.6"),
            ("r-xp", ""),
            ("r-xp", "[vdso]"),
        ] {
            assert_eq!(Mapping::of_code(&line(permissions, path), PATH), None, "{permissions} {path}");
        }
        for garbage in ["", "x", "7700-5500 r-xp /opt/extensions/mis rule", "g-h r-xp /opt/extensions/mis rule"] {
            assert_eq!(Mapping::of_code(garbage, PATH), None, "{garbage}");
        }
    }

    #[test]
    fn code_that_was_given_back_runs_on() {
        assert_eq!(mappings().len(), 1, "the one that this test lies in");
        // Other tests run, and what they run comes back at once.
        let given_back = || {
            let before = resident();
            give_back();
            resident() < before
        };
        assert!((0..100).any(|_| given_back()), "{} kB stay", resident());
        code_of_this_program_is_told_from_all_else();
    }

    /// Kilobytes of this program's code in memory.
    fn resident() -> u64 {
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let path = format!(" {}", std::env::current_exe().unwrap().display());
        let mut lines = smaps.lines().skip_while(|line| Mapping::of_code(line, &path).is_none());
        let resident = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        resident.trim().trim_end_matches(" kB").parse().unwrap()
    }
}
