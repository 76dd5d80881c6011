//! The table. Numbers are those of the two lists that it was made from: LAMBDA is what Lambda's APIs demand of whoever
//! stands between, PEERS is where other proxies failed; Misrule marks promises of our own.

mod answers;
mod clocks;
mod connections;
mod faulted_streams;
mod faults;
mod next;
mod routes;
mod shutdown;
mod soak;
mod sources;
mod start;
mod streams;
mod upstream;
mod wrapper;

use anyhow::Result;

use super::case::Case;

/// Why a case of the layer itself has no direct form.
const NO_LAYER: &str = "no layer there";
/// Why a case of one process is not played with two.
const EACH_ALONE: &str = "each layer does so by itself";
/// Why a case with a fault has no direct form.
const NO_FAULTS: &str = "no faults there";

/// Every case, in the order of the table.
pub(crate) fn all() -> Result<Vec<Case>> {
    let mut cases = start::cases();
    cases.extend(next::cases());
    cases.extend(connections::cases());
    cases.extend(answers::cases());
    cases.extend(streams::cases());
    cases.extend(routes::cases());
    cases.extend(upstream::cases());
    cases.extend(sources::cases());
    cases.extend(faults::cases()?);
    cases.extend(faulted_streams::cases()?);
    cases.extend(clocks::cases());
    cases.extend(shutdown::cases());
    cases.extend(wrapper::cases());
    cases.extend(soak::cases());
    Ok(cases)
}
