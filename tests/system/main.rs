//! The whole system from outside, one module a subject.

mod enforced;
