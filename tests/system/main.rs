//! The whole system from outside, one module a subject.

mod aws_cli;
mod crimes;
mod do_no_harm;
mod enforced;
mod house;
mod readme;
mod wrong_input;
