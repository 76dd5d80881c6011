//! Why a command failed, in one shape: whose fault, what, why, and what to do next.

use std::error::Error;

/// Whose fault a failure is: decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The user's input has a mistake, or a check failed.
    Input,
    /// The command's own fault, or its machine's.
    Own,
    /// A signal's, of this number: somebody stopped it.
    Signal(u8),
}

/// An error that a command can fail with.
pub(crate) trait Explain: Error {
    /// What to do next, where there is something.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The same of an error that tells several mistakes: what to do about each.
    fn hints(&self) -> Vec<String> {
        self.hint().into_iter().collect()
    }

    /// Whose fault it is.
    fn blame(&self) -> Blame {
        Blame::Input
    }
}

/// A command's failure, ready to be shown.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn Error>,
    hints: Vec<String>,
    blame: Blame,
    region: Option<String>,
}

impl Failure {
    /// The failure of one region among several.
    pub(crate) fn in_region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// A failure that is not the user's.
    pub(crate) fn own(what: &'static str, source: impl Error + 'static) -> Self {
        Self {
            error: Box::new(OwnFault { what, source: Box::new(source) }),
            hints: Vec::new(),
            blame: Blame::Own,
            region: None,
        }
    }

    /// The exit code: 1 or 2, as the command's help says; 128 and the signal's number where one stopped it, as shells say.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self.blame {
            Blame::Input => 1,
            Blame::Own => 2,
            Blame::Signal(number) => 128 + (number & 0x7f),
        }
    }

    /// The error, then each of its causes. A cause whose words its error already has is left out.
    pub(crate) fn causes(&self) -> Vec<String> {
        let region = self.region.as_ref().map(|region| format!("{region}: ")).unwrap_or_default();
        let mut causes = vec![format!("{region}{}", self.error)];
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if causes.last().is_some_and(|above| !above.contains(&words)) {
                causes.push(words);
            }
            cause = error.source();
        }
        causes
    }

    /// What to do next.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl<E: Explain + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { hints: error.hints(), blame: error.blame(), error: Box::new(error), region: None }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct OwnFault {
    what: &'static str,
    source: Box<dyn Error>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Sample {
        #[error("cannot read `a.toml`")]
        Read(#[source] Box<Sample>),
        #[error("no such file")]
        Missing,
        #[error("file `a.toml`: no such file")]
        Doubled(#[source] Box<Sample>),
    }

    impl Explain for Sample {}

    #[test]
    fn causes_are_told_once() {
        let failure = Failure::from(Sample::Read(Box::new(Sample::Missing)));
        assert_eq!(failure.causes(), ["cannot read `a.toml`", "no such file"]);
        let failure = Failure::from(Sample::Doubled(Box::new(Sample::Missing)));
        assert_eq!(failure.causes(), ["file `a.toml`: no such file"]);
    }

    #[test]
    fn own_faults_exit_with_2() {
        assert_eq!(Failure::from(Sample::Missing).exit_code(), 1);
        assert_eq!(Failure::own("cannot start", Sample::Missing).exit_code(), 2);
    }
}
