//! Where the local Lambda does not do what AWS's emulator does, and why it stays so.

/// One difference, of one aspect of one case.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) case: &'static str,
    pub(crate) aspect: &'static str,
    /// What is different, and why the local Lambda keeps it.
    pub(crate) reason: &'static str,
}

const fn differs(case: &'static str, aspect: &'static str, reason: &'static str) -> Difference {
    Difference { case, aspect, reason }
}

/// Every difference. One that is not here fails the test, and one that is here and not seen fails it too.
pub(crate) const DIFFERENCES: &[Difference] = &[differs(
    "timeout",
    "callers",
    "the emulator answers 200 and a line of text; Lambda answers with an error of the type Sandbox.Timedout, as we do",
)];

/// The reasons of SHUTDOWN: the emulator sends its own words, and Lambda those that are documented.
/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html#runtimes-extensions-api-next>
pub(crate) const SHUTDOWN_REASONS: &[(&str, &str)] =
    &[("SandboxTerminated", "SPINDOWN"), ("spindown", "SPINDOWN"), ("Timeout", "TIMEOUT"), ("ReleaseFail", "FAILURE")];

/// Now and then the emulator ends a reset before it has cancelled what waited, and so cancels the next start, which has
/// done nothing yet. Such a run says nothing of the layer or of Lambda: the case is run again.
pub(crate) const EMULATORS_OWN_FAILURE: &str = "ErrGateCanceled";
