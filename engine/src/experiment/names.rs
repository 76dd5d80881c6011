//! Names of experiments and policies.
