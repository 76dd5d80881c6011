//! `misrule keygen`: a key to sign bundles with.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::key_file;
use crate::printer::Printer;

/// Make a key to sign bundles with
///
/// The private key goes to a file that only you may read (Ed25519, PKCS#8 in PEM), and never over another one. The public key
/// goes to stdout: set it as MISRULE_PUBLIC_KEY on the function, and its layer arms nothing but what this key signed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to write the private key
    #[arg(long, value_name = "FILE", default_value = "misrule-key.pem")]
    output: PathBuf,
}

/// Makes the key; the public one goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let public = key_file::create(&arguments.output)?.public_key();
    printer.data(public);
    printer.say(format_args!(
        "wrote the private key `{}`, which log lines name `{}`",
        arguments.output.display(),
        public.id()
    ));
    printer
        .say(format_args!("keep it secret and out of the repository; on the function set MISRULE_PUBLIC_KEY={public}"));
    Ok(())
}
