//! What was promised, and what was seen.

use std::time::Duration;

use super::DemoError;
use super::course::Experience;
use super::history::Request;
use super::region::{PerRegion, Region};
use super::scale::BOUND;

/// The share of the requests of an outage that must be served.
pub(crate) const SHARE: f64 = 0.9;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Without it the experiment says nothing.
    Experiment,
    /// It is the experiment's answer.
    Hypothesis,
}

/// Something that was promised, and whether it was so.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) about: About,
    pub(crate) promise: String,
    pub(crate) seen: String,
    pub(crate) kept: bool,
}

/// What the layers' logs say of the whole demo.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    /// How often the layer started: once, unless the environment was made anew.
    pub(crate) starts: usize,
    /// How many faults it injected.
    pub(crate) injected: usize,
    /// How often it said that the experiment does not concern it.
    pub(crate) outside: usize,
}

/// How the hypothesis is judged, for people.
pub(crate) fn criteria() -> String {
    format!(
        "at least {:.0} % of requests served during the outage; the last client in the EU within {:.0} s ({} s at Route 53's pace)",
        SHARE * 100.0,
        BOUND.here().as_secs_f64(),
        BOUND.0
    )
}

/// Everything that was promised, in the order in which it was due.
pub(crate) fn findings(experience: &Experience) -> Vec<Finding> {
    vec![
        steady(experience),
        contained(&experience.logged),
        served(experience),
        moved(experience),
        recovered(experience),
        untouched(&experience.logged),
    ]
}

/// Nothing where all that was promised was so.
pub(crate) fn verdict(findings: &[Finding]) -> Result<(), DemoError> {
    let broken = |about| {
        let broken = findings.iter().filter(|finding| finding.about == about && !finding.kept);
        broken.map(|finding| format!("{}, but {}", finding.promise, finding.seen)).collect::<Vec<_>>()
    };
    match (broken(About::Experiment), broken(About::Hypothesis)) {
        (experiment, _) if !experiment.is_empty() => Err(DemoError::Promise(experiment)),
        (_, hypothesis) if !hypothesis.is_empty() => Err(DemoError::Hypothesis(hypothesis)),
        _ => Ok(()),
    }
}

/// Whether the hypothesis held.
pub(crate) fn held(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.about != About::Hypothesis || finding.kept)
}

/// Whether the region nearest to the client served it.
pub(crate) fn at_home(request: &Request) -> bool {
    request.served_by(request.client.home)
}

/// Whether the EU served it.
pub(crate) fn in_the_eu(request: &Request) -> bool {
    request.served_by(Region::Eu)
}

fn steady(experience: &Experience) -> Finding {
    let span = experience.moments.steady();
    let all = experience.history.within(&span).count();
    let home = experience.history.within(&span).filter(|request| at_home(request)).count();
    Finding {
        about: About::Experiment,
        promise: "steady state: every client is served by its nearest region".to_owned(),
        seen: format!("{home} of {all} requests were"),
        kept: all > 0 && home == all,
    }
}

fn contained(logged: &PerRegion<Logged>) -> Finding {
    let injected = format!("{} faults were there, {} in {}", logged.us.injected, logged.eu.injected, Region::Eu);
    let silent = if logged.eu.outside > 0 { "" } else { ", which does not say `outside_blast_radius`" };
    Finding {
        about: About::Experiment,
        promise: format!("outage: nothing is injected outside {}", Region::Us),
        seen: format!("{injected}{silent}"),
        kept: logged.us.injected > 0 && logged.eu.injected == 0 && logged.eu.outside > 0,
    }
}

fn served(experience: &Experience) -> Finding {
    let share = experience.history.share_served(&experience.moments.outage());
    Finding {
        about: About::Hypothesis,
        promise: format!("outage: at least {:.0} % of requests are served", SHARE * 100.0),
        seen: format!("{} were", percent(share)),
        kept: share >= SHARE,
    }
}

fn moved(experience: &Experience) -> Finding {
    let (history, span) = (&experience.history, experience.moments.outage());
    let took = history.settled(&span, in_the_eu);
    let seen = match took {
        Some(took) => format!("the last was after {}", in_seconds(took)),
        None => {
            let clients = history.unsettled(&span, in_the_eu);
            let names: Vec<_> = clients.iter().map(ToString::to_string).collect();
            format!("{} never were", names.join(" and "))
        }
    };
    let promise = format!("outage: all clients are in the EU within {:.0} s", BOUND.here().as_secs_f64());
    let kept = took.is_some_and(|took| took <= BOUND.here());
    Finding { about: About::Hypothesis, promise, seen, kept }
}

