//! The `Settings` derive of misrule-sdk.
//!
//! A wrong use is told where it stands, and every wrong use at once. The type then still gets an implementation, so
//! that one mistake does not cause twenty errors.

mod attribute;
mod documentation;
mod literal;
mod structs;
mod words;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, parse_macro_input};

/// Reads a struct with named fields, or an enum of plain words, from the experiment's settings.
#[proc_macro_derive(Settings, attributes(settings))]
pub fn derive_settings(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    implementation(&parse_macro_input!(input as DeriveInput)).into()
}

fn implementation(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let body = body(input, &mut mistakes);
    let body = if mistakes.0.is_empty() { body } else { stub() };
    let errors = mistakes.0.iter().map(Error::to_compile_error);
    let name = &input.ident;
    let (generics, arguments, conditions) = input.generics.split_for_impl();
    quote! {
        #(#errors)*
        #[automatically_derived]
        #[allow(clippy::redundant_closure, reason = "a default may be a call, or any other expression")]
        impl #generics ::misrule_sdk::settings::Settings for #name #arguments #conditions { #body }
    }
}

fn body(input: &DeriveInput, mistakes: &mut Mistakes) -> TokenStream {
    if let Some(parameter) = input.generics.params.first() {
        mistakes.note(parameter, "settings cannot be generic: they are read from one experiment, of known types");
    }
    attribute::refuse(&input.attrs, mistakes);
    match &input.data {
        Data::Struct(data) => structs::body(data, mistakes),
        Data::Enum(data) => words::body(data, mistakes),
        Data::Union(data) => {
            mistakes.note(data.union_token, "settings cannot be a union: use a struct, or an enum of plain words");
            stub()
        }
    }
}

/// Enough of an implementation that what uses the type compiles, beside the errors that the derive told.
fn stub() -> TokenStream {
    quote! {
        const SHAPE: ::misrule_sdk::settings::Shape = ::misrule_sdk::settings::Shape::Object(&[]);
        fn read(_: &mut ::misrule_sdk::settings::Reader) -> ::core::option::Option<Self> {
            ::core::option::Option::None
        }
    }
}

/// What is wrong with the use of the derive.
#[derive(Default)]
struct Mistakes(Vec<Error>);

impl Mistakes {
    fn note(&mut self, place: impl quote::ToTokens, what: impl std::fmt::Display) {
        self.0.push(Error::new_spanned(place, what));
    }

    fn push(&mut self, error: Error) {
        self.0.push(error);
    }
}

#[cfg(test)]
mod tests;
