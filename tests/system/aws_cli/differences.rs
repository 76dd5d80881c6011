//! Where the local AppConfig does not answer as moto does, and why it stays so.

/// One difference, of one aspect of some steps.
#[derive(Debug)]
pub(crate) struct Difference {
    /// How the names of its steps begin.
    steps: &'static str,
    /// The status, the exception, or the path of a member.
    aspect: &'static str,
    /// What is different, and why the local AppConfig keeps it.
    #[expect(dead_code, reason = "told by the debug form, in a test that fails, and to who reads this")]
    reason: &'static str,
}

impl Difference {
    pub(crate) fn is_about(&self, step: &str, aspect: &str) -> bool {
        step.starts_with(self.steps) && aspect == self.aspect
    }
}

const fn differs(steps: &'static str, aspect: &'static str, reason: &'static str) -> Difference {
    Difference { steps, aspect, reason }
}

/// Every difference. One that is not here fails the test, and one that is here and not seen fails it too. The service's
/// model is `service-2.json`, which comes with the AWS command line.
pub(crate) const DIFFERENCES: &[Difference] = &[
    differs("make", "status", "moto answers 200; the service's model says 201"),
    differs("upload", "status", "moto answers 200; the service's model says 201"),
    differs("tag", "status", "moto answers 200; the service's model says 204"),
    differs("untag", "status", "moto answers 200; the service's model says 204"),
    differs("delete", "status", "moto answers 200; the service's model says 204"),
    differs("get no", "status", "moto answers 400; the service's model says 404"),
    differs("get deleted", "status", "moto answers 400; the service's model says 404"),
    differs("list profiles", ".Items[0].ValidatorTypes[0]", "moto leaves out what the summary of a profile has"),
    differs("upload second", ".Description", "moto sends the word None where nothing was said"),
    differs("upload second", ".VersionLabel", "moto sends the word None where nothing was said"),
];
