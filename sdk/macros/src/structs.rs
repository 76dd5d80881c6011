//! Structs: an object with a member a field.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{DataStruct, Field, Fields, Type};

use crate::attribute::Absent;
use crate::{Mistakes, documentation, literal};

/// One field, as the implementation needs it.
struct Member<'a> {
    ident: &'a Ident,
    /// The variable that holds what was read, of a name that no other has.
    value: Ident,
    name: String,
    doc: String,
    kind: &'a Type,
    absent: Absent,
}

pub(crate) fn body(data: &DataStruct, mistakes: &mut Mistakes) -> TokenStream {
    let members: Vec<_> = match &data.fields {
        Fields::Named(fields) => fields.named.iter().filter_map(|field| member(field, mistakes)).collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(fields) => {
            mistakes.note(fields, "settings need named fields: the names are those that an experiment gives");
            return TokenStream::new();
        }
    };
    let names = members.iter().map(|member| &member.name);
    let idents = members.iter().map(|member| member.ident);
    let values = members.iter().map(|member| &member.value);
    let reads = members.iter().map(read);
    let shapes = members.iter().map(shape);
    quote! {
        const SHAPE: ::misrule_sdk::settings::Shape = ::misrule_sdk::settings::Shape::Object(&[#(#shapes),*]);
        fn read(reader: &mut ::misrule_sdk::settings::Reader) -> ::core::option::Option<Self> {
            if !reader.object(&[#(#names),*]) {
                return ::core::option::Option::None;
            }
            #(#reads)*
            ::core::option::Option::Some(Self { #(#idents: #values?),* })
        }
    }
}

fn member<'a>(field: &'a Field, mistakes: &mut Mistakes) -> Option<Member<'a>> {
    let ident = field.ident.as_ref()?;
    if let Type::Reference(reference) = &field.ty {
        mistakes.note(reference, "settings own their values: use `String` or `Vec` in place of a reference");
    }
    Some(Member {
        ident,
        value: format_ident!("value_of_{}", ident.unraw()),
        name: ident.unraw().to_string(),
        doc: documentation::text(&field.attrs),
        kind: &field.ty,
        absent: Absent::of(&field.attrs, mistakes),
    })
}

fn read(member: &Member<'_>) -> TokenStream {
    let Member { value, name, kind, .. } = member;
    let span = kind.span();
    match member.absent.expression() {
        None => quote_spanned!(span=> let #value = reader.field::<#kind>(#name);),
        Some(default) => quote_spanned!(span=> let #value = reader.field_or::<#kind>(#name, || #default);),
    }
}

fn shape(member: &Member<'_>) -> TokenStream {
    let Member { name, doc, kind, .. } = member;
    let defaults = member.absent.expression().is_some();
    let default = literal::of(&member.absent, kind);
    quote_spanned! {kind.span()=>
        ::misrule_sdk::settings::Field {
            name: #name,
            doc: #doc,
            default: #default,
            required: !#defaults && <#kind as ::misrule_sdk::settings::Settings>::SHAPE.is_required(),
            shape: <#kind as ::misrule_sdk::settings::Settings>::SHAPE,
        }
    }
}
