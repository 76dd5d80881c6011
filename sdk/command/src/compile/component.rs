//! From a core module to a component that a layer takes.

use misrule_engine::digest::Digest;
use misrule_engine::limits;
use misrule_engine::sandbox::{Sandbox, SandboxError};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use super::contract::{Contract, ContractError};
use super::imports::{self, ImportError, Used};
use super::provenance::{self, Provenance};
use super::section;
use super::unsupported::unsupported;
use crate::failure::{Blame, Explain};

/// The custom section in which wit-bindgen leaves the contract's types.
const TYPES_SECTION: &str = "component-type";
/// The custom section that holds the JSON Schema of the settings: of the module, then of the component.
pub(crate) const SETTINGS_SECTION: &str = "misrule:settings";

/// A policy's component, checked.
#[derive(Debug)]
pub(crate) struct Built {
    /// Its bytes.
    pub(crate) component: Vec<u8>,
    /// The functions of the contract that it uses.
    pub(crate) used: Used,
    /// What it can reach that no layer has, a warning each.
    pub(crate) unsupported: Vec<String>,
}

/// Why a module does not become a policy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComponentError {
    /// It asks for what no layer gives.
    #[error(transparent)]
    Imports(#[from] ImportError),
    /// The command's own contract is broken.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// No policy was exported.
    #[error("the crate exports no policy")]
    NoPolicy,
    /// wit-component refuses the module.
    #[error("the module does not fit the policy contract: {0}")]
    Encode(String),
    /// More than any layer takes.
    #[error("the component has {bytes} bytes, more than the {} that a layer takes", limits::COMPONENT_BYTES.value)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The engine refuses the component.
    #[error("the engine does not take the component")]
    Refused(#[source] SandboxError),
}

impl Explain for ComponentError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Imports(error) => error.hint(),
            Self::NoPolicy => Some("end src/lib.rs with `misrule_sdk::export!(YourPolicy);`".to_owned()),
            Self::TooLarge { .. } => Some(
                "the contract's `settings`, `matching` and `clock` do what serde, regex and time crates would; `cargo \
                 bloat --target wasm32-unknown-unknown` shows what takes room"
                    .to_owned(),
            ),
            Self::Contract(_) | Self::Encode(_) | Self::Refused(_) => None,
        }
    }

    fn blame(&self) -> Blame {
        if matches!(self, Self::Contract(_)) { Blame::Own } else { Blame::Input }
    }
}

impl Built {
    /// Makes a component of the core module that cargo built.
    ///
    /// # Errors
    ///
    /// It imports what is not in the contract, exports no policy, or is too large.
    pub(crate) fn from_module(module: &[u8], provenance: &Provenance) -> Result<Self, ComponentError> {
        let used = imports::scan(module, &Contract::read()?)?;
        if !has_contract(module)? {
            return Err(ComponentError::NoPolicy);
        }
        let (module, schema) = section::take(module, SETTINGS_SECTION).map_err(ImportError::NoModule)?;
        let mut component = encode(&module).map_err(ComponentError::Encode)?;
        if let Some(schema) = schema {
            section::append(&mut component, SETTINGS_SECTION, &schema);
        }
        section::append(&mut component, provenance::SECTION, &provenance.to_json());
        if !limits::COMPONENT_BYTES.admits(component.len()) {
            return Err(ComponentError::TooLarge { bytes: component.len() });
        }
        let sandbox = Sandbox::new().map_err(ComponentError::Refused)?;
        sandbox.compile(&component).map_err(ComponentError::Refused)?;
        let unsupported = unsupported(&component).map_err(ImportError::NoModule)?;
        Ok(Self { component, used, unsupported })
    }

    /// The component's digest: what the layer's log lines call it.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.component)
    }
}

/// Whether the module exports the contract's functions and says how they are typed.
fn has_contract(module: &[u8]) -> Result<bool, ImportError> {
    let (mut typed, mut configures) = (false, false);
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(ImportError::NoModule)? {
            Payload::CustomSection(section) => typed |= section.name().starts_with(TYPES_SECTION),
            Payload::ExportSection(exports) => {
                configures |= exports.into_iter().flatten().any(|export| export.name == "configure");
            }
            _ => {}
        }
    }
    Ok(typed && configures)
}

fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(|encoder| encoder.encode());
    encoded.map_err(|error| format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(module: &str) -> String {
        let nowhere =
            Provenance { source: String::new(), rustc: String::new(), sdk: None, files: vec![], packages: vec![] };
        Built::from_module(&wat::parse_str(module).unwrap(), &nowhere).unwrap_err().to_string()
    }

    #[test]
    fn a_module_without_a_policy_is_refused() {
        assert_eq!(refused("(module)"), "the crate exports no policy");
        assert_eq!(refused(r#"(module (func (export "configure")))"#), "the crate exports no policy");
    }

    #[test]
    fn a_module_with_types_that_are_none_is_refused() {
        let words = refused(r#"(module (func (export "configure")) (@custom "component-type:policy" "nonsense"))"#);
        assert!(words.starts_with("the module does not fit the policy contract: "), "{words}");
    }
}
