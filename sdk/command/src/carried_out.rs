//! What the layer of this version carries out. The command does not contain the layer, so it says it again.

use misrule_engine::decision::FaultKind;

/// The faults that it carries out, in one hook at least.
pub(crate) const CARRIED_OUT: &[FaultKind] = &[
    FaultKind::Delay,
    FaultKind::RespondHttp,
    FaultKind::ReturnJson,
    FaultKind::Fail,
    FaultKind::Hang,
    FaultKind::Crash,
    FaultKind::Edit,
    FaultKind::SetHeader,
    FaultKind::SetStatus,
    FaultKind::FailItems,
    FaultKind::Truncate,
    FaultKind::Garble,
    FaultKind::Throttle,
    FaultKind::Pause,
    FaultKind::Cut,
    FaultKind::BreakOff,
    FaultKind::FillDisk,
    FaultKind::HoldMemory,
    FaultKind::BurnCpu,
    FaultKind::BlockHosts,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn they_are_the_layers() {
        let layers: BTreeSet<_> = misrule_extension::faults::CARRIED_OUT.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(layers, CARRIED_OUT.iter().copied().collect());
    }
}
