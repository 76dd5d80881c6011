//! The wrapper: `/opt/misrule-wrapper`.

use std::process::ExitCode;

use misrule_extension::wrapper::{NOTHING_RUN, Wrapped, tell};

fn main() -> ExitCode {
    let wrapped = Wrapped::read(std::env::args_os(), |name| std::env::var_os(name));
    let error = match wrapped {
        Ok(wrapped) => wrapped.become_it(),
        Err(error) => error,
    };
    tell(&error.to_string());
    ExitCode::from(NOTHING_RUN)
}
