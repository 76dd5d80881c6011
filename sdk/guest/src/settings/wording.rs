//! Words and numbers in messages, without the machinery of `format!`.

/// A number in decimal digits.
pub(crate) fn decimal(mut number: u64) -> String {
    let mut digits = [0; 20];
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        length += 1;
        if number == 0 {
            break;
        }
    }
    digits.iter().skip(20 - length).map(|digit| char::from(*digit)).collect()
}

/// A number in decimal digits, with a sign where it is negative.
pub(crate) fn signed(number: i64) -> String {
    text(&[if number < 0 { "-" } else { "" }, &decimal(number.unsigned_abs())])
}

/// Words with commas between them, behind a lead.
pub(crate) fn list(lead: &str, words: &[&str]) -> String {
    let mut list = lead.to_owned();
    for (position, word) in words.iter().enumerate() {
        push_all(&mut list, &[if position > 0 { ", " } else { "" }, word]);
    }
    list
}

/// The parts in one text.
pub(crate) fn text(parts: &[&str]) -> String {
    let mut text = String::new();
    push_all(&mut text, parts);
    text
}

/// Appends the parts to a text.
pub(crate) fn push_all(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_the_standard_library_writes_them() {
        for number in [0, 7, 10, 65_535, u64::MAX] {
            assert_eq!(decimal(number), number.to_string());
        }
        for number in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(signed(number), number.to_string());
        }
    }

    #[test]
    fn a_list_has_commas_between_its_words() {
        assert_eq!(list("known: ", &["a", "b"]), "known: a, b");
        assert_eq!(list("known: ", &["a"]), "known: a");
    }
}
