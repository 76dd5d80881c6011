//! Which glibc a program needs: the versions that its dynamic symbols name
//! (<https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>).

use std::fmt::{self, Display, Formatter};

use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader as _, SectionHeader as _};

/// The oldest that a layer meets: Amazon Linux 2's. Amazon Linux 2023 has 2.34.
pub(super) const OLDEST: Glibc = Glibc { major: 2, minor: 26 };

/// A version of glibc; the third number of old ones is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glibc {
    major: u32,
    minor: u32,
}

impl Display for Glibc {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl Glibc {
    /// `GLIBC_2.26` and its like. Names without a number, such as `GLIBC_ABI_DT_RELR`, are none.
    fn parse(name: &str) -> Option<Self> {
        let mut numbers = name.strip_prefix("GLIBC_")?.split('.').map(str::parse);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        numbers.all(|number| number.is_ok()).then_some(Self { major, minor })
    }
}

/// The newest version that a program needs, or the name of one that Amazon Linux 2 does not have. A program that is linked
/// statically needs none.
///
/// # Errors
///
/// The bytes are no ELF file of 64 bits.
pub(super) fn newest(program: &[u8]) -> Result<Result<Option<Glibc>, String>, object::Error> {
    let mut newest = None;
    for name in names(program)?.into_iter().filter(|name| name.starts_with("GLIBC_")) {
        match Glibc::parse(&name) {
            Some(version) if version <= OLDEST => newest = newest.max(Some(version)),
            _ => return Ok(Err(name)),
        }
    }
    Ok(Ok(newest))
}

fn names(program: &[u8]) -> Result<Vec<String>, object::Error> {
    let header = FileHeader64::<Endianness>::parse(program)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, program)?;
    let Some((mut files, strings)) = sections.gnu_verneed(endian, program)? else { return Ok(Vec::new()) };
    let strings = sections.section(strings)?.strings(endian, program)?.unwrap_or_default();
    let mut names = Vec::new();
    while let Some((_, mut versions)) = files.next()? {
        while let Some(version) = versions.next()? {
            names.push(String::from_utf8_lossy(version.name(endian, strings)?).into_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let version = |name| Glibc::parse(name).unwrap();
        assert!(version("GLIBC_2.2.5") < version("GLIBC_2.17"));
        assert!(version("GLIBC_2.26") <= OLDEST && version("GLIBC_2.27") > OLDEST);
        for none in ["GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR", "GLIBC_2", "GLIBC_2.x", "GCC_3.0"] {
            assert_eq!(Glibc::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_program_names_the_versions_that_it_needs() {
        let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let names = names(&this).unwrap();
        assert!(names.iter().any(|name| Glibc::parse(name).is_some()), "{names:?}");
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert!(newest(b"#!/bin/sh\n").is_err());
    }
}
