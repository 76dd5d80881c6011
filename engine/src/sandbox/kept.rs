//! The components that policies still use, by digest: none of them is compiled or loaded a second time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use super::Component;
use super::component::Code;
use crate::digest::Digest;

/// Holds no code itself: what no policy uses any more is gone, so there are never more than experiments in force have.
#[derive(Default)]
pub(super) struct Kept(Mutex<HashMap<Digest, Weak<Code>>>);

impl Kept {
    pub(super) fn find(&self, digest: Digest) -> Option<Component> {
        let code = self.lock().get(&digest).and_then(Weak::upgrade)?;
        Some(Component::kept(code))
    }

    pub(super) fn keep(&self, component: &Component) {
        let mut kept = self.lock();
        kept.retain(|_, code| code.strong_count() > 0);
        kept.insert(component.digest(), component.weak());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Weak<Code>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
