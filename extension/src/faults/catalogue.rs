//! Every fault of this layer, each once: what the engine is told of them, and what README's table of faults is made of.

use misrule_engine::decision::{Carries, FaultKind, Hook, RefusalReason};

use super::{
    block_hosts, break_off, burn_cpu, crash, cut, delay, edit, fail, fail_items, fill_disk, garble, hang, hold_memory,
    pause, respond_http, return_json, set_header, set_status, throttle, truncate,
};
use crate::settings::{BlockHosts, Settings};

/// What README's table says of a fault beside its name and its hooks: Markdown without a `|`.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Of which events, or answers to them, it may be asked for.
    pub events: &'static str,
    /// What the caller and Lambda see.
    pub seen: &'static str,
    /// What is undone, and when.
    pub undone: &'static str,
}

macro_rules! faults {
    ($($fault:ident),*) => {
        /// What this layer carries out, and in which hooks. The engine refuses the rest before it reaches us.
        const CARRIED_OUT: &[(FaultKind, &[Hook])] = &[$(($fault::KIND, $fault::HOOKS)),*];

        /// The words of each in README's table, in the same order.
        #[cfg(test)]
        const ROWS: &[Row] = &[$($fault::ROW),*];
    };
}

faults! {
    delay, respond_http, return_json, fail, hang, crash, edit, set_header, set_status, fail_items, truncate, garble, throttle,
    pause, cut, break_off, fill_disk, hold_memory, burn_cpu, block_hosts
}

/// All that there is, in the contract's order.
pub fn carried_out() -> Vec<(Hook, FaultKind)> {
    CARRIED_OUT.iter().flat_map(|(kind, hooks)| hooks.iter().map(|hook| (*hook, *kind))).collect()
}

/// What a layer with these settings carries out.
pub fn carries(settings: &Settings) -> Carries {
    let mut carried = carried_out();
    carried.retain(|(_, kind)| *kind != block_hosts::KIND || settings.block_hosts == BlockHosts::Allowed);
    Carries::new(&carried)
}

/// Why a step was refused, with the variable that would allow it.
pub fn refusal(kind: FaultKind, reason: RefusalReason) -> String {
    match (kind, reason) {
        (block_hosts::KIND, RefusalReason::NotCarriedOut) => {
            "the function does not allow it: MISRULE_BLOCK_HOSTS=true does".to_owned()
        }
        (_, reason) => reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const BEGIN: &str = "<!-- faults: begin -->\n";
    const END: &str = "<!-- faults: end -->\n";

    fn table() -> String {
        let mut table =
            "| fault | hooks | of which events | what the caller and Lambda see | what is undone, and when |\n\
                         | --- | --- | --- | --- | --- |\n"
                .to_owned();
        for ((kind, hooks), row) in CARRIED_OUT.iter().zip(ROWS) {
            let hooks: Vec<_> = hooks.iter().map(ToString::to_string).collect();
            let Row { events, seen, undone } = row;
            let _ = writeln!(table, "| `{kind}` | {} | {events} | {seen} | {undone} |", hooks.join(", "));
        }
        table
    }

    #[test]
    fn the_readme_has_the_table_of_faults_between_its_marks() {
        let readme = include_str!("../../README.md");
        let written = readme.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(table, _)| table);
        assert!(written == Some(&table()), "README is to say this between its marks:\n{BEGIN}{}{END}", table());
    }

    #[test]
    fn each_row_has_five_cells() {
        let cells = |line: &str| line.split(" | ").filter(|cell| !cell.trim_matches(['|', ' ']).is_empty()).count();
        let table = table();
        let odd: Vec<_> = table.lines().filter(|line| cells(line) != 5).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }

    #[test]
    fn every_fault_of_the_contract_is_carried_out_each_once() {
        assert_eq!(CARRIED_OUT.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), FaultKind::ALL);
        assert!(CARRIED_OUT.iter().all(|(_, hooks)| matches!(hooks.len(), 1 | 2)), "{CARRIED_OUT:?}");
    }

    #[test]
    fn names_fail_only_where_the_function_allows_it() {
        let carries = |allowed: &'static str| {
            let variable = |name: &str| (name == "MISRULE_BLOCK_HOSTS").then(|| allowed.to_owned());
            carries(&Settings::read(variable).0)
        };
        assert_eq!(carries("true"), Carries::new(&carried_out()));
        assert_ne!(carries("false"), Carries::new(&carried_out()));
        let refused = refusal(block_hosts::KIND, RefusalReason::NotCarriedOut);
        assert_eq!(refused, "the function does not allow it: MISRULE_BLOCK_HOSTS=true does");
        let shared = RefusalReason::SharedEnvironment;
        assert_eq!(refusal(block_hosts::KIND, shared), shared.to_string());
    }
}
