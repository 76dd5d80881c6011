//! 100,000 ways to damage or forge a bundle: none panics, none takes much memory, and none is read as anything but what was
//! signed. One test in a process of its own, because it measures that process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end where its own preparations fail")]

mod dice;
mod forgery;
mod monsters;
mod original;

use std::thread;

use bytes::Bytes;
use misrule_engine::delivery::{Delivery, Package};

use self::dice::Dice;
use self::forgery::Forgery;
use self::original::Original;

const MUTATIONS: u64 = 100_000;
/// What one process may take for all of them, in kilobytes.
const MEMORY: u64 = 64 * 1024;

#[test]
fn no_mutation_is_read_as_anything_but_what_was_signed() {
    let original = Original::new();
    let before = resident("VmRSS:");
    let forged = Forgery::new(&original);
    let singles = forged.every_byte();
    let chosen = singles.len() as u64;
    assert!(chosen > original.bundle.len() as u64 && chosen < MUTATIONS, "{chosen}");
    singles.into_iter().for_each(|mutation| judge(&original, mutation));
    thread::scope(|scope| {
        for half in [chosen..(chosen + MUTATIONS) / 2, (chosen + MUTATIONS) / 2..MUTATIONS] {
            let (original, forged) = (&original, &forged);
            scope.spawn(move || half.for_each(|step| judge(original, forged.by_chance(&mut Dice::new(step)))));
        }
    });
    monsters::all().into_iter().for_each(|monster| assert!(read(&original, &monster.into()).is_none()));
    let taken = resident("VmHWM:").saturating_sub(before);
    assert!(taken < MEMORY, "{taken} KB");
}

/// What a mutation is read as: nothing, or what was signed.
fn judge(original: &Original, mutation: Vec<u8>) {
    let mutation = Bytes::from(mutation);
    if let Some(package) = read(original, &mutation) {
        original.check(&package);
    }
    // Without a key a forgery is as good as an original; it may still not break anything.
    drop(Delivery::read(&mutation, None));
}

fn read(original: &Original, mutation: &Bytes) -> Option<Package> {
    match Delivery::read_with_images(mutation, &original.keys, original::FOLDER) {
        Ok(Delivery::Experiment(package)) => Some(package),
        Ok(Delivery::Halt) => panic!("no mutation of a bundle is a halt"),
        Err(_) => None,
    }
}

/// A line of this process's status, in kilobytes (proc(5)).
fn resident(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    value.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}
