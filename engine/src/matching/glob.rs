//! Globs over names: `*` stands for any characters, none included, `?` for exactly one.

use std::str::Chars;

/// Whether a text matches a glob as a whole. Both are compared character by character, case included.
pub fn matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob.chars(), text.chars());
    // What follows the last star, and what lies beyond its reach. Only the last can matter: what earlier stars took is
    // free to stay theirs.
    let mut star: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let (mut later, mut rest) = (glob.clone(), text.clone());
        let Some(read) = rest.next() else { break };
        match (later.next(), &mut star) {
            (Some('*'), _) => {
                star = Some((later.clone(), text.clone()));
                glob = later;
            }
            (Some(wanted), _) if wanted == '?' || wanted == read => (glob, text) = (later, rest),
            (_, Some((follows, beyond))) => {
                beyond.next();
                (glob, text) = (follows.clone(), beyond.clone());
            }
            (_, None) => return false,
        }
    }
    glob.all(|rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        let rows = [
            ("health-*", "health-eu", true),
            ("health-*", "health-", true),
            ("health-*", "wealth-eu", false),
            ("*-api", "orders-api-api", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("?", "é", true),
            ("?", "", false),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("Orders", "orders", false),
        ];
        for (glob, text, expected) in rows {
            assert_eq!(matches(glob, text), expected, "{glob} on {text}");
        }
    }

    #[test]
    fn many_stars_stay_fast() {
        assert!(!matches(&"*a".repeat(500), &"a".repeat(499).replace("aa", "ab")));
    }

    proptest! {
        #[test]
        fn a_glob_matches_what_its_regular_expression_matches(glob in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let regex = format!("^{}$", glob.replace('*', ".*").replace('?', "."));
            prop_assert_eq!(matches(&glob, &text), regex::Regex::new(&regex).unwrap().is_match(&text));
        }
    }
}
