//! What a module asks of its host. Everything must be a function of the contract: a policy that asks for more would be
//! refused by every layer, so it is refused here, with what usually causes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use wasmparser::{Parser, Payload, TypeRef};

use super::contract::{Contract, Lookup, PACKAGE};
use crate::failure::Explain;

/// The functions that a module imports, by the interface's short name: `faults` has `delay`.
pub(crate) type Used = BTreeMap<String, BTreeSet<String>>;

/// Something that a module imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// From where.
    pub(crate) module: String,
    /// What.
    pub(crate) name: String,
}

impl fmt::Display for Import {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` from `{}`", self.name, self.module)
    }
}

/// Why a module's imports cannot stand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// It asks for what no layer gives.
    #[error("the policy imports {import}, which is not in the policy contract{}", others(*more))]
    Foreign {
        /// The first of them.
        import: Import,
        /// How many others.
        more: usize,
        /// What usually causes it.
        cause: Cause,
    },
    /// No WebAssembly module.
    #[error("what cargo built is no WebAssembly module")]
    NoModule(#[source] wasmparser::BinaryReaderError),
}

fn others(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (nor are {more} others)") }
}

impl Explain for ImportError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Foreign { cause, import, .. } => Some(cause.advice(import)),
            Self::NoModule(_) => None,
        }
    }
}

/// What usually brings a foreign import into a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// wasm-bindgen: a dependency believes that it runs in a browser.
    Browser,
    /// A WASI target, or a library compiled for one.
    Wasi,
    /// A C library, or an `extern` function that nothing defines.
    Undefined,
    /// The contract has no such interface, or not in this version.
    OtherContract,
    /// A function that a later contract added.
    NewerSdk,
    /// The import is a memory, table or global.
    NoFunction,
    /// An `extern` block that names this module.
    Extern,
}

impl Cause {
    fn of(import: &Import, is_function: bool, lookup: Lookup) -> Self {
        let module = import.module.as_str();
        match module {
            _ if lookup == Lookup::UnknownFunction => Self::NewerSdk,
            _ if module.starts_with(PACKAGE) => Self::OtherContract,
            _ if module.starts_with("__wbindgen") || module.ends_with(".js") => Self::Browser,
            _ if module.starts_with("wasi") => Self::Wasi,
            _ if !is_function => Self::NoFunction,
            "env" => Self::Undefined,
            _ => Self::Extern,
        }
    }

    fn advice(self, import: &Import) -> String {
        let Import { module, name } = import;
        match self {
            Self::Browser => "a dependency expects a browser: often getrandom's `js` or `wasm_js` feature, chrono's \
                `wasmbind`, uuid's `js`; `cargo tree --target wasm32-unknown-unknown --invert wasm-bindgen` shows which"
                .to_owned(),
            Self::Wasi => {
                "it was built for a WASI target, or links a library that was; a policy has no files, clock or \
                sockets, ask the contract's `clock`, `chance` and `logging` instead"
                    .to_owned()
            }
            Self::Undefined => format!(
                "a C library, or an `extern \"C\"` function without a definition: look for `{name}` among the \
                 dependencies that have a build script"
            ),
            Self::OtherContract => "the policy was built with an SDK of another contract than this command's: bring \
                both to the same version"
                .to_owned(),
            Self::NewerSdk => "the SDK is newer than this command: update the command".to_owned(),
            Self::NoFunction => format!(
                "a policy brings its own memory and tables: look for linker flags such as `--import-memory` \
                 that ask for `{name}`"
            ),
            Self::Extern => format!(
                "look for `#[link(wasm_import_module = \"{module}\")]` in the policy and its dependencies: it was \
                 written for another host"
            ),
        }
    }
}

/// The functions of the contract that a module imports.
///
/// # Errors
///
/// It imports anything else, or is no module.
pub(crate) fn scan(module: &[u8], contract: &Contract) -> Result<Used, ImportError> {
    let mut used = Used::new();
    let mut foreign = Vec::new();
    for (import, is_function) in imports(module).map_err(ImportError::NoModule)? {
        match contract.lookup(&import.module, &import.name) {
            Lookup::Known if is_function => {
                used.entry(short(&import.module)).or_default().insert(import.name);
            }
            lookup => foreign.push((Cause::of(&import, is_function, lookup), import)),
        }
    }
    let more = foreign.len().saturating_sub(1);
    match foreign.into_iter().next() {
        Some((cause, import)) => Err(ImportError::Foreign { import, more, cause }),
        None => Ok(used),
    }
}

