//! `truncate`: cuts the decoded body of a buffered answer short.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};

use super::{Effect, FaultError, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Truncate;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Its words in README's table.
pub const ROW: Row =
    Row { events: "any, whole answers", seen: "the handler's answer with a shorter body", undone: "nothing, likewise" };

/// Keeps so many bytes of the body. A text stays text: a character that would be cut in half goes as a whole.
///
/// # Errors
/// Where the answer has no body.
pub async fn carry_out(bytes: u32, _policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let most = usize::try_from(bytes).unwrap_or(usize::MAX);
    scene.change_body(|body| shortened(body, most).to_vec())
}

fn shortened(body: &[u8], most: usize) -> &[u8] {
    match std::str::from_utf8(body) {
        Ok(text) => &body[..text.floor_char_boundary(most)],
        Err(_) => &body[..most.min(body.len())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_bytes_anywhere() {
        for (body, most, expected) in [
            (&b"abc"[..], 2, &b"ab"[..]),
            (b"abc", 9, b"abc"),
            (b"abc", 0, b""),
            ("aé".as_bytes(), 2, b"a"),
            (b"a\xc3\xa9\xff", 2, b"a\xc3"),
        ] {
            assert_eq!(shortened(body, most), expected, "{most}");
        }
    }
}
