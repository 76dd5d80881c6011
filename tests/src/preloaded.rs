//! What is preloaded into runtimes, as a layer holds it: the wrapper with its library beside it, and a resolver that
//! knows names without a network.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::programs;

/// A folder like `/opt`, with what tests add to it.
pub struct Opt(TempDir);

impl Opt {
    /// Copies what is built, and compiles the resolver.
    ///
    /// # Errors
    ///
    /// Where something cannot be built.
    pub fn new() -> Result<Self> {
        let (wrapper, library) = (programs::program("misrule-wrapper")?, programs::library()?);
        // Beside the programs: there things can be executed.
        let beside = wrapper.parent().context("programs stand in a folder")?;
        let opt = Self(TempDir::with_prefix_in("opt-", beside)?);
        fs::copy(wrapper, opt.wrapper())?;
        fs::copy(library, opt.library())?;
        let resolver = programs::checkout().join("tests/functions/resolver.c");
        compile(["-shared", "-fPIC", "-o"].map(OsStr::new), &opt.resolver(), &resolver)?;
        Ok(opt)
    }

    /// The wrapper.
    pub fn wrapper(&self) -> PathBuf {
        self.path().join("misrule-wrapper")
    }

    /// The library that lets names fail to resolve.
    pub fn library(&self) -> PathBuf {
        self.path().join("libmisrule_preload.so")
    }

    /// A library in which names that end in `.test` lead to this machine. It has to come behind ours.
    pub fn resolver(&self) -> PathBuf {
        self.path().join("resolver.so")
    }

    /// A wrapper to run next, which adds the resolver behind ours.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn next_wrapper(&self) -> Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt as _;

        let file = self.path().join("next-wrapper");
        let add = format!("export LD_PRELOAD=\"${{LD_PRELOAD:+$LD_PRELOAD:}}{}\"", self.resolver().display());
        fs::write(&file, format!("#!/bin/sh\n{add}\nexec \"$@\"\n"))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        Ok(file)
    }

    /// A statically linked program that shows these variables of its own, a line each.
    ///
    /// # Errors
    ///
    /// Where the C compiler cannot link it: it needs libc's own archive, which Debian's `libc6-dev` has.
    pub fn static_program(&self, variables: &[&str]) -> Result<PathBuf> {
        let show = variables.iter().map(|name| format!("show(\"{name}\");")).collect::<String>();
        let source = self.path().join("show.c");
        let start = "#include <stdio.h>\n#include <stdlib.h>\n";
        let function =
            "static void show(const char *name) { const char *v = getenv(name); puts(v ? v : \"absent\"); }\n";
        fs::write(&source, format!("{start}{function}int main(void) {{ {show} return 0; }}\n"))?;
        let program = self.path().join("show");
        compile(["-static", "-o"].map(OsStr::new), &program, &source)?;
        Ok(program)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

fn compile<const N: usize>(arguments: [&OsStr; N], output: &Path, source: &Path) -> Result<()> {
    let compiled = Command::new("cc").args(arguments).args([output, source]).arg("-ldl").output()?;
    ensure!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    Ok(())
}
