//! What a policy did in an environment under one experiment version.

use std::collections::{BTreeMap, BTreeSet};

use super::delays::Delays;
use super::distinct::Distinct;
use super::line::{About, Line};

/// Different reasons that are told apart; what comes after them is counted together.
const MAX_REASONS: usize = 50;

/// Texts and how often they came, in bounded memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasons(pub(crate) BTreeMap<String, u64>);

impl Reasons {
    /// A text came.
    pub(crate) fn add(&mut self, text: String) {
        self.add_times(text, 1);
    }

    /// Takes in the texts of another place.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(text, times)| self.add_times(text.clone(), *times));
    }

    /// A text came so many times.
    pub(crate) fn add_times(&mut self, text: String, times: u64) {
        let kept = self.0.len() < MAX_REASONS || self.0.contains_key(&text);
        let text = if kept { text } else { "and others".to_owned() };
        *self.0.entry(text).or_default() += times;
    }
}

/// What became of the plans of a policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Decisions whose faults were carried out.
    pub(crate) acted: u64,
    /// Decisions whose faults would have been, in a dry run.
    pub(crate) would_have: u64,
    /// Delays that were shortened beforehand.
    pub(crate) cut: u64,
    /// Steps that were dropped beforehand.
    pub(crate) refused: u64,
    /// Hooks that trapped, and faults that could not be carried out.
    pub(crate) failed: u64,
    /// Decisions in which the policy forbade every fault.
    pub(crate) forbidden: u64,
    /// Faults that ended early with their experiment.
    pub(crate) ended: u64,
    /// Whether the policy was switched off.
    pub(crate) disabled: u64,
    /// Why less was done than was asked for.
    pub(crate) reasons: Reasons,
    /// Those of them whose lines come once a minute, with a count.
    pub(crate) spared: BTreeSet<String>,
    touched: Distinct,
    /// Delays that were carried out.
    pub(crate) delays: Delays,
    /// Delays that would have been.
    pub(crate) dry_delays: Delays,
}

impl Tally {
    /// Takes in a line about one of the policy's decisions.
    pub(crate) fn take(&mut self, line: &Line) {
        match line {
            Line::Injected(faults) => {
                self.acted += 1;
                self.touched.add(&faults.seed);
                faults.delays_ms.iter().for_each(|delay| self.delays.add(*delay));
            }
            Line::WouldHave(faults) => {
                self.would_have += 1;
                faults.delays_ms.iter().for_each(|delay| self.dry_delays.add(*delay));
            }
            Line::FaultEnded(ended) => {
                self.ended += 1;
                if let Some(planned) = ended.planned_ms {
                    self.delays.shorten(planned, ended.took_ms);
                }
                self.reasons.add(format!("`{}` ended early: {}", ended.fault, ended.reason));
            }
            other => self.take_less(other),
        }
    }

    /// Lines that say why less was done than was asked for.
    fn take_less(&mut self, line: &Line) {
        let times = line.count();
        let (count, reason) = match line {
            Line::Cut(cut) => (&mut self.cut, format!("`{}` cut: {}", cut.fault, cut.reason)),
            Line::RefusedStep(step) => (&mut self.refused, format!("`{}` refused: {}", step.fault, step.reason)),
            Line::FaultFailed(fault) => (&mut self.failed, format!("`{}` failed: {}", fault.fault, fault.reason)),
            Line::Trapped(hook) => (&mut self.failed, format!("trapped: {}", hook.reason)),
            Line::Forbidden(plan) => (&mut self.forbidden, format!("forbade every fault: {}", plan.reason)),
            Line::PolicyDisabled(policy) => (&mut self.disabled, format!("was switched off: {}", policy.reason)),
            _ => return,
        };
        *count += times;
        if line.is_spared() {
            self.spared.insert(reason.clone());
        }
        self.reasons.add_times(reason, times);
    }

    /// Invocations whose faults were carried out: an estimate is never more than there were decisions.
    pub(crate) fn touched(&self) -> u64 {
        self.touched.count().min(self.acted)
    }

    /// Takes in the counts of another environment. Invocations are others there, so they are not merged but added up.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.acted += other.acted;
        self.would_have += other.would_have;
        self.cut += other.cut;
        self.refused += other.refused;
        self.failed += other.failed;
        self.forbidden += other.forbidden;
        self.ended += other.ended;
        self.disabled += other.disabled;
        self.reasons.merge(&other.reasons);
        self.spared.extend(other.spared.iter().cloned());
        self.delays.merge(&other.delays);
        self.dry_delays.merge(&other.dry_delays);
    }
}

/// A policy's name and its experiment version, out of a line.
pub(crate) fn version_of(about: &About) -> super::ledger::Version {
    super::ledger::Version { experiment: about.experiment.clone(), version: about.version.clone() }
}
