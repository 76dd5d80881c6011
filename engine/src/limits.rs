//! Every limit of the engine, as rows of one table: messages, READMEs and checks are made from these rows.

use std::fmt;

/// One limit: what it is called, how much, of what, and why this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What a person calls it.
    pub name: &'static str,
    /// The limit itself.
    pub value: u64,
    /// What `value` counts.
    pub unit: &'static str,
    /// Why not less, and why not more.
    pub why: &'static str,
}

impl Limit {
    /// The limit as a size; on a machine where that would not fit, the largest size there is.
    pub fn size(&self) -> usize {
        usize::try_from(self.value).unwrap_or(usize::MAX)
    }

    /// Whether this many are still within the limit.
    pub fn admits(&self, count: usize) -> bool {
        count <= self.size()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.value, self.unit)
    }
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])* $ident:ident = $name:literal, $value:expr, $unit:literal, $why:literal;)*) => {
        $($(#[doc = $doc])* pub const $ident: Limit = Limit { name: $name, value: $value, unit: $unit, why: $why };)*

        /// Every limit of the engine, in the order of this table.
        pub const ALL: &[Limit] = &[$($ident),*];
    };
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

limits! {
    /// Fuel of one `before` or `after`; part of the policy contract.
    FUEL_PER_HOOK = "fuel per hook", 1_000_000, "units",
        "a typical decision takes under 10,000; a million is gone in about a millisecond";
    /// Fuel of one `configure`.
    FUEL_PER_CONFIGURE = "fuel per configure", 20_000_000, "units",
        "it runs once an instance and may parse and compile; it still ends in tens of milliseconds";
    /// Thread CPU time of one hook, the backstop behind fuel.
    CPU_PER_HOOK = "CPU time per hook", 10, "milliseconds",
        "fuel ends nearly all loops sooner; a policy that waited for a share of a CPU has used none";
    /// Thread CPU time of one `configure`.
    CPU_PER_CONFIGURE = "CPU time per configure", 200, "milliseconds",
        "off the road of an invocation; bounded so that arming ends";
    /// Linear memory of one policy.
    GUEST_MEMORY = "guest memory", 16 * MIB, "bytes",
        "room for a parsed 6 MB body; three policies of it still fit beside a 128 MB function";
    /// Bytes that one hook may hand to the host, all calls together.
    HOST_COPY = "host copies per hook", MIB, "bytes",
        "the largest legitimate plan is one answer body; host memory must not grow by a loop";
    /// Steps in the plan of one hook.
    PLAN_STEPS = "steps in a plan", 64, "steps", "a plan a person can still read in a log line";
    /// Bytes in the parameters of one hook's plan.
    PLAN_BYTES = "size of a plan", 512 * KIB, "bytes", "an answer body larger than this belongs in the function";
    /// Log lines of one hook.
    LOG_LINES = "log lines per hook", 16, "lines", "each costs money in CloudWatch";
    /// Length of one log line or reason; the rest is cut off.
    LOG_BYTES = "length of a log line", KIB, "bytes", "enough for a sentence and a stack frame";
    /// Keys that one policy may remember.
    MEMORY_KEYS = "remembered keys", 1024, "keys", "a token bucket for each busy tenant";
    /// Bytes of one remembered key.
    MEMORY_KEY_BYTES = "length of a remembered key", 256, "bytes", "longer keys are hashed by their author";
    /// Bytes of one remembered value.
    MEMORY_VALUE_BYTES = "size of a remembered value", 4 * KIB, "bytes", "a counter, a timestamp, a short list";
    /// Bytes that one policy may remember in all, keys included; the least recently used go first.
    MEMORY_BYTES = "remembered bytes", 256 * KIB, "bytes", "1,024 keys with room for each";
    /// Length of a regular expression or path template.
    PATTERN_BYTES = "length of a pattern", KIB, "bytes", "longer than any pattern that a person wrote";
    /// Compiled size of one regular expression.
    PATTERN_PROGRAM = "compiled size of a pattern", 256 * KIB, "bytes", "nested repetitions multiply";
    /// Compiled patterns kept for one policy.
    PATTERN_CACHE = "cached patterns", 32, "patterns", "a policy has a handful; they compile in microseconds";
    /// Size of one component.
    COMPONENT_BYTES = "size of a component", MIB, "bytes",
        "compiling takes time and memory in proportion; AppConfig carries 1 MB";
    /// Size of one native image.
    IMAGE_BYTES = "size of a native image", 4 * MIB, "bytes",
        "four times the largest component; one of 60 KB takes about a tenth of this";
    /// Size of the manifest of a bundle, and of its signature.
    MANIFEST_BYTES = "size of a manifest", 64 * KIB, "bytes",
        "128 long names with their digests; what is inflated before a signature is judged";
    /// Size of what a source hands over.
    DELIVERY_BYTES = "size of a delivery", 4 * MIB, "bytes", "AppConfig's own ceiling, with room for its raising";
    /// Bytes that a bundle may unpack to.
    BUNDLE_UNPACKED = "unpacked size of a bundle", 16 * MIB, "bytes", "a ZIP can promise any size";
    /// Files in a bundle.
    BUNDLE_FILES = "files in a bundle", 128, "files", "32 policies with two native images each, and the experiment";
    /// Policies in an experiment.
    POLICIES = "policies in an experiment", 32, "policies", "each is asked on each invocation";
    /// Length of the name of an experiment, a policy or a module.
    NAME_BYTES = "length of a name", 64, "characters", "two of them stand in a header and in each log line";
    /// Length of an experiment in force.
    EXPERIMENT_LENGTH = "length of an experiment", 7 * 24 * 60 * 60, "seconds",
        "a forgotten experiment ends within the week";
    /// Traps of one policy before an experiment version goes on without it.
    TRAPS = "traps before a policy is disabled", 3, "traps", "one may be chance, three are a habit";
    /// Experiment versions whose budget and stop an execution environment remembers; the oldest go first.
    RECORDS = "remembered experiment versions", 64, "versions",
        "a day's work of publishing again and again; each takes 2 KiB";
    /// Size of what an execution environment keeps of those versions, for its next start.
    RECORDS_BYTES = "size of the kept records", 256 * KIB, "bytes",
        "all 64 versions with their windows; one busy version takes 4 KiB";
    /// Bytes of /tmp that the `fill-disk` of one invocation may ask for; it takes what is free of them.
    DISK_FILLED = "disk filled", 10 * 1024 * MIB, "bytes",
        "the largest /tmp that Lambda gives; asking for all of it fills any";
    /// CPU time that the `burn-cpu` of one invocation may ask for.
    CPU_BURNT = "CPU time burnt", 15 * 60 * 1000, "milliseconds",
        "Lambda's longest timeout, on one CPU; it ends with the invocation anyway";
    /// Processes that the `hold-memory` and `burn-cpu` of one invocation may start.
    STRESSORS = "processes of an invocation", 8, "processes",
        "each takes 2 MB of its own; one for each policy of a large experiment that asks for any";
    /// Bytes of the names of hosts that one invocation may block, with one more for each name.
    BLOCKED_NAMES = "blocked names of an invocation", 64 * KIB, "bytes",
        "thousands of names; while they are blocked each lookup goes through them";
    /// What is left before Lambda's deadline when a delay is cut.
    DEADLINE_MARGIN = "margin before the deadline", 100, "milliseconds",
        "the delay must end while the runtime can still answer";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_a_name_of_its_own_and_a_reason() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|limit| limit.value > 0 && !limit.why.is_empty()));
    }
    #[test]
    fn the_sdks_readme_has_each_row() {
        let readme = include_str!("../../sdk/README.md");
        let rows: Vec<_> = ALL.iter().map(|limit| format!("| {} | {limit} | {} |", limit.name, limit.why)).collect();
        let (_, table) = readme.split_once("\n| limit | how much | why |\n| --- | --- | --- |\n").expect("the table");
        let listed: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
        assert_eq!(listed, rows);
    }
}
