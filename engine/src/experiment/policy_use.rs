//! A policy as an experiment uses it.

use super::Rate;
use crate::decision::PolicyName;

/// Which component a policy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComponentRef {
    /// One that the layer brings along, by its name.
    ReadyMade(String),
    /// One that the bundle carries, by its file name.
    Module(String),
}

/// A policy of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyUse {
    /// Its name, unique in the experiment: the ready-made policy's or the module's stem where the experiment gives none.
    pub name: PolicyName,
    /// Which component it is.
    pub component: ComponentRef,
    /// The share of invocations that it is asked about.
    pub rate: Rate,
    /// Its settings: an object, empty where the experiment has none.
    pub settings: serde_json::Value,
}
