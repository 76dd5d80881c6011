//! Enums: one of several words.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{DataEnum, Fields, Ident, Variant};

use crate::{Mistakes, attribute, documentation};

pub(crate) fn body(data: &DataEnum, mistakes: &mut Mistakes) -> TokenStream {
    if data.variants.is_empty() {
        mistakes.note(data.enum_token, "an enum of settings needs at least one variant: no word could be right");
    }
    data.variants.iter().for_each(|variant| check(variant, mistakes));
    check_names(data, mistakes);
    let idents: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let names: Vec<_> = data.variants.iter().map(|variant| name(&variant.ident)).collect();
    let docs = data.variants.iter().map(|variant| documentation::text(&variant.attrs));
    let positions = 0..idents.len();
    quote! {
        const SHAPE: ::misrule_sdk::settings::Shape = ::misrule_sdk::settings::Shape::Word(&[
            #(::misrule_sdk::settings::Word { name: #names, doc: #docs }),*
        ]);
        fn read(reader: &mut ::misrule_sdk::settings::Reader) -> ::core::option::Option<Self> {
            match reader.word(&[#(#names),*])? {
                #(#positions => ::core::option::Option::Some(Self::#idents),)*
                _ => ::core::option::Option::None,
            }
        }
    }
}

fn check(variant: &Variant, mistakes: &mut Mistakes) {
    attribute::refuse(&variant.attrs, mistakes);
    if !matches!(variant.fields, Fields::Unit) {
        mistakes.note(&variant.fields, "a variant is one plain word: what goes with it belongs into a field beside");
    }
}

/// Two variants may only differ in how their words are set apart.
fn check_names(data: &DataEnum, mistakes: &mut Mistakes) {
    let mut seen = BTreeMap::new();
    for variant in &data.variants {
        if let Some(earlier) = seen.insert(name(&variant.ident), &variant.ident) {
            mistakes.note(
                &variant.ident,
                format!("`{}` and `{earlier}` are the same word `{}`", variant.ident, name(&variant.ident)),
            );
        }
    }
}

/// `RespondHttp` is `respond-http`.
pub(crate) fn name(variant: &Ident) -> String {
    let ident = variant.unraw().to_string();
    let mut name = String::with_capacity(ident.len() + 4);
    for (position, letter) in ident.char_indices() {
        if letter.is_uppercase() && position > 0 && !name.ends_with('-') {
            name.push('-');
        }
        match letter {
            '_' => name.push('-'),
            other => name.extend(other.to_lowercase()),
        }
    }
    name
}
