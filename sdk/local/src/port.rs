//! Ports on loopback, each of them given once.
//!
//! A port that the kernel chooses is given again as soon as nobody has it, to another listener or to a client's end of a
//! connection. What still asks there, as a process that is just being killed, or one that was told of a port on which nobody
//! listens, then asks a stranger. So these lie below those that the kernel hands out by itself (from 32768 on Linux), and
//! come round again only when all others have been given.

use std::io;
use std::net::{Ipv4Addr, TcpListener as Probe};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::TcpListener;

const LOWEST: u16 = 12_000;
const COUNT: u16 = 20_000;
/// From one to the next. Programs that run at the same time begin at their process ids, which are neighbours.
const STEP: u32 = 37;

/// A port that nobody has now, and that this process was not given before: between this and the moment a process listens
/// there is time.
///
/// # Errors
/// Where all of them are taken.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// assert_ne!(misrule_local::port::free()?, misrule_local::port::free()?);
/// # Ok(())
/// # }
/// ```
pub fn free() -> io::Result<u16> {
    let is_free = |port: &u16| Probe::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let none = || io::Error::other(format!("none of the {COUNT} ports from {LOWEST} on is free"));
    (0..COUNT).filter_map(|_| next()).find(is_free).ok_or_else(none)
}

/// A listener on such a port.
///
/// # Errors
/// Where all of them are taken, or nothing can be listened on.
pub async fn listener() -> io::Result<TcpListener> {
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, free()?)).await {
            // Another program was quicker.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
}

fn next() -> Option<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let turn = std::process::id().wrapping_add(GIVEN.fetch_add(STEP, Ordering::Relaxed));
    u16::try_from(turn % u32::from(COUNT)).ok()?.checked_add(LOWEST)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn none_is_given_again_before_all_others_nor_while_somebody_has_it() {
        let given: BTreeSet<_> = (0..1000).map(|_| free().unwrap()).collect();
        assert_eq!(given.len(), 1000);
        assert!(given.iter().all(|port| (LOWEST..LOWEST + COUNT).contains(port)), "{given:?}");
        let held: Vec<_> = (0..100).filter_map(|_| Probe::bind((Ipv4Addr::LOCALHOST, free().ok()?)).ok()).collect();
        let taken: BTreeSet<_> = held.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        assert!((0..COUNT).all(|_| !taken.contains(&free().unwrap())), "{taken:?}");
    }
}
