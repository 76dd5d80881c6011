//! The attribute `#[settings(..)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Token};

use crate::Mistakes;

/// What an absent field becomes.
pub(crate) enum Absent {
    /// What its type says: a mistake, but for an `Option`.
    Required,
    /// Its type's `Default`.
    Default(proc_macro2::Span),
    /// This expression.
    Value(Box<Expr>),
}

impl Absent {
    /// The attributes of one field.
    pub(crate) fn of(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut absent = Self::Required;
        for attribute in settings(attributes) {
            let outcome = attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("default") {
                    return Err(meta.error("unknown attribute; known: `default`, `default = EXPRESSION`"));
                }
                if !matches!(absent, Self::Required) {
                    return Err(meta.error("this field has a default already"));
                }
                absent = match meta.input.peek(Token![=]) {
                    true => Self::Value(Box::new(meta.value()?.parse()?)),
                    false => Self::Default(meta.path.span()),
                };
                Ok(())
            });
            outcome.unwrap_or_else(|error| mistakes.push(error));
        }
        absent
    }

    /// The default as an expression; none where the field is required.
    pub(crate) fn expression(&self) -> Option<TokenStream> {
        match self {
            Self::Required => None,
            Self::Default(span) => Some(quote::quote_spanned!(*span=> ::core::default::Default::default())),
            Self::Value(expression) => Some(quote!(#expression)),
        }
    }
}

/// Notes every `#[settings(..)]` that stands where it means nothing.
pub(crate) fn refuse(attributes: &[Attribute], mistakes: &mut Mistakes) {
    for attribute in settings(attributes) {
        mistakes.push(Error::new_spanned(
            attribute.to_token_stream(),
            "`#[settings(..)]` belongs on the fields of a struct: it says what an absent one becomes",
        ));
    }
}

fn settings(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("settings"))
}