fn recovered(experience: &Experience) -> Finding {
    let took = experience.history.settled(&experience.moments.recovery(), at_home);
    let seen =
        took.map_or("not all were".to_owned(), |took| format!("the last was {} after the halt", in_seconds(took)));
    let promise = "recovery: every client is back in its nearest region".to_owned();
    Finding { about: About::Experiment, promise, seen, kept: took.is_some() }
}

fn untouched(logged: &PerRegion<Logged>) -> Finding {
    Finding {
        about: About::Experiment,
        promise: "no function is restarted or redeployed".to_owned(),
        seen: format!("layers started {} and {} times", logged.us.starts, logged.eu.starts)
            .replace("1 and 1 times", "once each"),
        kept: logged.us.starts == 1 && logged.eu.starts == 1,
    }
}

/// A share, for people: rounded down, so that what falls short of a threshold never looks as if it reached it.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

/// A time, for people.
pub(crate) fn in_seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::history::tests::history;
    use super::super::history::{History, Moments};
    use super::*;

    pub(crate) fn experience(history: History, seconds: [u64; 4]) -> Experience {
        let [published, took_hold, halted, over] = seconds.map(Duration::from_secs);
        let logged = |injected, outside| Logged { starts: 1, injected, outside };
        Experience {
            history,
            moments: Moments { published, took_hold, halted, over },
            logged: PerRegion { us: logged(4, 0), eu: logged(0, 1) },
        }
    }

    /// Ten clients, one that fails this often before it moves to the EU and home again.
    fn one_fails(astray: &str) -> Experience {
        let us = format!("uu{astray}{}uu", "e".repeat(10 - astray.len()));
        let (home, eu) = ("uueeeeeeeeeeuu", "eeeeeeeeeeeeee");
        experience(history(&[&us, home, home, home], &[eu; 6]), [1, 2, 12, 14])
    }

    fn kept(experience: &Experience) -> Vec<bool> {
        findings(experience).iter().map(|finding| finding.kept).collect()
    }

    #[test]
    fn clients_that_move_in_time_keep_every_promise() {
        let experience = one_fails("xx");
        assert_eq!(kept(&experience), [true; 6]);
        assert!(verdict(&findings(&experience)).is_ok());
    }

    #[test]
    fn a_client_that_moves_too_late_breaks_the_hypothesis() {
        let findings = findings(&one_fails("xxxxxxx"));
        assert_eq!(findings[3].seen, "the last was after 7.0 s");
        let error = verdict(&findings).unwrap_err().to_string();
        assert_eq!(
            error,
            "the hypothesis does not hold: outage: all clients are in the EU within 6 s, but the last was after 7.0 s"
        );
        assert!(!held(&findings));
    }

    #[test]
    fn pinned_clients_break_both_parts_of_it() {
        let (pinned, home, eu) = ("uuxxxxxxxxxxuu", "uuxeeeeeeeeeuu", "eeeeeeeeeeeeee");
        let findings = findings(&experience(history(&[home, home, pinned, pinned], &[eu; 6]), [1, 2, 12, 14]));
        assert_eq!((findings[2].kept, findings[2].seen.as_str()), (false, "78.0 % were"));
        assert_eq!((findings[3].kept, findings[3].seen.as_str()), (false, "us-3 and us-4 never were"));
    }

    #[test]
    fn what_is_no_experiment_comes_before_its_answer() {
        let mut wrong = one_fails("xxxxxxx");
        wrong.logged.eu.injected = 1;
        wrong.logged.us.starts = 2;
        let error = verdict(&findings(&wrong)).unwrap_err().to_string();
        assert!(
            error.starts_with("the demo did not go as it must: outage: nothing is injected outside us-east-1"),
            "{error}"
        );
        assert!(error.ends_with("layers started 2 and 1 times"), "{error}");
        let unsteady = experience(history(&["uueee"], &["euuuu"]), [1, 2, 4, 5]);
        assert!(!findings(&unsteady)[0].kept && !findings(&unsteady)[4].kept);
    }

    #[test]
    fn a_share_is_never_rounded_up() {
        assert_eq!(percent(0.89999), "89.9 %");
        assert_eq!(percent(1.0), "100.0 %");
    }
}
