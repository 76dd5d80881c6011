//! What is legal, and yet injects nothing or not all that it seems to.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use misrule_engine::decision::{Enforcer, FaultKind};
use misrule_engine::experiment::{ComponentRef, Experiment, PolicyUse, Rate};
use misrule_engine::invocation::AnswerForm;
use misrule_engine::sandbox::Hooks;
use serde_json::Value;

use super::{Draft, LARGEST, Prepared, Signature};
use crate::appconfig::region;
use crate::compile::{self, Used};

/// An experiment that starts later than this is told.
const FAR_AHEAD: Duration = Duration::from_secs(7 * 86_400);

/// How often layers ask AppConfig where it names no interval.
const USUAL_INTERVAL: Duration = Duration::from_secs(60);

impl Draft {
    /// What holds wherever it is published.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let Experiment { name, blast_radius, policies, .. } = &self.experiment;
        let mut warnings = Vec::new();
        if blast_radius.rate.share() <= 0.0 {
            warnings.push(format!("`blast_radius.rate` is 0: `{name}` injects nothing"));
        }
        let unknown = blast_radius.regions.iter().filter_map(|region| region::warning(region));
        warnings.extend(unknown.map(|warning| format!("`blast_radius.regions`: {warning}")));
        warnings.extend(policies.iter().filter_map(|policy| self.idle(policy)));
        warnings.extend(self.opted_in());
        warnings.extend(self.far_ahead());
        warnings.extend(self.soon_stale());
        warnings.extend(self.never_stops());
        warnings
    }

    /// What holds in this region.
    pub(crate) fn warning_in(&self, region: &str) -> Option<String> {
        let name = &self.experiment.name;
        self.is_outside(region)
            .then(|| format!("`blast_radius.regions` does not name `{region}`: published there, `{name}` arms nothing"))
    }

    /// Why nothing can ever be injected in these regions, where that is sure.
    pub(super) fn in_vain(&self, regions: &[String], armed: &Enforcer) -> Option<String> {
        let Experiment { name, blast_radius, policies, .. } = &self.experiment;
        let mut of_each = armed.hooks().zip(policies);
        let because = if blast_radius.rate.share() <= 0.0 {
            "`blast_radius.rate` is 0"
        } else if !regions.is_empty() && regions.iter().all(|region| self.is_outside(region)) {
            "`blast_radius.regions` names none of the regions that it is published to"
        } else if !of_each.any(|((_, hooks), policy)| self.may_inject(policy, hooks)) {
            "none of its policies can ask for a fault that it may have"
        } else {
            return None;
        };
        Some(format!("NOTHING CAN BE INJECTED by `{name}`: {because}"))
    }

    fn is_outside(&self, region: &str) -> bool {
        let regions = &self.experiment.blast_radius.regions;
        !regions.is_empty() && regions.iter().all(|named| named != region)
    }

    fn may_inject(&self, policy: &PolicyUse, hooks: Hooks) -> bool {
        let allowed = &self.experiment.blast_radius.faults;
        let may_be_had = |kind: &FaultKind| allowed.contains(kind) && may_be_asked(*kind, hooks);
        policy.rate.share() > 0.0 && self.asked(policy).is_none_or(|asked| asked.iter().any(may_be_had))
    }

    /// A fault that functions carry out only where their owner said so.
    fn opted_in(&self) -> Option<String> {
        let named = self.experiment.blast_radius.faults.contains(&FaultKind::BlockHosts);
        named.then(|| {
            "`blast_radius.faults` names `block-hosts`, which only functions with `MISRULE_BLOCK_HOSTS=true` carry out".to_owned()
        })
    }

    /// An experiment that starts so late is forgotten until then, or has its year wrong.
    fn far_ahead(&self) -> Option<String> {
        let starts = self.experiment.starts.filter(|starts| starts.since(self.read) > FAR_AHEAD)?;
        let days = starts.since(self.read).as_secs() / 86_400;
        Some(format!("`starts` is {starts}, {days} days ahead: nothing is injected until then"))
    }

    /// Between two refreshes it would be too old.
    fn soon_stale(&self) -> Option<String> {
        let max_age = Some(self.experiment.blast_radius.max_age).filter(|age| *age < USUAL_INTERVAL)?;
        let (age, usual) = (max_age.as_secs_f64(), USUAL_INTERVAL.as_secs());
        Some(format!(
            "`blast_radius.max_age` is {age} s, and layers ask AppConfig every {usual} s unless it says otherwise: in between, nothing is injected"
        ))
    }

    /// What `stop_when` looks at is what no fault touched.
    fn never_stops(&self) -> Option<String> {
        let Experiment { name, blast_radius, policies, .. } = &self.experiment;
        let asks = blast_radius.stop_when.is_some();
        let bounded = blast_radius.rate != Rate::ALL || !blast_radius.budget.is_unbounded();
        let mut touching = policies.iter().filter(|policy| touches_all(policy) && self.idle(policy).is_none());
        let policy = touching.next().filter(|_| asks && !bounded)?;
        Some(format!(
            "policy `{}` leaves no invocation untouched, and `stop_when` counts only those: it never stops `{name}`; lower that policy's `rate`, or `blast_radius.rate`",
            policy.name
        ))
    }

    /// Why this policy injects nothing, where that can be seen beforehand.
    fn idle(&self, policy: &PolicyUse) -> Option<String> {
        let name = &policy.name;
        if policy.rate.share() <= 0.0 {
            return Some(format!("policy `{name}`: its `rate` is 0: it injects nothing"));
        }
        let asked = self.asked(policy).unwrap_or_default();
        let allowed = &self.experiment.blast_radius.faults;
        let in_vain = !asked.is_empty() && !asked.iter().any(|kind| allowed.contains(kind));
        let list = |kinds: &[FaultKind]| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        in_vain.then(|| {
            let (asked, allowed) = (list(&asked), list(allowed));
            format!("policy `{name}` asks for {asked}, and `blast_radius.faults` allows {allowed}: it injects nothing")
        })
    }

    /// The faults that a policy's component can ask for; none where that cannot be told.
    fn asked(&self, policy: &PolicyUse) -> Option<Vec<FaultKind>> {
        let component = match &policy.component {
            ComponentRef::ReadyMade(name) => misrule_policies::component(name),
            ComponentRef::Module(file) => self.modules.get(file).map(Vec::as_slice),
        };
        component.and_then(|component| compile::used(component).ok()).map(|used| faults(&used))
    }

    /// The faults that its policies ask for in vain, once they were configured.
    pub(super) fn out_of_hook(&self, armed: &Enforcer) -> Vec<String> {
        let of_each = armed.hooks().zip(&self.experiment.policies);
        let asked = |policy| self.asked(policy).unwrap_or_default();
        of_each.flat_map(|((name, hooks), policy)| out_of_hook(name, &asked(policy), hooks)).collect()
    }
}

