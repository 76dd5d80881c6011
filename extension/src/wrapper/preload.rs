//! What a runtime is given so that names can fail to resolve in it, where it can have that.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use misrule_names::Window;

use super::linkage::Linkage;

/// The loader's variable: the libraries that it loads before all others.
pub(super) const LD_PRELOAD: &str = "LD_PRELOAD";

/// The library, beside the wrapper.
const LIBRARY: &str = "libmisrule_preload.so";

/// What to do where it is not there: the layer's zip has it, a checkout may not.
const HINT: &str = "in a checkout, `cargo build --package misrule-preload --profile preload` makes it, to be put there";

/// The variables of a runtime with our library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Preload {
    /// LD_PRELOAD: ours behind those that were there.
    pub(super) libraries: OsString,
    /// The page that says which names are blocked.
    pub(super) page: String,
}

impl Preload {
    /// For this runtime, with these libraries to preload already. `page` is where the layer says that its page is.
    ///
    /// # Errors
    /// Why the runtime has to start without.
    pub(super) fn prepare(
        page: &str,
        runtime: &OsStr,
        path: Option<&OsStr>,
        libraries: Option<&OsStr>,
    ) -> Result<Self, String> {
        takes_libraries(runtime, path)?;
        let library = library(std::env::current_exe().ok().as_deref())?;
        let name = CString::new(page).map_err(|_| "the layer's page has no name".to_owned())?;
        Window::closed().open(&name).map_err(|error| error.to_string())?;
        Ok(Self { libraries: appended(libraries, &library), page: page.to_owned() })
    }
}

fn takes_libraries(runtime: &OsStr, path: Option<&OsStr>) -> Result<(), String> {
    let shown = runtime.display();
    match Linkage::of(runtime, path) {
        Ok(Linkage::Glibc) => Ok(()),
        Ok(Linkage::Other(loader)) => Err(format!("`{shown}` is loaded by `{loader}`, which is not glibc's")),
        Ok(Linkage::Static) => Err(format!("`{shown}` is linked statically, and loads no library")),
        Ok(Linkage::Unknown) => Err(format!("`{shown}` is neither a program of 64 bits nor a script that names one")),
        Err(error) => Err(format!("`{shown}` cannot be read: {error}")),
    }
}

/// The library beside this program. The loader cannot be told of a place with a space or a colon in it.
fn library(program: Option<&Path>) -> Result<PathBuf, String> {
    let library = program.and_then(Path::parent).map(|folder| folder.join(LIBRARY));
    let library = library.ok_or("the wrapper does not know where it lies")?;
    let shown = library.display();
    if library.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b' ' | b':')) {
        return Err(format!("`{shown}` cannot be named in LD_PRELOAD"));
    }
    if library.is_file() { Ok(library) } else { Err(format!("`{shown}` is not there: {HINT}")) }
}

/// Behind the libraries that were there: what they do is done as it was.
fn appended(libraries: Option<&OsStr>, library: &Path) -> OsString {
    let mut all = libraries.unwrap_or_default().to_owned();
    let is_ours = |there: &[u8]| there == library.as_os_str().as_bytes();
    if all.as_bytes().split(|byte| matches!(byte, b' ' | b':')).any(is_ours) {
        return all;
    }
    if !all.is_empty() {
        all.push(":");
    }
    all.push(library);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_comes_last_and_once() {
        let ours = Path::new("/opt/libmisrule_preload.so");
        let with = |there: Option<&str>| appended(there.map(OsStr::new), ours).into_string().unwrap();
        assert_eq!(with(None), "/opt/libmisrule_preload.so");
        assert_eq!(with(Some("")), "/opt/libmisrule_preload.so");
        assert_eq!(with(Some("/opt/a.so /opt/b.so")), "/opt/a.so /opt/b.so:/opt/libmisrule_preload.so");
        assert_eq!(with(Some("/opt/a.so:/opt/libmisrule_preload.so")), "/opt/a.so:/opt/libmisrule_preload.so");
    }

    #[test]
    fn the_library_lies_beside_the_wrapper() {
        let folder = tempfile::tempdir().unwrap();
        let missing = library(Some(&folder.path().join("misrule-wrapper"))).unwrap_err();
        assert_eq!(missing, format!("`{}` is not there: {HINT}", folder.path().join(LIBRARY).display()));
        std::fs::write(folder.path().join(LIBRARY), "").unwrap();
        assert_eq!(library(Some(&folder.path().join("misrule-wrapper"))), Ok(folder.path().join(LIBRARY)));
        let odd = library(Some(Path::new("/my layer/misrule-wrapper"))).unwrap_err();
        assert_eq!(odd, "`/my layer/libmisrule_preload.so` cannot be named in LD_PRELOAD");
        assert!(library(None).is_err());
    }

    #[test]
    fn without_a_page_or_a_program_the_runtime_starts_without() {
        let refused = |page, runtime| Preload::prepare(page, OsStr::new(runtime), None, None).unwrap_err();
        assert!(refused("/no/such/page", "/no/such/runtime").starts_with("`/no/such/runtime` cannot be read: "));
        assert!(refused("/no/such/page", "/etc/hostname").contains("neither a program"));
    }
}
