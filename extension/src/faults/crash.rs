//! `crash`: makes the runtime exit. What it waits for breaks off after its head, at which AWS's runtime clients end their
//! process with status 1; Lambda reports `Runtime.ExitError`, and starts the environment again.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};

use super::{Effect, FaultError, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Crash;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any",
    seen: "`Runtime.ExitError`; Lambda starts the environment again",
    undone: "Lambda does: the next event is served",
};

/// Breaks off the answer in which the runtime waits for the event, and closes its connection.
///
/// # Errors
/// None.
pub async fn carry_out(_none: (), _policy: &PolicyName, _scene: Scene<'_>) -> Result<Effect, FaultError> {
    Ok(Effect::Crash)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use misrule_engine::decision::Step;

    use super::super::staged::{DIRECT, Stage, planned};
    use super::*;
    use crate::telemetry::Injections;

    #[tokio::test]
    async fn nothing_behind_it_is_carried_out_and_it_is_not_once_the_experiment_is_over() {
        let steps = [planned(Step::Crash), planned(Step::Delay(Duration::from_secs(3600)))];
        let stage = Stage::before(DIRECT);
        assert_eq!(super::super::carry_out(&steps, &mut Injections::default(), stage.scene()).await, Effect::Crash);
        assert_eq!(
            super::super::carry_out(&steps, &mut Injections::default(), stage.over().scene()).await,
            Effect::Done
        );
    }
}
