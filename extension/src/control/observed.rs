//! What invocations show of the experiment in force, and what becomes of it then.

use std::sync::atomic::Ordering;

use misrule_engine::decision;
use misrule_engine::experiment::Elsewhere;
use misrule_engine::invocation::{Arn, Head};

use super::failure::{Failure, rescue};
use super::loader::Refusal;
use super::state::{State, disarmed, milliseconds};
use super::{Armed, Why};
use crate::telemetry::{OutsideBlastRadius, Stopped};

impl State {
    /// The experiment does not admit this invocation: for where it came from, or for another reason.
    pub(super) fn passed_by(&self, armed: &Armed, head: &Head) {
        if let Some(elsewhere) = armed.enforcer.elsewhere(head) {
            return self.refuse(armed, elsewhere);
        }
        // Else "armed, and nothing happens" would be a riddle.
        if !armed.enforcer.covers(head) && !armed.outside_told.swap(true, Ordering::Relaxed) {
            self.say(outside(armed, head));
        }
    }

    fn refuse(&self, armed: &Armed, elsewhere: Elsewhere) {
        if self.end(Some(armed), Why::Refused).is_none() {
            return;
        }
        let refusal = Refusal::elsewhere(armed.enforcer.experiment(), elsewhere);
        let (_, refused) = rescue(&armed.source, &Failure::Refused { version: &armed.version, refusal: &refusal });
        self.say(refused);
        self.say(disarmed(armed, Why::Refused));
    }

    /// A handler answered, or failed. A version that is no longer in force stops without a word.
    pub(super) fn handler_answered(&self, armed: &Armed, failed: bool) {
        let Some(reached) = armed.enforcer.handler_answered(failed, self.now().wall()) else { return };
        self.keep();
        if self.end(Some(armed), Why::Stopped).is_some() {
            self.say(stopped(armed, reached));
        }
    }
}

fn outside(armed: &Armed, head: &Head) -> OutsideBlastRadius {
    let experiment = armed.enforcer.experiment();
    let arn = Arn::parse(&head.invoked_arn);
    let account = arn.as_ref().filter(|_| !experiment.blast_radius.accounts.is_empty()).map(Arn::account);
    OutsideBlastRadius {
        experiment: experiment.name.clone(),
        version: armed.version.to_string(),
        function: head.invoked_arn.clone(),
        region: arn.as_ref().map(Arn::region).unwrap_or_default().to_owned(),
        account: account.map(str::to_owned),
    }
}

/// The line that says so.
pub(super) fn stopped(armed: &Armed, decision::Stopped { errors, invocations }: decision::Stopped) -> Stopped {
    let experiment = armed.enforcer.experiment();
    let over = experiment.blast_radius.stop_when.map(|stop_when| stop_when.over).unwrap_or_default();
    Stopped {
        experiment: experiment.name.clone(),
        version: armed.version.to_string(),
        errors,
        invocations,
        over_ms: milliseconds(over),
        reason: format!(
            "the handler failed {errors} of {invocations} invocations: nothing more is injected here until a new version"
        ),
    }
}
