//! Which experiment is in force.
