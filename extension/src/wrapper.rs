//! The wrapper: `AWS_LAMBDA_EXEC_WRAPPER=/opt/misrule-wrapper`. It points a runtime at the proxy, if that is there, and
//! becomes the runtime.
//!
//! Standard library only, and the page of blocked names: it stands in the way of every cold start.

mod linkage;
mod preload;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use self::preload::{LD_PRELOAD, Preload};

/// How long the proxy may take to accept. It listens before the runtime is started, and the kernel accepts for it.
const CONNECT: Duration = Duration::from_millis(100);

/// How long it may take to say who it is: small functions get a few percent of a CPU.
const ANSWER: Duration = Duration::from_secs(1);

/// Pieces of an answer that are looked at. Ours comes in one; a stranger's may drip for ever.
const PIECES: usize = 4;

/// The exit status where nothing could be run, as a shell has it.
pub const NOTHING_RUN: u8 = 127;

/// What the wrapper is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// Another wrapper to run before the runtime.
    pub next: Option<OsString>,
    /// The runtime and its arguments, byte for byte.
    pub runtime: Vec<OsString>,
    /// The proxy's port.
    pub port: u16,
    /// The Runtime API that the proxy has to stand before; none where Lambda did not say.
    pub runtime_api: Option<String>,
    /// PATH, by which the runtime is found.
    pub path: Option<OsString>,
    /// LD_PRELOAD: the libraries that the runtime has anyway.
    pub libraries: Option<OsString>,
}

/// What the runtime's variables say of the layer.
struct Pointed {
    port: u16,
    preload: Option<Preload>,
}

/// Nothing was run.
#[derive(Debug)]
pub enum WrapperError {
    /// The wrapper was called without a program.
    NoProgram,
    /// The program could not be run.
    Exec {
        /// Its name.
        program: OsString,
        /// Why not.
        cause: io::Error,
    },
}

impl std::fmt::Display for WrapperError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoProgram => formatter.write_str("misrule-wrapper was called without the program to run"),
            Self::Exec { program, cause } => write!(formatter, "`{}` cannot be run: {cause}", program.display()),
        }
    }
}

impl std::error::Error for WrapperError {}

impl Wrapped {
    /// Reads what to do from the arguments (ours first) and variables of this process. A wrapper in MISRULE_NEXT_WRAPPER
    /// is run before the runtime, unless it is this one.
    ///
    /// # Errors
    /// Where no program is named.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, WrapperError> {
        let mut arguments = arguments.into_iter();
        let ours = arguments.next().unwrap_or_default();
        let runtime: Vec<_> = arguments.collect();
        if runtime.is_empty() {
            return Err(WrapperError::NoProgram);
        }
        let next = variable("MISRULE_NEXT_WRAPPER").filter(|next| !next.is_empty() && !same_file(next, &ours));
        let port =
            variable("MISRULE_PORT").and_then(|port| port.to_str()?.trim().parse().ok()).filter(|port| *port > 0);
        let runtime_api = variable("AWS_LAMBDA_RUNTIME_API").and_then(|api| api.into_string().ok());
        let (path, libraries) = (variable("PATH"), variable(LD_PRELOAD));
        Ok(Self { next, runtime, port: port.unwrap_or(9117), runtime_api, path, libraries })
    }

    /// Becomes the next wrapper or the runtime, pointed at the proxy if that answers. A wrapper that cannot be run is
    /// passed by: the function is not to pay for it. Returns only where the runtime cannot be run either.
    pub fn become_it(&self) -> WrapperError {
        let pointed = self.pointed();
        if let Err(reason) = &pointed {
            tell(&format!("the runtime runs without Misrule: {reason}"));
        }
        let pointed = pointed.ok();
        if let Some(next) = &self.next {
            let lost = exec(std::iter::once(next).chain(&self.runtime), pointed.as_ref());
            tell(&format!("MISRULE_NEXT_WRAPPER: {lost}; the runtime runs without it"));
        }
        exec(self.runtime.iter(), pointed.as_ref())
    }

    /// The layer that answers, and what it needs in the runtime where it says that names may fail to resolve there.
    fn pointed(&self) -> Result<Pointed, String> {
        let answer = proxy_answers(self.port, self.runtime_api.as_deref())?;
        let preload = page(&answer).map(|page| self.preload(&page)).transpose();
        if let Err(reason) = &preload {
            tell(&format!("the runtime runs without the library of `block-hosts`: {reason}"));
        }
        Ok(Pointed { port: self.port, preload: preload.ok().flatten() })
    }

    /// The layer is told, so that it does not promise what nobody would carry out.
    fn preload(&self, page: &str) -> Result<Preload, String> {
        let runtime = self.runtime.first().map_or(OsStr::new(""), OsString::as_os_str);
        let preload = Preload::prepare(page, runtime, self.path.as_deref(), self.libraries.as_deref())?;
        match ask(self.port, "POST /misrule/preloaded", |answer| answer.contains("\r\n\r\n")) {
            Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => Ok(preload),
            Ok(_) => Err("Misrule does not know it".to_owned()),
            Err(error) => Err(format!("Misrule cannot be told: {error}")),
        }
    }
}

fn exec<'a>(mut words: impl Iterator<Item = &'a OsString>, pointed: Option<&Pointed>) -> WrapperError {
    let Some(program) = words.next() else { return WrapperError::NoProgram };
    let mut command = Command::new(program);
    command.args(words);
    if let Some(Pointed { port, .. }) = pointed {
        command.env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}"));
    }
    if let Some(Preload { libraries, page }) = pointed.and_then(|pointed| pointed.preload.as_ref()) {
        command.env(LD_PRELOAD, libraries).env(misrule_names::VARIABLE, page);
    }
    WrapperError::Exec { program: program.clone(), cause: command.exec() }
}

