//! The summary: what clients saw in each phase, and what that says, as tables.

use super::course::Experience;
use super::history::Span;
use super::judgement::{Finding, in_seconds, percent};
use super::region::Region;
use crate::table::aligned;

/// What clients saw, a row a phase.
pub(crate) fn phases(experience: &Experience) -> Vec<String> {
    let headings = ["phase", "lasted", "requests", Region::Us.name(), Region::Eu.name(), "failed", "served"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    rows.extend(experience.moments.phases().iter().map(|(name, span)| phase(experience, name, span)));
    aligned(&rows, &[1, 2, 3, 4, 5, 6])
}

fn phase(experience: &Experience, name: &str, span: &Span) -> Vec<String> {
    let history = &experience.history;
    let served_by = |region| history.within(span).filter(|request| request.served_by(region)).count();
    let failed = history.within(span).filter(|request| !request.served).count();
    vec![
        name.to_owned(),
        in_seconds(span.end.saturating_sub(span.start)),
        history.within(span).count().to_string(),
        served_by(Region::Us).to_string(),
        served_by(Region::Eu).to_string(),
        failed.to_string(),
        percent(history.share_served(span)),
    ]
}

/// What was promised and seen, a row each.
pub(crate) fn findings(findings: &[Finding]) -> Vec<String> {
    let row = |finding: &Finding| {
        let kept = if finding.kept { "yes" } else { "NO" };
        vec![finding.promise.clone(), finding.seen.clone(), kept.to_owned()]
    };
    let mut rows = vec![["promised", "seen", "kept"].map(str::to_owned).to_vec()];
    rows.extend(findings.iter().map(row));
    aligned(&rows, &[])
}

#[cfg(test)]
mod tests {
    use super::super::history::tests::history;
    use super::super::judgement::tests::experience;
    use super::*;

    #[test]
    fn each_phase_has_its_row() {
        let experience = experience(history(&["uuxxeeeu"], &["eeeeeeee"]), [1, 2, 6, 8]);
        assert_eq!(
            phases(&experience).join("\n"),
            "\
phase         lasted  requests  us-east-1  eu-west-1  failed   served
---------------------------------------------------------------------
steady state   2.0 s         4          2          2       0  100.0 %
outage         4.0 s         8          0          6       2   75.0 %
recovery       2.0 s         4          1          3       0  100.0 %"
        );
    }
}
