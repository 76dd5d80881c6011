//! One policy that misbehaves in every way, for the tests of limits.
//!
//! It is made as any author would make it, so the tests meet what real mistakes look like from outside: the SDK's panic
//! hook, the standard library's allocator, a real stack.

use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use misrule_sdk::{Fault, Invocation, Plan, Policy, Settings, logging, matching};

/// Which crime to commit in `before`.
#[derive(Settings)]
pub struct Criminal {
    /// The crime.
    crime: Crime,
}

/// What a policy should not do.
#[derive(Clone, Copy, Settings)]
pub enum Crime {
    /// Never return.
    Loop,
    /// Allocate without end.
    Memory,
    /// Panic.
    Panic,
    /// Recurse without end.
    Stack,
    /// Ask for a hundred delays: more take more fuel than there is.
    Plan,
    /// Hand 120 copies of a 1 MiB string to the host.
    Copies,
    /// Log a thousand lines.
    Log,
    /// Decide by a static: a kept instance then decides otherwise than a fresh one.
    StaticCounter,
}

const MIB: usize = 1024 * 1024;

/// Made in `configure`, whose fuel suffices for it: filling it takes all the fuel that a hook has.
static LONG: OnceLock<String> = OnceLock::new();
static ASKED: AtomicU32 = AtomicU32::new(0);

impl Policy for Criminal {
    fn check(&self) -> Result<(), String> {
        if matches!(self.crime, Crime::Copies) {
            LONG.get_or_init(|| "x".repeat(MIB));
        }
        Ok(())
    }

    fn before(&self, _: &Invocation) -> Plan {
        match self.crime {
            Crime::Loop => spin(),
            Crime::Memory => hoard(),
            Crime::Panic => lose_its_head(),
            Crime::Stack => Fault::delay(Duration::from_millis(descend(0))),
            Crime::Plan => (0..100).fold(Plan::none(), |plan, _| plan.then(Fault::delay(Duration::from_millis(1)))),
            Crime::Copies => flood(LONG.get().map_or("", String::as_str)),
            Crime::Log => babble(),
            Crime::StaticCounter => {
                Fault::delay(Duration::from_millis(u64::from(ASKED.fetch_add(1, Ordering::Relaxed))))
            }
        }
    }
}

fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn hoard() -> ! {
    let mut hoard = Vec::new();
    loop {
        // Not touched, since that would end with the fuel.
        hoard.push(black_box(Vec::<u8>::with_capacity(MIB)));
    }
}

#[expect(clippy::panic, reason = "it is the crime")]
fn lose_its_head() -> ! {
    panic!("lost its head");
}

fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    match black_box(depth) {
        u64::MAX => 0,
        depth => descend(depth + 1) + frame[(depth % 16) as usize],
    }
}

fn flood(long: &str) -> Plan {
    for _ in 0..60 {
        logging::log(logging::Level::Info, long);
        let _ = matching::regex("x", long);
    }
    Plan::none()
}

fn babble() -> Plan {
    for _ in 0..1000 {
        logging::log(logging::Level::Info, "and another thing");
    }
    Plan::none()
}

misrule_sdk::export!(Criminal);

#[cfg(test)]
mod tests {
    use misrule_sdk::testing::{self, Event};

    use super::*;

    #[test]
    fn each_crime_has_a_word() {
        let misrule_sdk::settings::Shape::Word(words) = Crime::SHAPE else { panic!("a crime is a word") };
        let words: Vec<_> = words.iter().map(|word| word.name).collect();
        assert_eq!(words, ["loop", "memory", "panic", "stack", "plan", "copies", "log", "static-counter"]);
    }

    #[test]
    fn a_static_changes_the_plan() {
        let criminal = testing::configure::<Criminal>(r#"{ "crime": "static-counter" }"#).unwrap();
        assert_ne!(criminal.before(&Event::get("/")), criminal.before(&Event::get("/")));
    }

    #[test]
    fn an_unknown_crime_is_refused() {
        let refused = testing::configure::<Criminal>(r#"{ "crime": "arson" }"#).map(drop).unwrap_err();
        assert_eq!(
            refused,
            "`crime`: expected one of loop, memory, panic, stack, plan, copies, log, static-counter, found a text"
        );
    }
}
