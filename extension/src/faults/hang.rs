//! `hang`: never answers. The runtime does not see the event (before), or Lambda the answer (after): Lambda's own timeout
//! ends the invocation, and with it the runtime.

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};
use tokio::time::Instant;

use super::{Effect, FaultError, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Hang;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any; after the handler not of a streamed answer",
    seen: "Lambda's own timeout, at which it ends the runtime",
    undone: "with its experiment the event, or the answer, goes its way",
};

/// Waits until the experiment ends; then the event, or the answer, goes its way. Unlike a delay it heeds no deadline.
/// Lambda ends the runtime at its timeout, and whoever waits here goes with the runtime's connection.
///
/// # Errors
/// None.
pub async fn carry_out(_none: (), policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let begun = Instant::now();
    let why = scene.control.ended(scene.armed).await;
    scene.ended(policy, &Step::Hang, begun.elapsed(), why);
    Ok(Effect::Done)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::staged::{DIRECT, Stage, policy};
    use super::*;
    use crate::clock;

    #[tokio::test]
    async fn it_lasts_as_long_as_the_experiment() {
        let stage = Stage::expiring(DIRECT, Duration::from_millis(300));
        assert_eq!(carry_out((), &policy(), stage.scene()).await, Ok(Effect::Done));
        assert!(clock::now() >= stage.armed.enforcer.expires());
    }
}
