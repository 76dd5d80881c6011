//! `misrule layer`: the layer as Lambda takes it.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::layer::{Archive, Checkout, Images, Wanted};
use crate::printer::Printer;

/// Make the Lambda layer, a zip for each architecture
///
/// Works in a checkout of Misrule, whose ready-made policies are compiled ahead. Needs cargo-zigbuild, which links against the glibc of Amazon Linux 2 (`pip install
/// cargo-zigbuild ziglang`), and Rust's target of the architecture: `rustup target add x86_64-unknown-linux-gnu` or
/// `aarch64-unknown-linux-gnu`. The same sources and the same Rust make the same bytes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For which of Lambda's architectures
    #[arg(long, value_enum, default_value = "x86_64")]
    arch: Wanted,
    /// Where to write misrule-ARCH.zip; by default target/layer of the checkout
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Builds, checks and packs; where each zip lies goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let checkout = Checkout::around(Path::new("."))?;
    checkout.check(arguments.arch.each())?;
    let output = arguments.output.clone().unwrap_or_else(|| checkout.default_output());
    for architecture in arguments.arch.each() {
        let images = Images::make(&checkout, *architecture)?;
        checkout.build(*architecture, &images, printer)?;
        let archive = Archive::of(&checkout, *architecture)?;
        printer.data(archive.write(&output)?.display());
        report(&archive, &images, printer);
    }
    Ok(())
}

fn report(archive: &Archive, images: &Images, printer: &Printer) {
    let glibc = archive.glibc.map(|version| format!("glibc {version}")).unwrap_or_else(|| "no glibc".to_owned());
    printer.say(format_args!("{} bytes, sha256 {}, needs {glibc}", archive.size(), archive.digest()));
    printer.say(format_args!("native images in it: {}, {} bytes before they are packed", images.count, images.bytes));
}
