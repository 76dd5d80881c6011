//! What wit-bindgen makes of `sdk/wit`.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated; a call across the component boundary cannot be made otherwise"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "policy",
    pub_export_macro: true,
    export_macro_name: "export_component_of",
    default_bindings_module: "misrule_sdk::component::bindings",
    runtime_path: "misrule_sdk::component::wit_bindgen::rt",
});
