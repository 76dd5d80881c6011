//! `hold-memory`: takes memory away from the function, in a process of its own.

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};

use super::{Effect, FaultError, Row, Scene, stressor};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::HoldMemory;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any",
    seen: "what the handler does where memory is short",
    undone: "the memory is free again when the invocation is over",
};

/// Holds so many bytes until the invocation ends; the event waits until they are held. Where the environment runs out of
/// memory meanwhile, the kernel ends the process that holds them first.
///
/// # Errors
/// Where that process cannot be started, or the kernel ended it before it held them.
pub async fn carry_out(bytes: u64, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let stressor = scene.lasting.stress(stressor::MEMORY, bytes).await?;
    scene.lasting.hold(stressor, &Step::HoldMemory(bytes), policy, scene);
    Ok(Effect::Done)
}

#[cfg(test)]
mod tests {
    use super::super::staged::{DIRECT, Stage, ends, is_started, policy, stand_in};
    use super::*;

    #[tokio::test]
    async fn a_process_of_its_own_is_beside_the_invocation_until_that_ends() {
        let stage = Stage::before(DIRECT);
        let wanted = 8193;
        assert_eq!(carry_out(wanted, &policy(), stage.scene()).await, Err(FaultError::NoStressor));
        stage.lasting.stress_with(stand_in());
        assert_eq!(carry_out(wanted, &policy(), stage.scene()).await, Ok(Effect::Done));
        assert!(is_started("stress memory 8193"));
        stage.lasting.end();
        assert!(ends("stress memory 8193").await);
    }
}
