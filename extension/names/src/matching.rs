//! Globs over names of hosts: `*` stands for any characters, none included, `?` for exactly one.

use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::Relaxed;

/// A name as it is compared: without the dot that makes it absolute.
pub(crate) fn without_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

/// Whether a name matches a glob in lower case as a whole, the name's own case aside. Takes at most the product of both
/// lengths, and a name has at most 253 characters: so a list of globs takes time in proportion to its length.
pub(crate) fn matches(glob: &[AtomicU8], name: &[u8]) -> bool {
    let wanted = |at: usize| glob.get(at).map(|byte| byte.load(Relaxed));
    let (mut at, mut read) = (0, 0);
    // The last star, and how far it reaches. Only the last can matter: what earlier stars took is free to stay theirs.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(read).map(u8::to_ascii_lowercase) {
        match (wanted(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, read));
                at += 1;
            }
            (Some(wanted), _) if wanted == b'?' || wanted == byte => {
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
    glob.get(at..).is_some_and(|rest| rest.iter().all(|byte| byte.load(Relaxed) == b'*'))
}

/// Whether this is an address and no name: nobody is asked for it. IPv6 has a colon; of IPv4's many forms, `10.1` and
/// `0x7f.1` among them, each ends in a number, as no name does
/// (<https://url.spec.whatwg.org/#ends-in-a-number-checker>).
pub(crate) fn is_address(name: &[u8]) -> bool {
    let last = without_dot(name).rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let number = match last {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        digits => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
    };
    number || name.contains(&b':')
}

/// Whether this names the machine itself (RFC 6761, section 6.3): there the runtime finds Lambda and its extensions.
pub(crate) fn is_loopback(name: &[u8]) -> bool {
    const LOOPBACK: &[u8] = b"localhost";
    let name = without_dot(name);
    let Some((front, last)) = name.len().checked_sub(LOOPBACK.len()).and_then(|at| name.split_at_checked(at)) else {
        return false;
    };
    last.eq_ignore_ascii_case(LOOPBACK) && (front.is_empty() || front.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    fn glob(text: &str) -> Vec<AtomicU8> {
        text.bytes().map(AtomicU8::new).collect()
    }

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, name, expected) in [
            ("api.example.com", "api.example.com", true),
            ("api.example.com", "API.Example.COM", true),
            ("api.example.com", "api.example.com.eu", false),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*example.com", "example.com", true),
            ("db-?.internal", "db-1.internal", true),
            ("db-?.internal", "db-10.internal", false),
            ("*", "", true),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
        ] {
            assert_eq!(matches(&glob(pattern), name.as_bytes()), expected, "{pattern} on {name}");
        }
    }

    /// The same by trying everything.
    fn tried(glob: &[u8], name: &[u8]) -> bool {
        match (glob.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) if tried(rest, name) => true,
            (Some((b'*', _)), Some((_, left))) => tried(glob, left),
            (Some((wanted, rest)), Some((byte, left))) => (*wanted == b'?' || wanted == byte) && tried(rest, left),
            _ => false,
        }
    }

    fn words(letters: &str, longest: u32) -> Vec<String> {
        let mut words = std::vec![String::new()];
        let mut begun = 0;
        for _ in 0..longest {
            let end = words.len();
            for at in begun..end {
                let longer: Vec<_> = letters.chars().map(|letter| std::format!("{}{letter}", words[at])).collect();
                words.extend(longer);
            }
            begun = end;
        }
        words
    }

    #[test]
    fn all_short_globs_match_what_trying_everything_finds() {
        let names = words("ab", 5);
        for pattern in words("ab*?", 5) {
            let shared = glob(&pattern);
            for name in &names {
                let expected = tried(pattern.as_bytes(), name.as_bytes());
                assert_eq!(matches(&shared, name.as_bytes()), expected, "{pattern} on {name}");
            }
        }
    }

    #[test]
    fn addresses_are_no_names() {
        for address in ["10.0.0.1", "127.1", "0x7f.1", "2130706433", "1.2.3.0x", "::1", "fe80::1%eth0", "10.0.0.1."] {
            assert!(is_address(address.as_bytes()), "{address}");
        }
        for name in ["", ".", "a", "10.0.0.1.nip.io", "1e100.net", "0xyz", "x0x1", "com.", "s3.eu-west-3"] {
            assert!(!is_address(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn the_machine_itself_is_known_by_its_names() {
        for name in ["localhost", "LocalHost.", "a.b.localhost"] {
            assert!(is_loopback(name.as_bytes()), "{name}");
        }
        for name in ["", "notlocalhost", "localhost.example.com", "host"] {
            assert!(!is_loopback(name.as_bytes()), "{name}");
        }
    }
}
