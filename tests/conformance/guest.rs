//! Guests that a case writes in WebAssembly's text: smaller than any policy, and in need of no toolchain.

use anyhow::Result;

/// What every guest has besides its hooks: memory, and a `configure` that wants both hooks.
const SHARED: &str = r#"
(memory (export "memory") 16)
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
(func (export "configure") (param i32 i32) (result i32) (i32.const 16))
(data (i32.const 16) "\00\00\00\00\03")
(data (i32.const 64) "Function.Thrown")
"#;

/// Throws after the handler.
pub(crate) const THROWS_AFTER: &str = r#"
(import "misrule:policy/faults@0.1.0" "fail" (func $fail (param i32 i32 i32 i32 i32 i32)))
(func (export "before"))
(func (export "after")
  (call $fail (i32.const 64) (i32.const 15) (i32.const 73) (i32.const 6) (i32.const 0) (i32.const 0)))
"#;

/// Cuts a stream after five bytes.
pub(crate) const CUTS: &str = r#"
(import "misrule:policy/faults@0.1.0" "cut" (func $cut (param i64)))
(func (export "before"))
(func (export "after") (call $cut (i64.const 5)))
"#;

/// Breaks a stream off after five bytes.
pub(crate) const BREAKS_OFF: &str = r#"
(import "misrule:policy/faults@0.1.0" "break-off" (func $break-off (param i64 i32 i32 i32 i32)))
(func (export "before"))
(func (export "after")
  (call $break-off (i64.const 5) (i32.const 64) (i32.const 15) (i32.const 73) (i32.const 6)))
"#;

/// Holds the answer back for a millisecond.
pub(crate) const HOLDS_BACK: &str = r#"
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(func (export "before"))
(func (export "after") (call $delay (i32.const 1)))
"#;

/// Answers with 400,000 control characters, which JSON writes with six bytes each: more than a load balancer takes.
pub(crate) const ANSWERS_TOO_MUCH: &str = r#"
(import "misrule:policy/faults@0.1.0" "respond-http" (func $respond (param i32 i32 i32 i32 i32)))
(func (export "before")
  (memory.fill (i32.const 65536) (i32.const 1) (i32.const 400000))
  (call $respond (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 400000)))
(func (export "after"))
"#;

/// The component of a guest: its imports and hooks.
pub(crate) fn component(guest: &str) -> Result<Vec<u8>> {
    let mut module = wat::parse_str(format!("(module {guest} {SHARED})"))?;
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("policy.wit", include_str!("../../sdk/wit/policy.wit"))?;
    let world = resolve.select_world(&[package], Some("policy"))?;
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding)?;
    wit_component::ComponentEncoder::default().validate(true).module(&module)?.encode()
}
