//! Policies that tests write as WebAssembly text. The proxy's own tests share this file.

/// What every guest has besides its hooks: memory, and a `configure` that wants both hooks, unless it has its own. At 24
/// stands what one answers that wants to see answers whole too.
const SHARED: &str = r#"
(memory (export "memory") 1)
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
(data (i32.const 16) "\00\00\00\00\03")
(data (i32.const 24) "\00\00\00\00\07")
(data (i32.const 64) "Function.Thrown")
"#;

const CONFIGURE: &str = r#"(func (export "configure") (param i32 i32) (result i32) (i32.const 16))"#;

/// The component of a guest: its imports and hooks.
pub(crate) fn component(guest: &str) -> Vec<u8> {
    let configure = if guest.contains("(export \"configure\")") { "" } else { CONFIGURE };
    let mut module = wat::parse_str(format!("(module {guest} {SHARED} {configure})")).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("policy.wit", include_str!("../../../sdk/wit/policy.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("policy")).unwrap();
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.validate(true).module(&module).and_then(|encoder| encoder.encode()).unwrap()
}
