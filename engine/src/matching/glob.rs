//! Globs over names: `*` stands for any characters, none included, `?` for exactly one.

/// Whether a text matches a glob as a whole. Both are compared character by character, case included.
pub fn matches(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut read) = (0, 0);
    // The last star, and how far it reaches. Only the last can matter: what earlier stars took is free to stay theirs.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match (glob.get(at), star) {
            (Some('*'), _) => {
                star = Some((at, read));
                at += 1;
            }
            (Some(&wanted), _) if wanted == '?' || wanted == text[read] => {
                at += 1;
                read += 1;
            }
            (_, Some((place, reach))) => {
                star = Some((place, reach + 1));
                at = place + 1;
                read = reach + 1;
            }
            (_, None) => return false,
        }
    }
    glob[at..].iter().all(|&rest| rest == '*')
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
