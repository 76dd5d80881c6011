//! Numbers with the words that belong to them.

use std::fmt::Display;

/// So many of something: one of it, or several.
pub(super) fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    format!("{count} {}", noun_for(count, noun))
}

/// So many among so many: `1 of 2 environments`.
pub(super) fn among(count: usize, all: usize, noun: &str) -> String {
    format!("{count} of {all} {}", noun_for(all, noun))
}

/// How often something came.
pub(super) fn often(times: u64) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

fn noun_for<N: Copy + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) { noun.to_owned() } else { format!("{noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let told = [0, 1, 2].map(|count: u64| counted(count, "invocation"));
        assert_eq!(told, ["0 invocations", "1 invocation", "2 invocations"]);
        assert_eq!([1, 2].map(often), ["once", "2 times"]);
        assert_eq!([among(1, 1, "day"), among(1, 7, "day")], ["1 of 1 day", "1 of 7 days"]);
    }
}
