//! Private keys in files: PKCS#8 in PEM ([RFC 8410](https://www.rfc-editor.org/rfc/rfc8410)), as OpenSSL writes them too.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use misrule_engine::delivery::{KeyError, Keys, SigningKey};

use crate::failure::Explain;
use crate::printer::Printer;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
/// How an encrypted one begins (RFC 7468, section 11).
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// What stands before the 32 secret bytes: a sequence of version 0, the algorithm Ed25519 and an octet string in an octet
/// string.
const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Why a file of a private key is not used, or not made. Nothing of its content is repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// It is not there, or not to be read.
    #[error("cannot read the private key `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else is in it.
    #[error("`{}` holds no Ed25519 private key", .0.display())]
    NoKey(PathBuf),
    /// A key that only a password opens.
    #[error("the private key `{}` is encrypted", .0.display())]
    Encrypted(PathBuf),
    /// Native images are left out of what has none.
    #[error("`--no-native` is for what is signed: without `--key` there are no native images to leave out")]
    NothingNative,
    /// There is a file already.
    #[error("`{}` exists, and a key is never overwritten", .0.display())]
    Exists(PathBuf),
    /// It cannot be made.
    #[error("cannot write the private key `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] io::Error),
}

impl Explain for KeyFileError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey(_) => {
                Some("`misrule keygen` makes one, as does `openssl genpkey -algorithm ed25519`".to_owned())
            }
            Self::Encrypted(path) => Some(format!(
                "take the password off, in a file that only its owner may read: `openssl pkey -in {} -out FILE`",
                path.display()
            )),
            Self::NothingNative => Some("leave it out, or sign with `--key FILE`".to_owned()),
            Self::Exists(_) => Some("say another with `--output FILE`".to_owned()),
            Self::Read { path, source } => unread_hint(path, source.kind()),
            Self::Write { .. } | Self::Random(_) => None,
        }
    }
}

fn unread_hint(path: &Path, why: io::ErrorKind) -> Option<String> {
    match why {
        io::ErrorKind::NotFound => Some("`misrule keygen` makes one".to_owned()),
        io::ErrorKind::PermissionDenied => Some(format!(
            "a private key is for its owner to read: run this as the owner, who may need `chmod 600 {}`",
            path.display()
        )),
        _ => None,
    }
}

/// Public keys, as an argument says them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublicKeys(pub(crate) Keys);

/// An argument is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPublicKeys {
    /// It names a file.
    #[error("this is a file; say the public key itself, the 44 characters that `misrule keygen` prints")]
    File,
    /// It is something else.
    #[error("{0}; say the 44 characters that `misrule keygen` prints")]
    NoKey(KeyError),
}

impl FromStr for PublicKeys {
    type Err = NoPublicKeys;

    fn from_str(text: &str) -> Result<Self, NoPublicKeys> {
        match text.parse() {
            Ok(keys) => Ok(Self(keys)),
            Err(_) if Path::new(text).is_file() => Err(NoPublicKeys::File),
            Err(error) => Err(NoPublicKeys::NoKey(error)),
        }
    }
}

/// Who signs what is published.
#[derive(Debug, clap::Args)]
pub(crate) struct Signing {
    /// Sign with this private key, which `misrule keygen` made
    #[arg(long = "key", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Leave out native images of the modules, which spare layers the compiling; only with `--key`: else there are none
    #[arg(long)]
    no_native: bool,
}

/// A key, and what else goes into a bundle that somebody signs.
#[derive(Debug)]
pub(crate) struct Signer {
    /// It signs.
    pub(crate) key: SigningKey,
    /// Whether native images of the modules come along.
    pub(crate) native: bool,
}

impl Signing {
    /// Who signs; none where nobody does. A key that lies open is warned of.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no key.
    pub(crate) fn key(&self, printer: &Printer) -> Result<Option<Signer>, KeyFileError> {
        if self.no_native && self.file.is_none() {
            return Err(KeyFileError::NothingNative);
        }
        let key = self.file.as_deref().map(read).transpose()?;
        self.file.as_deref().and_then(exposed).into_iter().for_each(|warning| printer.warn(warning));
        Ok(key.map(|key| Signer { key, native: !self.no_native }))
    }
}

/// What to say of a key that others than its owner may read.
fn exposed(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let file = path.display();
    (mode & 0o077 != 0).then(|| format!("others may read the private key `{file}`: `chmod 600 {file}`"))
}

/// Reads a private key.
fn read(path: &Path) -> Result<SigningKey, KeyFileError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => KeyFileError::NoKey(path.to_owned()),
        _ => KeyFileError::Read { path: path.to_owned(), source },
    })?;
    if text.trim_start().starts_with(ENCRYPTED) {
        return Err(KeyFileError::Encrypted(path.to_owned()));
    }
    seed(&text).map(|seed| SigningKey::from_seed(&seed)).ok_or_else(|| KeyFileError::NoKey(path.to_owned()))
}

/// Makes a new private key in a new file, which only its owner may read.
pub(crate) fn create(path: &Path) -> Result<SigningKey, KeyFileError> {
    let seed = random().map_err(KeyFileError::Random)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(pem(&seed).as_bytes()));
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::Write { path: path.to_owned(), source },
    })?;
    Ok(SigningKey::from_seed(&seed))
}

fn random() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut seed)?;
    Ok(seed)
}

fn pem(seed: &[u8; 32]) -> String {
    format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode([&HEAD[..], seed].concat()))
}

fn seed(text: &str) -> Option<[u8; 32]> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()?.strip_prefix(&HEAD)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_made_only_where_it_is_absent() {
        let hint = |kind: io::ErrorKind| KeyFileError::Read { path: "my.pem".into(), source: kind.into() }.hint();
        assert_eq!(hint(io::ErrorKind::NotFound).unwrap(), "`misrule keygen` makes one");
        assert!(hint(io::ErrorKind::PermissionDenied).unwrap().ends_with("`chmod 600 my.pem`"));
        assert_eq!(hint(io::ErrorKind::IsADirectory), None);
    }

    #[test]
    fn a_key_reads_back() {
        let text = pem(&[7; 32]);
        assert_eq!(seed(&text), Some([7; 32]));
        assert_eq!(seed(&text.replace('\n', "\r\n")), Some([7; 32]));
        for wrong in [&text[1..], &text.replace("PRIVATE", "PUBLIC"), &text.replace("MC4", "MC5"), "", BEGIN] {
            assert_eq!(seed(wrong), None, "{wrong}");
        }
    }

    /// The example of RFC 8410, section 10.3.
    #[test]
    fn the_rfcs_key_is_read() {
        let text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----";
        let key = SigningKey::from_seed(&seed(text).unwrap());
        assert_eq!(key.public_key().to_string(), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
    }
}
