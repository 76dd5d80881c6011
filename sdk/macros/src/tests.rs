use proc_macro2::Span;
use syn::DeriveInput;

use super::{Mistakes, body, implementation};

/// The mistakes in a use of the derive: the line on which each stands, and what is said.
fn mistakes(source: &str) -> Vec<(usize, String)> {
    let input: DeriveInput = syn::parse_str(source).unwrap();
    let mut mistakes = Mistakes::default();
    body(&input, &mut mistakes);
    let line = |span: Span| span.start().line;
    mistakes.0.iter().map(|error| (line(error.span()), error.to_string())).collect()
}

fn said(source: &str) -> Vec<String> {
    mistakes(source).into_iter().map(|(_, what)| what).collect()
}

#[test]
fn all_mistakes_are_told_at_once_each_where_it_stands() {
    let source = r#"
        struct Outage<T> {
            #[settings(defualt)]
            paths: Vec<String>,
            #[settings(default, default = 5)]
            status: u16,
            name: &'static str,
        }"#;
    let expected = [
        (2, "settings cannot be generic: they are read from one experiment, of known types"),
        (3, "unknown attribute; known: `default`, `default = EXPRESSION`"),
        (5, "this field has a default already"),
        (7, "settings own their values: use `String` or `Vec` in place of a reference"),
    ];
    assert_eq!(mistakes(source), expected.map(|(line, what)| (line, what.to_owned())));
}

#[test]
fn only_named_fields_and_plain_words_are_settings() {
    let named = "settings need named fields: the names are those that an experiment gives";
    assert_eq!(said("struct Outage(u16);"), [named]);
    let union = "settings cannot be a union: use a struct, or an enum of plain words";
    assert_eq!(said("union Outage { a: u8 }"), [union]);
    let word = "a variant is one plain word: what goes with it belongs into a field beside";
    assert_eq!(said("enum Delay { None, Fixed(u64), Uniform { min: u64 } }"), [word, word]);
    let none = "an enum of settings needs at least one variant: no word could be right";
    assert_eq!(said("enum Nothing {}"), [none]);
    assert!(said("struct Nothing;").is_empty());
}

#[test]
fn an_attribute_belongs_on_a_field() {
    let misplaced = "`#[settings(..)]` belongs on the fields of a struct: it says what an absent one becomes";
    assert_eq!(said("#[settings(default)] struct Outage { status: u16 }"), [misplaced]);
    assert_eq!(said("enum Speed { #[settings(default)] Slow, Fast }"), [misplaced]);
    assert_eq!(said("struct Outage { #[settings] status: u16 }").len(), 1);
}

#[test]
fn two_variants_cannot_be_one_word() {
    assert_eq!(said("enum Kind { RestApi, Rest_Api }"), ["`Rest_Api` and `RestApi` are the same word `rest-api`"]);
}

#[test]
fn a_mistake_leaves_an_implementation_behind() {
    let input: DeriveInput = syn::parse_str("struct Outage(u16);").unwrap();
    let tokens = implementation(&input).to_string();
    assert!(tokens.contains("compile_error") && tokens.contains("Settings for Outage"), "{tokens}");
}
