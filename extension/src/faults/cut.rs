//! `cut`: ends a streamed answer as a crash would, once so many bytes of it passed.

use misrule_engine::decision::{FaultKind, Hook};

use super::streamed::Turn;

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Cut;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// The connection to Lambda closes without the last chunk. What the handler still sends is read and thrown away.
pub(super) fn carry_out<E>() -> Turn<E> {
    Turn::Cut
}
