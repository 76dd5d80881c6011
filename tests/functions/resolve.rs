//! Resolves the names that it is given with nothing but the standard library, a line each.

use std::net::ToSocketAddrs;

fn main() {
    for name in std::env::args().skip(1) {
        match (name.as_str(), 80).to_socket_addrs() {
            Ok(_) => println!("{name} found"),
            Err(error) => println!("{name} {error}"),
        }
    }
}
