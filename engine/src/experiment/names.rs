//! Names of experiments, policies and modules.

use crate::limits::NAME_BYTES;

/// Whether a text may be a name: ASCII letters, digits, `-`, `_` and `.`, not first a dot. Such a name needs no quoting in
/// a header, a log line or a bundle's path.
pub(super) fn is_name(text: &str) -> bool {
    let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fits && !text.is_empty() && !text.starts_with('.') && NAME_BYTES.admits(text.len())
}

/// The name that a module gives to its policy: its file's, without `.wasm`. None where it is no such file's name.
pub(super) fn module_stem(file: &str) -> Option<&str> {
    file.strip_suffix(".wasm").filter(|stem| is_name(stem))
}

/// Whether a text has the form of an AWS region's code, as `us-east-1` has.
pub fn is_region(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && text.split('-').count() > 2 && text.ends_with(|last: char| last.is_ascii_digit())
}

/// Whether a text has the form of an AWS account's id.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The longest name of an environment of AppConfig, in characters.
/// <https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_CreateEnvironment.html>
pub(super) const APPCONFIG_NAME: usize = 64;

/// Whether a text may be the name or the id of an environment of AppConfig.
pub(super) fn is_appconfig_environment(text: &str) -> bool {
    (1..=APPCONFIG_NAME).contains(&text.chars().count()) && !text.trim().is_empty() && !text.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_needs_no_quoting() {
        for name in ["us-region-outage", "a", "v1.2_x", &"a".repeat(64)] {
            assert!(is_name(name), "{name}");
        }
        for wrong in ["", ".", ".a", "a b", "a/b", "é", "a\n", &"a".repeat(65)] {
            assert!(!is_name(wrong), "{wrong}");
        }
        assert_eq!((module_stem("brownout.wasm"), module_stem("../brownout.wasm")), (Some("brownout"), None));
        assert_eq!((module_stem(".wasm"), module_stem("brownout")), (None, None));
    }

    #[test]
    fn an_account_has_twelve_digits() {
        assert!(is_account("012345678901"));
        for wrong in ["", "12345678901", "1234567890123", "12345678901a", "1234-5678-90", "１２３４"] {
            assert!(!is_account(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_environment_of_appconfig_has_a_name_without_a_slash() {
        for name in ["prod", "a1b2c3d", "Prod EU", &"é".repeat(64)] {
            assert!(is_appconfig_environment(name), "{name}");
        }
        for wrong in ["", " ", "shop/prod", &"a".repeat(65)] {
            assert!(!is_appconfig_environment(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_region_has_three_parts_and_a_number() {
        for region in ["us-east-1", "ap-southeast-4", "us-gov-west-1"] {
            assert!(is_region(region), "{region}");
        }
        for wrong in ["", "mars-1", "us-east", "US-East-1", "us-east-1a", "Ireland"] {
            assert!(!is_region(wrong), "{wrong}");
        }
    }
}
