//! What takes the room of an experiment that is too large.

use serde_json::Value;

use super::{Draft, LARGEST};

impl Draft {
    /// What takes the most room, before it is packed: files, settings, and whatever else its author writes at length.
    pub(super) fn room(&self) -> String {
        let parts = self.files().into_iter().chain(self.settings()).chain(self.fields());
        let mut parts: Vec<_> = parts.filter(|(bytes, _)| *bytes > LARGEST / 100).collect();
        parts.sort_unstable_by(|one, other| other.cmp(one));
        let named = parts.iter().take(3).map(|(bytes, what)| format!("{what} ({bytes} bytes)"));
        named.collect::<Vec<_>>().join(", ")
    }

    fn files(&self) -> Vec<(usize, String)> {
        match &self.packed {
            Some(packed) => packed.files.iter().map(|(bytes, name)| (*bytes, format!("`{name}`"))).collect(),
            None => self.modules.iter().map(|(file, component)| (component.len(), format!("`{file}`"))).collect(),
        }
    }

    fn settings(&self) -> impl Iterator<Item = (usize, String)> {
        let policies = self.experiment.policies.iter();
        policies.map(|policy| (policy.settings.to_string().len(), format!("the settings of policy `{}`", policy.name)))
    }

    fn fields(&self) -> Vec<(usize, String)> {
        let experiment: Value = serde_json::from_str(&self.experiment.to_json()).unwrap_or_default();
        let fields = experiment.as_object().into_iter().flatten().filter(|(name, _)| *name != "policy");
        fields.map(|(name, value)| (value.to_string().len(), format!("`{name}`"))).collect()
    }
}
