//! A policy at work.