/// Whether a ready-made policy has no condition: what a policy of one's own does cannot be seen here.
fn touches_all(policy: &PolicyUse) -> bool {
    let absent = |name: &str| policy.settings.get(name).is_none_or(Value::is_null);
    let all_paths = policy.settings.get("paths").and_then(Value::as_array);
    let all_paths = all_paths.is_some_and(|paths| paths.iter().any(|path| path == "/**"));
    let ready_made = matches!(policy.component, ComponentRef::ReadyMade(_));
    ready_made && policy.rate == Rate::ALL && absent("methods") && absent("window") && (absent("paths") || all_paths)
}

impl Prepared {
    /// What came out while it was packed and tried.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let images = self.without_images.then(|| {
            format!(
                "`{}` goes without native images, which would not fit into the {LARGEST} bytes that AppConfig takes: \
                 layers compile its modules",
                self.name
            )
        });
        self.out_of_hook.iter().cloned().chain(images).collect()
    }

    /// That a signature was not judged.
    pub(crate) fn unverified(&self) -> Option<String> {
        let Signature::Named(key) = self.signature else { return None };
        Some(format!(
            "`{}` has a signature that names key `{key}`, and it was not verified: say `--public-key KEY` to do that",
            self.name
        ))
    }
}

/// The faults among the functions of the contract that a component uses.
pub(crate) fn faults(used: &Used) -> Vec<FaultKind> {
    let asks = |kind: &&FaultKind| used.get("faults").is_some_and(|functions| functions.contains(kind.name()));
    FaultKind::ALL.iter().filter(asks).copied().collect()
}

/// The faults that a policy with these hooks can ask for and never may: a line for each set of hooks that would do.
pub(crate) fn out_of_hook(policy: impl Display, asked: &[FaultKind], hooks: Hooks) -> Vec<String> {
    let mut needed = BTreeMap::<_, Vec<_>>::new();
    for kind in asked.iter().filter(|kind| !may_be_asked(**kind, hooks)) {
        needed.entry(would_do(*kind, hooks)).or_default().push(kind.name());
    }
    let line = |(hooks, kinds): (&str, Vec<&str>)| {
        let kinds = kinds.join(", ");
        format!(
            "policy `{policy}` can ask for {kinds}, but never in the hooks that it wants: its `hooks()` must name {hooks}"
        )
    };
    needed.into_iter().map(line).collect()
}

/// Whether there is a hook among these in which it may be asked.
fn may_be_asked(kind: FaultKind, hooks: Hooks) -> bool {
    let of_answers = if hooks.answer_body { AnswerForm::Whole } else { AnswerForm::Head };
    let after = kind.may_be_asked(Some(of_answers)) || kind.may_be_asked(Some(AnswerForm::Streamed));
    hooks.before && kind.may_be_asked(None) || hooks.after && after
}

/// The hooks that would do for it beside these.
fn would_do(kind: FaultKind, hooks: Hooks) -> &'static str {
    match kind {
        _ if hooks.after && kind.may_be_asked(Some(AnswerForm::Whole)) => "`answer-body`",
        _ if kind.may_be_asked(None) => "`before`",
        _ if kind.may_be_asked(Some(AnswerForm::Streamed)) => "`after`",
        _ => "`after` and `answer-body`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kinds: &[FaultKind], before: bool, after: bool, answer_body: bool) -> Vec<String> {
        let lines = out_of_hook("p", kinds, Hooks { before, after, answer_body });
        let never = "but never in the hooks that it wants: its `hooks()` must name";
        lines.iter().map(|line| line.replace("policy `p` can ask for ", "").replace(never, "needs")).collect()
    }

    #[test]
    fn faults_are_held_against_the_hooks_in_which_they_may_be_asked() {
        use FaultKind as Kind;
        assert!(told(Kind::ALL, true, true, true).is_empty());
        let kinds = [Kind::Delay, Kind::SetStatus, Kind::Truncate, Kind::Cut, Kind::Crash];
        assert_eq!(
            told(&kinds, true, false, false),
            ["cut, needs `after`", "set-status, truncate, needs `after` and `answer-body`"]
        );
        assert_eq!(
            told(&kinds, false, true, false),
            ["set-status, truncate, needs `answer-body`", "crash, needs `before`"]
        );
        assert_eq!(told(&kinds, false, true, true), ["crash, needs `before`"]);
        assert_eq!(told(&[Kind::Edit], false, true, false), ["edit, needs `answer-body`"]);
        assert!(told(&[Kind::Edit], true, false, false).is_empty());
    }
}
