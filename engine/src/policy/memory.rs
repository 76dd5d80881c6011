//! What a policy remembers between invocations: kept by the host, bounded, and changed only by hooks that return.

use std::collections::HashMap;

use lru::LruCache;

use crate::limits;

/// The memory of one policy in one execution environment. The least recently used key goes first.
#[derive(Debug, Default)]
pub struct Memory {
    /// None until something is remembered: an empty one has memory of its own already, and most policies remember nothing.
    values: Option<LruCache<String, Vec<u8>>>,
    bytes: usize,
}

/// A value that `add` cannot count with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`memory.add` on a value of {bytes} bytes, not 8")]
pub struct NotACounter {
    /// The value's length.
    pub bytes: usize,
}

impl Memory {
    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.values.as_ref().map_or(0, LruCache::len)
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn set(&mut self, key: String, value: Vec<u8>) {
        self.remove(&key);
        self.bytes += key.len() + value.len();
        let values = self.values.get_or_insert_with(LruCache::unbounded);
        values.put(key, value);
        while !limits::MEMORY_KEYS.admits(values.len()) || !limits::MEMORY_BYTES.admits(self.bytes) {
            let Some((key, value)) = values.pop_lru() else { return };
            self.bytes -= key.len() + value.len();
        }
    }

    fn remove(&mut self, key: &str) {
        if let Some(value) = self.values.as_mut().and_then(|values| values.pop(key)) {
            self.bytes -= key.len() + value.len();
        }
    }

    fn promote(&mut self, key: &str) {
        if let Some(values) = &mut self.values {
            values.promote(key);
        }
    }

    fn peek(&self, key: &str) -> Option<&Vec<u8>> {
        self.values.as_ref()?.peek(key)
    }
}

/// One hook's changes, invisible until they are committed.
#[derive(Debug)]
pub struct Transaction {
    kept: Memory,
    changes: HashMap<String, Option<Vec<u8>>>,
    /// Keys in the order of their use, so that a commit leaves the same recency wherever it is replayed.
    used: Vec<String>,
}

impl Transaction {
    /// Starts on this memory.
    pub fn begin(kept: Memory) -> Self {
        Self { kept, changes: HashMap::new(), used: Vec::new() }
    }

    /// The value of a key, as this hook sees it.
    pub fn get(&mut self, key: String) -> Option<Vec<u8>> {
        let value = self.peek(&key).cloned();
        self.used.push(key);
        value
    }

    /// Remembers a value.
    pub fn set(&mut self, key: String, value: Vec<u8>) {
        self.changes.insert(key.clone(), Some(value));
        self.used.push(key);
    }

    /// Forgets a key.
    pub fn remove(&mut self, key: String) {
        self.changes.insert(key, None);
    }

    /// Adds to a counter that starts at 0 and saturates; the new value.
    ///
    /// # Errors
    ///
    /// [`NotACounter`] where the value is not 8 bytes long.
    pub fn add(&mut self, key: String, delta: i64) -> Result<i64, NotACounter> {
        let value = match self.peek(&key) {
            Some(bytes) => {
                i64::from_le_bytes(bytes.as_slice().try_into().map_err(|_| NotACounter { bytes: bytes.len() })?)
            }
            None => 0,
        };
        let sum = value.saturating_add(delta);
        self.set(key, sum.to_le_bytes().to_vec());
        Ok(sum)
    }

    /// The memory with this hook's changes.
    pub fn commit(self) -> Memory {
        let Self { mut kept, mut changes, used } = self;
        for key in used {
            match changes.remove(&key) {
                Some(Some(value)) => kept.set(key, value),
                Some(None) => kept.remove(&key),
                None => kept.promote(&key),
            }
        }
        // What is left was removed without having been read or set in this hook.
        for key in changes.keys() {
            kept.remove(key);
        }
        kept
    }

    /// The memory as it was.
    pub fn discard(self) -> Memory {
        self.kept
    }

    fn peek(&self, key: &str) -> Option<&Vec<u8>> {
        self.changes.get(key).map_or_else(|| self.kept.peek(key), Option::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction() -> Transaction {
        Transaction::begin(Memory::default())
    }

    #[test]
    fn a_hook_sees_its_own_changes_and_others_see_them_once_committed() {
        let mut hook = transaction();
        hook.set("a".into(), b"1".to_vec());
        assert_eq!(hook.get("a".into()), Some(b"1".to_vec()));
        let mut next = Transaction::begin(hook.commit());
        assert_eq!(next.get("a".into()), Some(b"1".to_vec()));
        next.remove("a".into());
        assert_eq!(next.get("a".into()), None);
        let mut undone = Transaction::begin(next.discard());
        assert_eq!(undone.get("a".into()), Some(b"1".to_vec()));
    }

    #[test]
    fn a_counter_starts_at_nothing_and_stops_at_the_ends() {
        let mut hook = transaction();
        assert_eq!(hook.add("n".into(), 2), Ok(2));
        assert_eq!(hook.add("n".into(), i64::MAX), Ok(i64::MAX));
        hook.set("n".into(), vec![1, 2, 3]);
        assert_eq!(hook.add("n".into(), 1), Err(NotACounter { bytes: 3 }));
    }

    #[test]
    fn the_least_recently_used_key_goes_first() {
        let mut hook = transaction();
        for n in 0..limits::MEMORY_KEYS.value {
            hook.set(n.to_string(), vec![]);
        }
        let mut hook = Transaction::begin(hook.commit());
        hook.get("0".into());
        hook.set("one more".into(), vec![]);
        let memory = hook.commit();
        assert_eq!(memory.len(), limits::MEMORY_KEYS.size());
        assert!(memory.peek("0").is_some() && memory.peek("1").is_none());
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut hook = transaction();
        for n in 0..1000 {
            hook.set(format!("key {n}"), vec![0; limits::MEMORY_VALUE_BYTES.size()]);
        }
        let memory = hook.commit();
        assert!(limits::MEMORY_BYTES.admits(memory.bytes) && memory.len() > 50, "{}", memory.bytes);
    }

    #[test]
    fn what_is_removed_last_stays_removed() {
        let mut hook = transaction();
        hook.set("a".into(), vec![1]);
        hook.remove("a".into());
        hook.set("b".into(), vec![2]);
        hook.remove("c".into());
        let memory = hook.commit();
        assert_eq!(memory.values.iter().flatten().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(memory.bytes, 2);
    }
}
