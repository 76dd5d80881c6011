//! Which revision of its repository an experiment is of.

use std::path::Path;
use std::process::Command;

/// The revision that git has checked out around this folder, with `-dirty` where the folder differs from it; none where there is no
/// git, or no repository.
pub(crate) fn of(folder: &Path) -> Option<String> {
    let revision = git(folder, &["rev-parse", "--short=12", "HEAD"]).filter(|revision| !revision.is_empty())?;
    let clean = git(folder, &["status", "--porcelain", "--", "."]).is_some_and(|changes| changes.is_empty());
    Some(if clean { revision } else { format!("{revision}-dirty") })
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let told = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| told.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_outside_a_repository_has_no_revision() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of(folder.path()), None);
    }

    #[test]
    fn what_differs_from_the_revision_is_dirty() {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| git(folder.path(), arguments).unwrap();
        run(&["init", "--quiet"]);
        std::fs::write(folder.path().join("a.toml"), "").unwrap();
        run(&["add", "a.toml"]);
        run(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "-c",
            "commit.gpgsign=false",
            "commit",
            "--quiet",
            "-m",
            "a",
        ]);
        let clean = of(folder.path()).unwrap();
        assert!(clean.len() == 12 && clean.bytes().all(|byte| byte.is_ascii_hexdigit()), "{clean}");
        std::fs::write(folder.path().join("b.toml"), "").unwrap();
        assert_eq!(of(folder.path()).unwrap(), format!("{clean}-dirty"));
    }
}
