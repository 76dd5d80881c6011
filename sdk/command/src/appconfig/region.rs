//! Regions that are misspelt: told before calls to them fail.

/// The regions as of 2026. There will be more: one that is not among them is warned of, not refused.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
const KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// What to say of a region that this version does not know.
pub(crate) fn warning(region: &str) -> Option<String> {
    if KNOWN.contains(&region) {
        return None;
    }
    let nearest = KNOWN.iter().min_by_key(|known| distance(known, region)).filter(|known| distance(known, region) <= 2);
    let meant = nearest.map_or_else(String::new, |nearest| format!("; `{nearest}` is one"));
    Some(format!("`{region}` is no region that this version knows: it is new, or misspelt{meant}"))
}

/// How many letters are to be put in, taken out or replaced to make one of the other (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.bytes().enumerate() {
        let mut above = row[0];
        row[0] = line + 1;
        for (column, wanted) in other.bytes().enumerate() {
            let replaced = above + usize::from(letter != wanted);
            above = row[column + 1];
            row[column + 1] = replaced.min(above + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use misrule_engine::experiment::is_region;

    use super::*;

    #[test]
    fn what_is_misspelt_is_told_with_what_was_meant() {
        assert_eq!(warning("us-east-1"), None);
        let unknown = "is no region that this version knows: it is new, or misspelt";
        assert_eq!(warning("us-esat-1"), Some(format!("`us-esat-1` {unknown}; `us-east-1` is one")));
        assert_eq!(warning("eu-west-33"), Some(format!("`eu-west-33` {unknown}; `eu-west-3` is one")));
        assert_eq!(warning("mars-north-1"), Some(format!("`mars-north-1` {unknown}")));
    }

    #[test]
    fn what_is_known_has_a_regions_form() {
        assert!(KNOWN.iter().all(|region| is_region(region)) && KNOWN.is_sorted());
    }

    #[test]
    fn distances_are_levenshteins() {
        for (one, other, far) in [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("esat", "east", 2)] {
            assert_eq!((distance(one, other), distance(other, one)), (far, far), "{one} {other}");
        }
    }
}