/// Writes one line to stderr, which Lambda logs.
pub fn tell(what: &str) {
    let _ = io::stderr().write_all(format!("misrule-wrapper: {what}\n").as_bytes());
}

/// Two names of one file, by whatever links; the other is the name that this program was called by.
fn same_file(one: &OsStr, other: &OsStr) -> bool {
    let resolve = |name: &OsStr| Path::new(name).canonicalize().ok();
    let (resolved, ours) = (resolve(one), [resolve(other), std::env::current_exe().ok()]);
    one == other || (resolved.is_some() && ours.contains(&resolved))
}

/// Asks the port once who listens there, and before which Runtime API: another function's Misrule would have the runtime
/// wait for that function's events. What it says.
fn proxy_answers(port: u16, runtime_api: Option<&str>) -> Result<String, String> {
    match ask(port, "GET /misrule", |answer| is_misrule(answer) && answer.ends_with('}')) {
        Ok(answer) if !is_misrule(&answer) => Err(format!("something else answers on 127.0.0.1:{port}")),
        Ok(answer) if stands_before(&answer, runtime_api) => Ok(answer),
        Ok(_) => Err(format!(
            "the Misrule on 127.0.0.1:{port} does not stand before {}; MISRULE_PORT gives each function a port",
            runtime_api.unwrap_or_default()
        )),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Err(format!("who listens on 127.0.0.1:{port} does not say that it is Misrule"))
        }
        Err(error) => Err(format!("nothing answers on 127.0.0.1:{port}: {error}")),
    }
}

/// Sends a request without a body, and reads the answer until it is whole.
fn ask(port: u16, request: &str, whole: impl Fn(&str) -> bool) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), CONNECT)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    let head = format!("{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let (mut answer, mut piece) = (String::new(), [0; 1024]);
    for _ in 0..PIECES {
        let read = stream.read(&mut piece)?;
        answer.push_str(&String::from_utf8_lossy(&piece[..read]));
        if read == 0 || whole(&answer) {
            break;
        }
    }
    Ok(answer)
}

fn is_misrule(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""name":"misrule""#)
}

/// Whether this Runtime API is among those that the answer names, in the form in which the proxy writes them.
fn stands_before(answer: &str, runtime_api: Option<&str>) -> bool {
    let Some(runtime_api) = runtime_api else { return true };
    let plain = runtime_api.strip_prefix("http://").unwrap_or(runtime_api).trim_end_matches('/');
    answer.contains(&format!("\"{plain}\""))
}

/// Where the page of blocked names is, where the answer offers one.
fn page(answer: &str) -> Option<String> {
    let (_, behind) = answer.split_once(r#""page":""#)?;
    Some(behind.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], variables: &[(&str, &str)]) -> Result<(Vec<String>, u16), String> {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        let wrapped =
            Wrapped::read(arguments.iter().map(OsString::from), variable).map_err(|error| error.to_string())?;
        let words = wrapped.next.iter().chain(&wrapped.runtime);
        Ok((words.map(|word| word.to_string_lossy().into_owned()).collect(), wrapped.port))
    }

    #[test]
    fn the_runtime_is_run_by_the_next_wrapper_where_there_is_one() {
        let (ours, runtime) = ("/opt/misrule-wrapper", "/var/runtime/bootstrap");
        let next = |next| read(&[ours, runtime, "a b"], &[("MISRULE_NEXT_WRAPPER", next)]).unwrap().0;
        assert_eq!(next(""), [runtime, "a b"]);
        assert_eq!(next("/opt/other"), ["/opt/other", runtime, "a b"]);
        assert_eq!(next(ours), [runtime, "a b"], "it does not run itself");
        let this = std::env::current_exe().unwrap();
        assert_eq!(next(this.to_str().unwrap()), [runtime, "a b"], "it does not run itself by another name");
    }

    #[test]
    fn a_port_that_is_none_is_the_layers_own() {
        let port = |port| read(&["w", "r"], &[("MISRULE_PORT", port)]).unwrap().1;
        assert_eq!((port("9200"), port(" 9200 "), port("many"), port("0")), (9200, 9200, 9117, 9117));
    }

    #[test]
    fn without_a_program_it_says_so() {
        assert_eq!(read(&["w"], &[]).unwrap_err(), "misrule-wrapper was called without the program to run");
    }

    #[test]
    fn only_misrule_is_misrule() {
        assert!(is_misrule("HTTP/1.1 200 OK\r\n\r\n{\"name\":\"misrule\",\"version\":\"0.1.0\"}"));
        assert!(!is_misrule("HTTP/1.1 404 Not Found\r\n\r\n{\"name\":\"misrule\"}"));
        assert!(!is_misrule("HTTP/1.1 200 OK\r\n\r\n{\"name\":\"other\"}"));
    }

    #[test]
    fn a_page_is_offered_or_not() {
        let answer = r#"{"before":[],"name":"misrule","page":"/proc/7/fd/9","version":"0.1.0"}"#;
        assert_eq!(page(answer).as_deref(), Some("/proc/7/fd/9"));
        assert_eq!(page(r#"{"before":[],"name":"misrule"}"#), None);
    }

    #[test]
    fn a_proxy_before_another_functions_lambda_is_a_stranger() {
        let answer = r#"{"before":["127.0.0.1:9118","127.0.0.1:9001"],"name":"misrule"}"#;
        for ours in [None, Some("127.0.0.1:9001"), Some("http://127.0.0.1:9001/"), Some("127.0.0.1:9118")] {
            assert!(stands_before(answer, ours), "{ours:?}");
        }
        for other in ["127.0.0.1:900", "27.0.0.1:9001", "127.0.0.1:9002", ""] {
            assert!(!stands_before(answer, Some(other)), "{other}");
        }
    }
}
