//! Defaults that can be told from how they are written: they go into the schema.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, ExprPath, ExprUnary, Ident, Lit, Path, Type, UnOp};

use crate::attribute::Absent;
use crate::words;

/// The default of a field of this type, as an `Option<Literal>`.
pub(crate) fn of(absent: &Absent, kind: &Type) -> TokenStream {
    let known = match absent {
        Absent::Required => None,
        Absent::Default(_) => empty(kind).map(|json| json_literal(&json)),
        Absent::Value(expression) => value(expression, kind),
    };
    known.unwrap_or_else(|| quote!(::core::option::Option::None))
}

fn value(expression: &Expr, kind: &Type) -> Option<TokenStream> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Bool(boolean), .. }) => Some(json_literal(&boolean.value.to_string())),
        Expr::Lit(ExprLit { lit, .. }) => number(lit).map(|number| json_literal(&number)),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit, .. }) => number(lit).map(|number| json_literal(&format!("-{number}"))),
            _ => None,
        },
        Expr::MethodCall(call) if owns(call) => text(&call.receiver).map(|text| text_literal(&text)),
        Expr::Call(call) => called(call),
        Expr::Path(ExprPath { path, .. }) => word(path, kind),
        _ => None,
    }
}

/// Whether it makes an owned text of a borrowed one.
fn owns(call: &ExprMethodCall) -> bool {
    ["to_owned", "to_string", "into"].iter().any(|name| call.method == name) && call.args.is_empty()
}

/// What a few constructors make: `String::from("a")`, `Duration::from_secs(2)`, `Vec::new()`.
fn called(call: &ExprCall) -> Option<TokenStream> {
    let Expr::Path(ExprPath { path, .. }) = &*call.func else { return None };
    let (of, name) = last_two(path)?;
    let unit = |unit: &str| {
        let Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) = call.args.first() else { return None };
        Some(text_literal(&format!("{}{unit}", number.base10_digits())))
    };
    match (of.to_string().as_str(), name.to_string().as_str()) {
        ("String", "from") => call.args.first().and_then(text).map(|text| text_literal(&text)),
        ("String", "new") => Some(text_literal("")),
        ("Vec", "new") => Some(json_literal("[]")),
        ("Duration", "from_secs") => unit("s"),
        ("Duration", "from_millis") => unit("ms"),
        _ => None,
    }
}

/// A variant, where the type is an enum of words: else the path is a constant, whose value is not known here.
fn word(path: &Path, kind: &Type) -> Option<TokenStream> {
    let name = words::name(last_two(path)?.1);
    Some(quote! {
        ::misrule_sdk::settings::schema::word(&<#kind as ::misrule_sdk::settings::Settings>::SHAPE, #name)
    })
}

/// The `Default` of the types whose own is known.
fn empty(kind: &Type) -> Option<String> {
    let Type::Path(kind) = kind else { return None };
    let name = kind.path.segments.last()?.ident.to_string();
    let empty = match name.as_str() {
        "String" => "\"\"",
        "bool" => "false",
        "Vec" => "[]",
        "Table" => "{}",
        "Duration" => "\"0s\"",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "f64" => "0",
        _ => return None,
    };
    Some(empty.to_owned())
}

/// A number as JSON has it.
fn number(literal: &Lit) -> Option<String> {
    match literal {
        Lit::Int(number) => Some(number.base10_digits().to_owned()),
        Lit::Float(number) => Some(number.base10_digits().to_owned()).filter(|digits| !digits.ends_with('.')),
        _ => None,
    }
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// `Speed` and `Slow` of `crate::Speed::Slow`.
fn last_two(path: &Path) -> Option<(&Ident, &Ident)> {
    let mut segments = path.segments.iter().rev();
    let (name, of) = (segments.next()?, segments.next()?);
    Some((&of.ident, &name.ident))
}

fn json_literal(json: &str) -> TokenStream {
    quote!(::core::option::Option::Some(::misrule_sdk::settings::Literal::Json(#json)))
}

fn text_literal(text: &str) -> TokenStream {
    quote!(::core::option::Option::Some(::misrule_sdk::settings::Literal::Text(#text)))
}
