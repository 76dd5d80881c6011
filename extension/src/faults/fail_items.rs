//! `fail-items`: reports records of a batch as failed, beside those that the handler reports.
//!
//! Before the handler it only notes them: the handler gets the whole batch, and the failures join its answer. Where the
//! experiment says that every mapping reports batch item failures, the handler does not get those records.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use misrule_engine::decision::{FaultKind, FunctionError, Hook, PolicyName};
use misrule_engine::invocation::{EditError, edit};

use super::{Effect, FaultError, LAMBDA, Outcome, Post, Row, Scene, fail};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::FailItems;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "batches of SQS, Kinesis, DynamoDB and Kafka; after the handler whole answers",
    seen: "the records among those that the handler reports as failed, see [Batches](#batches)",
    undone: "nothing: Lambda delivers them again",
};

/// Records of one invocation that are to be reported as failed once its handler answered.
#[derive(Debug, Default)]
pub struct FailedItems(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// Who wanted it last.
    policy: Option<PolicyName>,
    /// In JSON, each once.
    identifiers: Vec<String>,
    /// Whether the handler does not see them: then they are reported whatever becomes of the experiment.
    taken_out: bool,
}

/// Notes the records (before), or adds them to the report (after). Ids that no record of the batch has are left out.
///
/// # Errors
/// Where no record has any of these ids, or where the answer can be no report.
pub async fn carry_out(ids: &[String], policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let identifiers = scene.invocation.batch_items_named(ids);
    if identifiers.is_empty() {
        return Err(FaultError::NoSuchRecord);
    }
    match scene.hook {
        Hook::After => {
            let report = edit::report(scene.text, &identifiers).map_err(|error| scene.unchangeable(error))?;
            Ok(Effect::Changed(report.into()))
        }
        Hook::Before if scene.armed.enforcer.experiment().blast_radius.partial_batches => {
            take_out(ids, identifiers, policy, scene)
        }
        Hook::Before => {
            scene.failed_items.note(policy, identifiers, false);
            Ok(Effect::Done)
        }
    }
}

/// The event without the records. Where none is left the handler is not asked.
fn take_out(
    ids: &[String],
    identifiers: Vec<String>,
    policy: &PolicyName,
    scene: Scene<'_>,
) -> Result<Effect, FaultError> {
    let event = edit::without_records(scene.text, scene.invocation.source(), ids);
    let event = event.map_err(|error| scene.unchangeable(error))?;
    scene.failed_items.note(policy, identifiers, true);
    let noted = scene.failed_items.noted();
    if noted.identifiers.len() < usize::try_from(scene.invocation.batch_size()).unwrap_or(usize::MAX) {
        return Ok(Effect::Changed(event.into()));
    }
    let body = edit::report(b"", &noted.identifiers).map_err(|error| scene.unchangeable(error))?;
    let body = LAMBDA.check(body)?;
    Ok(Effect::Answer(Post { policy: policy.clone(), kind: KIND, outcome: Outcome::Response, body }))
}

impl FailedItems {
    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.noted().identifiers.is_empty()
    }

    /// Whether records were taken out of the event.
    pub fn are_taken_out(&self) -> bool {
        self.noted().taken_out
    }

    /// The effect with the failures in the answer, which is `text` unless the effect gives another one. An error stays one:
    /// then Lambda delivers the whole batch again. So does whatever cannot report records that the handler did not see.
    pub fn join(&self, effect: Effect, text: &Bytes, scene: Scene<'_>) -> Effect {
        let noted = self.noted();
        let Some(policy) = &noted.policy else { return effect };
        let report = match &effect {
            Effect::Done => noted.report(text),
            Effect::Changed(text) => noted.report(text),
            Effect::Answer(Post { outcome: Outcome::Response, body, .. }) => noted.report(body),
            Effect::Answer(Post { outcome: Outcome::Stream, .. }) => Err(EditError::NoReport),
            Effect::Answer(Post { outcome: Outcome::Error(_), .. }) | Effect::Crash => return effect,
        };
        let report = report.map_err(|error| scene.unchangeable(error));
        match (report.and_then(|report| LAMBDA.check(report)), effect) {
            (Ok(report), Effect::Answer(post)) => Effect::Answer(Post { body: report, ..post }),
            (Ok(report), _) => Effect::Changed(report),
            (Err(error), effect) => {
                scene.failed(policy, KIND, error.to_string());
                noted.whole_batch().map_or(effect, Effect::Answer)
            }
        }
    }

    /// What keeps records from being lost that the handler did not see, where they cannot be reported: an error, after which
    /// Lambda delivers the whole batch again. None where the handler saw all.
    pub fn whole_batch(&self) -> Option<Post> {
        self.noted().whole_batch()
    }

    fn note(&self, policy: &PolicyName, identifiers: Vec<String>, taken_out: bool) {
        let mut noted = self.noted();
        noted.policy = Some(policy.clone());
        noted.taken_out |= taken_out;
        for identifier in identifiers {
            if !noted.identifiers.contains(&identifier) {
                noted.identifiers.push(identifier);
            }
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    /// What Lambda is told. In the place of an answer in which it would find no report stands one of its own, where records
    /// would be lost else.
    fn report(&self, answer: &[u8]) -> Result<Vec<u8>, EditError> {
        match edit::report(answer, &self.identifiers) {
            Err(EditError::NoReport) if self.taken_out => edit::report(b"", &self.identifiers),
            report => report,
        }
    }

    fn whole_batch(&self) -> Option<Post> {
        let policy = self.policy.as_ref().filter(|_| self.taken_out)?;
        let message = "records that were taken out of the batch cannot be reported as failed, so the whole batch is";
        let (error_type, message) = ("Function.RecordsNotReported".to_owned(), message.to_owned());
        Some(fail::post(&FunctionError { error_type, message, stack: Vec::new() }, policy, KIND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(taken_out: bool) -> Noted {
        Noted { policy: Some(PolicyName::new("a")), identifiers: vec!["\"a\"".to_owned()], taken_out }
    }

    #[test]
    fn records_that_were_taken_out_are_reported_whatever_the_handler_says() {
        let alone = br#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#.to_vec();
        assert_eq!(noted(true).report(b"\"ok\""), Ok(alone.clone()));
        assert_eq!(noted(false).report(b"\"ok\""), Err(EditError::NoReport));
        assert_eq!(noted(false).report(b"null"), Ok(alone));
    }

    #[test]
    fn only_records_that_were_taken_out_fail_the_whole_batch() {
        let post = noted(true).whole_batch().unwrap();
        assert_eq!(
            post.outcome,
            Outcome::Error(vec![(fail::ERROR_TYPE, "Function.RecordsNotReported".parse().unwrap())])
        );
        assert!(noted(false).whole_batch().is_none() && FailedItems::default().whole_batch().is_none());
    }

    #[test]
    fn a_record_is_noted_once() {
        let failed = FailedItems::default();
        assert!(failed.is_empty() && !failed.are_taken_out());
        failed.note(&PolicyName::new("a"), vec!["1".to_owned()], true);
        failed.note(&PolicyName::new("b"), vec!["1".to_owned(), "2".to_owned()], false);
        assert_eq!(failed.noted().identifiers, ["1", "2"]);
        assert!(!failed.is_empty() && failed.are_taken_out());
    }
}
