//! `garble`: overwrites a share of the decoded body of a buffered answer with noise, which the logged seed makes again.

use misrule_engine::decision::{Chance, FaultKind, Hook, PolicyName, Seed};

use super::{Effect, FaultError, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Garble;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any, whole answers",
    seen: "the handler's answer with noise in its body",
    undone: "nothing, likewise",
};

/// Overwrites each byte with this chance. The body keeps its length, and a text stays text: there the noise is printable
/// ASCII, and a character of several bytes is hit as a whole.
///
/// # Errors
/// Where the answer has no body.
pub async fn carry_out(rate: f64, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let seed = Seed::of_invocation(&scene.armed.enforcer.experiment().name, scene.invocation.head());
    let mut chance = Chance::new(seed.of_noise(policy));
    scene.change_body(|body| match std::str::from_utf8(body) {
        Ok(text) => noisy_text(text, rate, &mut chance),
        Err(_) => noisy_bytes(body, rate, &mut chance),
    })
}

fn noisy_bytes(body: &[u8], rate: f64, chance: &mut Chance) -> Vec<u8> {
    body.iter().map(|byte| if chance.uniform() < rate { one_of(0, 256, chance) } else { *byte }).collect()
}

fn noisy_text(text: &str, rate: f64, chance: &mut Chance) -> Vec<u8> {
    let mut noisy = Vec::with_capacity(text.len());
    for letter in text.chars() {
        let size = letter.len_utf8();
        if (0..size).fold(false, |hit, _| chance.uniform() < rate || hit) {
            noisy.extend((0..size).map(|_| one_of(b' ', 95, chance)));
        } else {
            noisy.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    noisy
}

/// One of so many bytes from this one on.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a draw is at least 0 and less than `count`"
)]
fn one_of(first: u8, count: u16, chance: &mut Chance) -> u8 {
    first.wrapping_add((chance.uniform() * f64::from(count)) as u8)
}

#[cfg(test)]
mod tests {
    use misrule_engine::invocation::{Head, RequestId};
    use misrule_engine::time::Timestamp;

    use super::*;

    fn chance(request: &str) -> Chance {
        let head = Head {
            request_id: RequestId::new(request),
            invocation_id: Some("i".to_owned()),
            invoked_arn: String::new(),
            trace_id: None,
            tenant_id: None,
            arrived: Timestamp::from_milliseconds(1),
            deadline: Timestamp::from_milliseconds(2),
            sequence: 0,
        };
        Chance::new(Seed::of_invocation("trial", &head).of_noise(&PolicyName::new("noise")))
    }

    #[test]
    fn the_same_seed_makes_the_same_noise() {
        let body = vec![0xff; 1000];
        let noisy = |request| noisy_bytes(&body, 0.5, &mut chance(request));
        assert_eq!(noisy("a"), noisy("a"));
        assert_ne!(noisy("a"), noisy("b"));
    }

    #[test]
    fn the_share_is_about_the_rate_and_the_length_stays() {
        let body = vec![0; 10_000];
        let changed = |rate| noisy_bytes(&body, rate, &mut chance("a")).iter().filter(|byte| **byte != 0).count();
        assert_eq!(changed(0.0), 0);
        assert!((800..1200).contains(&changed(0.1)), "{}", changed(0.1));
        assert!(changed(1.0) > 9_900);
    }

    #[test]
    fn a_text_stays_text_of_its_length() {
        let text = "aé€😀".repeat(100);
        let noisy = noisy_text(&text, 0.3, &mut chance("a"));
        let noisy = std::str::from_utf8(&noisy).unwrap();
        assert_eq!(noisy.len(), text.len());
        assert!(noisy != text && noisy.contains('€') && noisy.chars().any(|letter| letter.is_ascii_punctuation()));
        assert!(noisy_text(&text, 1.0, &mut chance("a")).iter().all(|byte| (b' '..=b'~').contains(byte)));
    }
}
