//! The bundle: a ZIP of `experiment.json`, `manifest.json` and `components/`.

use std::collections::BTreeMap;

use super::DeliveryError;
use crate::experiment::Experiment;

/// Writes an unsigned bundle. The same input gives the same bytes.
///
/// # Errors
/// Where a component that the experiment uses is not given, or one that it does not use is, or a limit is exceeded.
pub fn write(_experiment: &Experiment, _modules: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, DeliveryError> {
    Err(DeliveryError::Empty)
}
