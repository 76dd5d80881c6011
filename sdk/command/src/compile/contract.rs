//! The policy contract, as the command checks against it.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::Resolve;

/// The contract's text: the one that guest and host are made from.
const TEXT: &str = include_str!("../../../wit/policy.wit");
/// The package that a policy imports from.
pub(crate) const PACKAGE: &str = "misrule:policy/";

/// Every function that a policy may import, by interface.
#[derive(Debug)]
pub(crate) struct Contract(BTreeMap<String, BTreeSet<String>>);

/// Whether the contract has an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It does.
    Known,
    /// It has the interface, without this function.
    UnknownFunction,
    /// It has no such interface.
    UnknownInterface,
}

/// The embedded contract does not parse.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the policy contract that this command was built with: {0}")]
pub(crate) struct ContractError(String);

impl Contract {
    /// The contract that this command was built with.
    ///
    /// # Errors
    ///
    /// Its text does not parse: a fault of the command's own.
    pub(crate) fn read() -> Result<Self, ContractError> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("policy.wit", TEXT).map_err(|error| ContractError(error.to_string()))?;
        let interfaces = resolve.packages[package].interfaces.values();
        let named = interfaces.filter_map(|id| {
            let functions = resolve.interfaces[*id].functions.keys().cloned().collect();
            Some((resolve.id_of(*id)?, functions))
        });
        Ok(Self(named.collect()))
    }

    /// Whether a policy may import this function.
    pub(crate) fn lookup(&self, interface: &str, function: &str) -> Lookup {
        match self.0.get(interface) {
            Some(functions) if functions.contains(function) => Lookup::Known,
            Some(_) => Lookup::UnknownFunction,
            None => Lookup::UnknownInterface,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_their_whole_name() {
        let contract = Contract::read().unwrap();
        assert_eq!(contract.lookup("misrule:policy/faults@0.1.0", "respond-http"), Lookup::Known);
        assert_eq!(contract.lookup("misrule:policy/faults@0.1.0", "explode"), Lookup::UnknownFunction);
        assert_eq!(contract.lookup("misrule:policy/faults@0.2.0", "delay"), Lookup::UnknownInterface);
        assert_eq!(contract.lookup("misrule:policy/faults", "delay"), Lookup::UnknownInterface);
    }
}
