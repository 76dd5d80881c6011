//! The library that lets names fail to resolve, in programs as they are: Python and what it reaches of C, Node, Rust,
//! and the processes that they start. And what the wrapper makes of runtimes that can have it, and of those that
//! cannot.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_local::function::Function;
use misrule_names::{Board, VARIABLE};
use misrule_tests::layered::{self, local_appconfig, with_layer};
use misrule_tests::preloaded::Opt;
use misrule_tests::programs;

/// `EAI_NONAME` and `HOST_NOT_FOUND` (`netdb.h`).
const NO_NAME: i64 = -2;
const NOT_FOUND: i64 = 1;

/// What is blocked, and what is asked: with whether it is blocked.
const BLOCKED: [&str; 2] = ["shop.test", "*.internal.test"];
const ASKED: [(&str, bool); 7] = [
    ("shop.test", true),
    ("SHOP.Test.", true),
    ("db.internal.test", true),
    ("internal.test", false),
    ("open.test", false),
    ("localhost", false),
    ("127.0.0.1", false),
];

fn board() -> Board {
    let mut board = Board::new().unwrap();
    board.block(&BLOCKED, Duration::from_secs(600)).unwrap();
    board
}

fn page(descriptor: i32) -> String {
    format!("/proc/{}/fd/{descriptor}", std::process::id())
}

/// A program with the library, the resolver behind it, and a page.
fn preloaded(opt: &Opt, program: impl AsRef<Path>, page: &str) -> Command {
    let mut command = Command::new(program.as_ref());
    let libraries = format!("{}:{}", opt.library().display(), opt.resolver().display());
    command.env("LD_PRELOAD", libraries).env(VARIABLE, page);
    command
}

fn said(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = command.output()?;
    ensure!(status.success() && stderr.is_empty(), "{command:?}: {status}: {}", String::from_utf8_lossy(&stderr));
    Ok(String::from_utf8(stdout)?)
}

fn script(name: &str) -> std::path::PathBuf {
    programs::checkout().join("tests/functions").join(name)
}

/// Every answer of Python's, and whether all names were found or only those that are not blocked.
fn python(opt: &Opt, page: &str, blocks: bool) -> Result<()> {
    let mut command = preloaded(opt, programs::python("python")?, page);
    let answers = said(command.arg(script("resolve.py")).args(ASKED.map(|(name, _)| name)))?;
    assert_eq!(answers.lines().count(), ASKED.len() * 9, "{answers}");
    for answer in answers.lines() {
        let (name, way, error): (String, String, i64) = serde_json::from_str(answer)?;
        let blocked = blocks && ASKED.contains(&(name.as_str(), true));
        // Python asks `getaddrinfo` first for whatever its own functions want.
        let expected = if way.starts_with("gethostby") { NOT_FOUND } else { NO_NAME };
        assert_eq!(error, if blocked { expected } else { 0 }, "{answer}");
    }
    Ok(())
}

#[test]
fn python_and_c_find_no_blocked_name_in_any_way_and_their_children_neither() -> Result<()> {
    let (opt, board) = (Opt::new()?, board());
    python(&opt, &page(board.descriptor()), true)
}

#[test]
fn without_a_layers_page_every_name_is_found() -> Result<()> {
    let (opt, board) = (Opt::new()?, board());
    let gone = page(board.descriptor());
    drop(board);
    // What has no seals can be cut short under its readers.
    let short = tempfile::tempfile()?;
    short.set_len(64)?;
    for page in [gone.as_str(), "", "/no/such/page", "/etc/passwd", "/dev/zero", &page(short.as_raw_fd())] {
        python(&opt, page, false).with_context(|| page.to_owned())?;
    }
    Ok(())
}

#[test]
fn node_finds_no_blocked_name() -> Result<()> {
    let (opt, board) = (Opt::new()?, board());
    let ([node, _], names) = (programs::node()?, ["shop.test", "open.test"]);
    let told = said(preloaded(&opt, node, &page(board.descriptor())).arg(script("resolve.js")).args(names))?;
    let told: BTreeSet<_> = told.lines().collect();
    let expected = [
        "shop.test lookup ENOTFOUND",
        "shop.test http ENOTFOUND",
        "open.test lookup found",
        "open.test http ECONNREFUSED",
    ];
    assert_eq!(told, BTreeSet::from(expected));
    Ok(())
}

#[test]
fn rusts_standard_library_finds_no_blocked_name() -> Result<()> {
    let (opt, board) = (Opt::new()?, board());
    let program = opt.path().join("resolve");
    said(Command::new("rustc").arg("-o").args([&program, &script("resolve.rs")]))?;
    let told = said(preloaded(&opt, &program, &page(board.descriptor())).args(["shop.test", "open.test"]))?;
    let (blocked, open) = told.split_once('\n').context("two lines")?;
    assert!(blocked.starts_with("shop.test failed to lookup address information"), "{told}");
    assert_eq!(open, "open.test found\n");
    Ok(())
}

