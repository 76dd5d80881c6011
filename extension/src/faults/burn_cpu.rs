//! `burn-cpu`: takes CPU time away from the function, in a process of its own.

use std::time::Duration;

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};

use super::{Effect, FaultError, Row, Scene, stressor};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::BurnCpu;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any",
    seen: "the answer, later",
    undone: "the CPU is free again when the invocation is over, or once so much is burnt",
};

/// Burns so much CPU time beside the handler, all cores together, or less where the invocation ends first.
///
/// # Errors
/// Where the process that burns it cannot be started.
pub async fn carry_out(duration: Duration, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let stressor = scene.lasting.stress(stressor::CPU, milliseconds).await?;
    scene.lasting.hold(stressor, &Step::BurnCpu(duration), policy, scene);
    Ok(Effect::Done)
}

#[cfg(test)]
mod tests {
    use super::super::staged::{DIRECT, Stage, ends, is_started, policy, stand_in};
    use super::*;

    #[tokio::test]
    async fn a_process_of_its_own_is_beside_the_invocation_until_that_ends() {
        let stage = Stage::before(DIRECT);
        let wanted = Duration::from_millis(8194);
        assert_eq!(carry_out(wanted, &policy(), stage.scene()).await, Err(FaultError::NoStressor));
        stage.lasting.stress_with(stand_in());
        assert_eq!(carry_out(wanted, &policy(), stage.scene()).await, Ok(Effect::Done));
        assert!(is_started("stress cpu 8194"));
        stage.lasting.end();
        assert!(ends("stress cpu 8194").await);
    }
}
