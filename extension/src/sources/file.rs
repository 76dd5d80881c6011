//! A file, for local runs and for experiments that are deployed with the function.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::digest::Digest;
use misrule_engine::limits::DELIVERY_BYTES;

use super::{Fetched, Source, SourceError};
use crate::settings::FileAddress;

const INTERVAL: Duration = Duration::from_secs(1);
/// Outside Lambda, where somebody edits the file and waits to see it.
const LOCAL_INTERVAL: Duration = Duration::from_millis(100);

/// A file. Whether it changed is told by its content's digest.
#[derive(Debug)]
pub struct File {
    address: FileAddress,
    name: String,
    last: Option<Digest>,
}

impl File {
    /// A source that reads the file at each fetch; nothing is read yet.
    pub fn open(address: FileAddress) -> Self {
        Self { name: address.to_string(), address, last: None }
    }

    fn judge(&mut self, content: Option<Vec<u8>>) -> Fetched {
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            self.last = None;
            return Fetched::Nothing { missing: format!("`{}` is absent or empty", self.address.path().display()) };
        };
        let digest = Digest::of(&content);
        if self.last.replace(digest) == Some(digest) {
            return Fetched::Unchanged;
        }
        Fetched::Content { bytes: Bytes::from(content), label: None }
    }
}

impl Source for File {
    fn name(&self) -> &str {
        &self.name
    }

    fn interval(&self) -> Duration {
        if self.address.confined() { INTERVAL } else { LOCAL_INTERVAL }
    }

    fn forget(&mut self) {
        self.last = None;
    }

    async fn fetch(&mut self) -> Result<Fetched, SourceError> {
        let address = self.address.clone();
        let path = address.path().to_path_buf();
        let read = tokio::task::spawn_blocking(move || read(&address)).await;
        let content = read.unwrap_or_else(|lost| Err(unreadable(path, std::io::Error::other(lost))))?;
        Ok(self.judge(content))
    }
}

/// The file's content, none where there is no file. What is longer than a delivery may be is cut just past the limit:
/// its reader refuses it by that.
fn read(address: &FileAddress) -> Result<Option<Vec<u8>>, SourceError> {
    let path = address.path();
    let resolved = match path.canonicalize() {
        Ok(resolved) => resolved,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path.to_path_buf(), error)),
    };
    if !address.admits(&resolved) {
        return Err(SourceError::OutsideDeployment { path: path.to_path_buf(), resolved });
    }
    let mut content = Vec::new();
    let read =
        std::fs::File::open(&resolved).and_then(|file| file.take(DELIVERY_BYTES.value + 1).read_to_end(&mut content));
    read.map_err(|error| unreadable(path.to_path_buf(), error))?;
    Ok(Some(content))
}

fn unreadable(path: PathBuf, source: std::io::Error) -> SourceError {
    SourceError::Unreadable { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, SourceAddress};

    fn source(path: &std::path::Path, local: &str) -> File {
        let value = format!("file:{}", path.display());
        let (settings, _) = Settings::read(|name| match name {
            "MISRULE_SOURCE" => Some(value.clone()),
            "MISRULE_LOCAL" => Some(local.to_owned()),
            _ => None,
        });
        let Some(SourceAddress::File(address)) = settings.source else { panic!("a file source is one") };
        File::open(address)
    }

    fn content(text: &'static str) -> Fetched {
        Fetched::Content { bytes: Bytes::from_static(text.as_bytes()), label: None }
    }

    #[tokio::test]
    async fn a_file_that_comes_changes_and_goes_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("experiment.json");
        let mut file = source(&path, "true");
        assert_eq!(file.interval(), Duration::from_millis(100));
        assert!(
            matches!(file.fetch().await.unwrap(), Fetched::Nothing { missing } if missing.contains("experiment.json"))
        );
        for (written, expected) in
            [("one", content("one")), ("one", Fetched::Unchanged), ("two", content("two")), ("one", content("one"))]
        {
            std::fs::write(&path, written).unwrap();
            assert_eq!(file.fetch().await.unwrap(), expected);
        }
        file.forget();
        assert_eq!(file.fetch().await.unwrap(), content("one"), "what it forgot is news");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(file.fetch().await.unwrap(), Fetched::Nothing { .. }));
        std::fs::write(&path, "one").unwrap();
        assert_eq!(file.fetch().await.unwrap(), content("one"), "after an absence the same content is news");
    }

    #[tokio::test]
    async fn what_is_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = source(folder.path(), "true").fetch().await.unwrap_err();
        assert_eq!(error.to_string(), format!("`{}` cannot be read", folder.path().display()));
    }

    #[tokio::test]
    async fn an_endless_file_is_read_just_past_the_limit() {
        let Fetched::Content { bytes, .. } = source("/dev/zero".as_ref(), "true").fetch().await.unwrap() else {
            panic!("zeros are content")
        };
        assert_eq!(bytes.len(), DELIVERY_BYTES.size() + 1);
    }

    #[test]
    fn a_link_out_of_what_was_deployed_is_not_followed() {
        let file = source("/opt/experiment.json".as_ref(), "false");
        assert_eq!(file.interval(), Duration::from_secs(1));
        let address = file.address;
        assert!(address.admits("/opt/experiments/one.json".as_ref()));
        assert!(!address.admits("/tmp/one.json".as_ref()));
    }
}