/// What it needs of libc stands in glibc 2.17 and in musl, whose loader ends a program that lacks a symbol.
#[test]
fn the_library_is_small_and_needs_nothing_unusual() -> Result<()> {
    let library = programs::library()?;
    assert!(fs::metadata(&library)?.len() < 32 * 1024);
    let symbols = said(Command::new("readelf").args(["--dyn-syms", "--wide"]).arg(&library))?;
    let rows: Vec<Vec<_>> = symbols.lines().map(|line| line.split_whitespace().collect()).collect();
    let named = |needed: bool| {
        let rows = rows.iter().filter(|row| row.len() >= 8 && row[4] == "GLOBAL" && (row[6] == "UND") == needed);
        rows.map(|row| row[7].split('@').next().unwrap_or_default()).collect::<BTreeSet<_>>()
    };
    let offered = ["getaddrinfo", "gethostbyname", "gethostbyname2", "gethostbyname2_r", "gethostbyname_r"];
    assert_eq!(named(false), BTreeSet::from(offered));
    let usual = [
        "__errno_location",
        "__h_errno_location",
        "clock_gettime",
        "close",
        "dlsym",
        "fcntl",
        "getenv",
        "lseek",
        "mmap",
        "open",
        "strnlen",
    ];
    assert_eq!(named(true).difference(&BTreeSet::from(usual)).collect::<Vec<_>>(), [""; 0].iter().collect::<Vec<_>>());
    Ok(())
}

/// A function whose names may fail to resolve, and the port of its layer.
async fn function() -> Result<(Function, u16)> {
    let (appconfig, _) = local_appconfig().await?;
    let port = layered::free_port()?;
    let variables = [("MISRULE_BLOCK_HOSTS", "true"), ("MISRULE_PORT", &port.to_string())];
    let builder = with_layer(layered::python("orders")?, &appconfig, &variables)?;
    Ok((builder.start().await?, port))
}

/// What a program says that the wrapper starts before this layer: its output, and the wrapper's own words.
fn wrapped(wrapper: &Path, port: u16, program: &Path, arguments: &[&str]) -> Result<(String, String)> {
    let mut command = Command::new(wrapper);
    command.arg(program).args(arguments).env_clear().env("MISRULE_PORT", port.to_string());
    let Output { status, stdout, stderr } = command.env("LD_PRELOAD", "/no/such/library.so").output()?;
    ensure!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    let own = String::from_utf8(stderr)?;
    let own = own.lines().filter(|line| line.starts_with("misrule-wrapper: ")).map(str::to_owned);
    Ok((String::from_utf8(stdout)?, own.collect::<Vec<_>>().join("\n")))
}

const VARIABLES: [&str; 3] = ["LD_PRELOAD", VARIABLE, "AWS_LAMBDA_RUNTIME_API"];
const UNTOUCHED: &str = "misrule-wrapper: the runtime runs without the library of `block-hosts`: ";

#[tokio::test]
async fn a_runtime_that_cannot_have_the_library_starts_as_it_is_and_a_line_says_so() -> Result<()> {
    let (_function, port) = function().await?;
    let opt = Opt::new()?;
    let program = opt.static_program(&VARIABLES)?;
    let untouched = format!("/no/such/library.so\nabsent\n127.0.0.1:{port}\n");
    let linked = format!("{UNTOUCHED}`{}` is linked statically, and loads no library", program.display());
    assert_eq!(wrapped(&opt.wrapper(), port, &program, &[])?, (untouched.clone(), linked));

    let script = "echo $LD_PRELOAD; echo ${MISRULE_NAMES:-absent}; echo $AWS_LAMBDA_RUNTIME_API";
    fs::remove_file(opt.library())?;
    let hint = "in a checkout, `cargo build --package misrule-preload --profile preload` makes it, to be put there";
    let missing = format!("{UNTOUCHED}`{}` is not there: {hint}", opt.library().display());
    assert_eq!(wrapped(&opt.wrapper(), port, Path::new("/bin/sh"), &["-c", script])?, (untouched, missing));
    Ok(())
}

#[tokio::test]
async fn a_runtime_of_glibc_gets_the_library_behind_those_that_it_has() -> Result<()> {
    let (_function, port) = function().await?;
    let opt = Opt::new()?;
    let script = "echo $LD_PRELOAD; echo ${MISRULE_NAMES:-absent}";
    let (told, own) = wrapped(&opt.wrapper(), port, Path::new("sh"), &["-c", script])?;
    assert_eq!(own, "");
    let (libraries, page) = told.split_once('\n').context("two lines")?;
    assert_eq!(libraries, format!("/no/such/library.so:{}", opt.library().display()));
    assert!(fs::read_link(page.trim())?.to_string_lossy().starts_with("/memfd:misrule-names"), "{page}");
    Ok(())
}
