//! The whole system, against real runtimes and real peers.
