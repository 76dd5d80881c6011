//! The commands, a file each, all made alike: `Arguments`, `run`, then what `run` needs.

mod build;
mod bundle;
mod demo;
mod halt;
mod history;
mod inspect;
mod keygen;
mod layer;
mod new;
mod publish;
mod report;
mod resume;
mod schema;
mod status;
mod verify;

use crate::failure::Failure;
use crate::printer::Printer;

/// One line a command: its name, and the file that has its `Arguments`.
macro_rules! commands {
    ($($name:ident in $file:ident;)*) => {
        /// What the user asked for.
        #[derive(clap::Subcommand)]
        pub(crate) enum Command { $($name($file::Arguments)),* }

        impl Command {
            /// Does it.
            pub(crate) async fn run(&self, printer: &Printer) -> Result<(), Failure> {
                match self { $(Self::$name(arguments) => $file::run(arguments, printer).await),* }
            }
        }
    };
}

commands! {
    New in new;
    Build in build;
    Inspect in inspect;
    Keygen in keygen;
    Bundle in bundle;
    Verify in verify;
    Schema in schema;
    Publish in publish;
    Halt in halt;
    Status in status;
    History in history;
    Resume in resume;
    Report in report;
    Layer in layer;
    Demo in demo;
}
