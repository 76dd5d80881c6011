//! Misrule's engine: it decides, invocation by invocation, which fault to inject, and carries none of them out.
//!
//! # Vocabulary
//!
//! | word | meaning |
//! | --- | --- |
//! | invocation | one event that Lambda handed to the function, with what Lambda says about it |
//! | experiment | a hypothesis, a blast radius, an end, and the policies that inject faults until then |
//! | policy | a WebAssembly component that looks at an invocation and asks for faults |
//! | fault | one way to disturb an invocation; a *step* is one fault with its parameters |
//! | plan | the steps to carry out on one invocation, in order |
//! | guard | cuts a plan down to what the experiment and the layer allow |
//! | delivery | what a source hands over: a halt, or an experiment with its components |
//! | armed | an experiment is loaded and may inject |
//! | halted | a delivery said that nothing may inject |
//!
//! # The road of a decision
//!
//! [`invocation::Invocation`] -> `decision::Enforcer` -> each `policy::Policy` in the experiment's order ->
//! [`decision::Plan`], cut down by the guard. No sockets, no AWS, no clock and no chance of its own: time and seeds
//! come in with the invocation.

pub mod decision;
#[cfg(feature = "delivery")]
pub mod delivery;
pub mod digest;
pub mod experiment;
pub mod invocation;
pub mod limits;
pub mod matching;
pub mod policy;
pub mod time;

#[cfg(feature = "sandbox")]
pub mod sandbox;
