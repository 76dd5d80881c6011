//! The states an experiment goes through, under a scripted source and clocks that stand still.

mod appconfig;
mod ends;
mod failures;
pub(crate) mod house;
mod kept;
mod observed;
mod refreshing;
mod states;