/// The functions of the contract that the modules in a component import.
///
/// # Errors
///
/// It is no WebAssembly.
pub(crate) fn used(component: &[u8]) -> Result<Used, wasmparser::BinaryReaderError> {
    let mut used = Used::new();
    let of_the_contract = |import: &Import| import.module.starts_with(PACKAGE);
    for (import, _) in imports(component)?.into_iter().filter(|(import, _)| of_the_contract(import)) {
        used.entry(short(&import.module)).or_default().insert(import.name);
    }
    Ok(used)
}

fn imports(module: &[u8]) -> Result<Vec<(Import, bool)>, wasmparser::BinaryReaderError> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                let is_function = matches!(import.ty, TypeRef::Func(_));
                found.push((Import { module: import.module.to_owned(), name: import.name.to_owned() }, is_function));
            }
        }
    }
    Ok(found)
}

/// `faults` of `misrule:policy/faults@0.1.0`.
fn short(interface: &str) -> String {
    let name = interface.strip_prefix(PACKAGE).unwrap_or(interface);
    name.split('@').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(imports: &str) -> Result<Used, ImportError> {
        let module = wat::parse_str(format!("(module {imports})")).unwrap();
        scan(&module, &Contract::read().unwrap())
    }

    /// The words of the refusal, and the cause that its hint is made from.
    fn refused(imports: &str) -> (String, Cause) {
        match scanned(imports).unwrap_err() {
            ImportError::Foreign { cause, ref import, more } => {
                (ImportError::Foreign { import: import.clone(), more, cause }.to_string(), cause)
            }
            ImportError::NoModule(error) => panic!("{error}"),
        }
    }

    #[test]
    fn functions_of_the_contract_are_reported_by_interface() {
        let used = scanned(
            r#"(import "misrule:policy/faults@0.1.0" "delay" (func (param i32)))
               (import "misrule:policy/invocation@0.1.0" "path" (func (param i32)))
               (import "misrule:policy/faults@0.1.0" "because" (func (param i32 i32)))"#,
        );
        assert_eq!(format!("{:?}", used.unwrap()), r#"{"faults": {"because", "delay"}, "invocation": {"path"}}"#);
    }

    #[test]
    fn anything_else_is_refused_with_its_usual_cause() {
        for (module, cause) in [
            ("__wbindgen_placeholder__", Cause::Browser),
            ("__wbindgen_externref_xform__", Cause::Browser),
            ("./policy_bg.js", Cause::Browser),
            ("wasi_snapshot_preview1", Cause::Wasi),
            ("wasi:clocks/wall-clock@0.2.0", Cause::Wasi),
            ("env", Cause::Undefined),
            ("misrule:policy/faults@0.2.0", Cause::OtherContract),
            ("misrule:policy/weather@0.1.0", Cause::OtherContract),
            ("misrule:policy/faults@0.1.0", Cause::NewerSdk),
            ("another-host", Cause::Extern),
        ] {
            let expected = format!("the policy imports `f` from `{module}`, which is not in the policy contract");
            assert_eq!(refused(&format!(r#"(import "{module}" "f" (func))"#)), (expected, cause));
        }
    }

    #[test]
    fn memories_are_refused_even_under_a_function_of_the_contract() {
        assert_eq!(refused(r#"(import "env" "memory" (memory 1))"#).1, Cause::NoFunction);
        assert_eq!(refused(r#"(import "misrule:policy/faults@0.1.0" "delay" (memory 1))"#).1, Cause::OtherContract);
    }

    #[test]
    fn the_others_are_counted() {
        let (words, _) = refused(r#"(import "env" "f" (func)) (import "env" "g" (func)) (import "env" "h" (func))"#);
        assert_eq!(words, "the policy imports `f` from `env`, which is not in the policy contract (nor are 2 others)");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let error = scan(b"MZ", &Contract::read().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "what cargo built is no WebAssembly module");
    }
}
