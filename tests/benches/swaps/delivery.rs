//! What is swapped: bundles of two ready-made policies, signed, with native images.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use misrule_engine::delivery::{SigningKey, bundle};
use misrule_engine::experiment::Experiment;
use misrule_engine::sandbox::Target;
use misrule_engine::sandbox::images::Precompiler;
use misrule_tests::publishing::{experiment, marked};
use misrule_tests::swaps::{Experiments, name, policies};

const POLICIES: [&str; 2] = ["latency", "path-outage"];

/// So many experiments: those of even and of odd numbers have different components.
pub(crate) fn experiments(count: usize) -> Result<Experiments> {
    let key = SigningKey::from_seed(&[7; 32]);
    let kinds = [Modules::marked("even")?, Modules::marked("odd")?];
    let contents = (0..count).map(|number| kinds[number % kinds.len()].bundle(number, &key));
    Ok(Experiments { contents: contents.collect::<Result<_>>()?, key: Some(key.public_key().to_string()) })
}

struct Modules {
    components: BTreeMap<String, Vec<u8>>,
    images: bundle::Images,
}

impl Modules {
    /// The policies' components, each with this mark.
    fn marked(mark: &str) -> Result<Self> {
        let component = |policy: &str| {
            let component = misrule_policies::component(policy).context("it is ready-made")?;
            Ok((format!("{policy}.wasm"), marked(component, mark)))
        };
        let components: BTreeMap<_, _> = POLICIES.into_iter().map(component).collect::<Result<_>>()?;
        let precompiler = Precompiler::new(Target::here().context("a layer runs on Linux")?)?;
        let image = |(file, component): (&String, &Vec<u8>)| Ok((file.clone(), precompiler.image(component)?));
        let images = components.iter().map(image).collect::<Result<_>>()?;
        Ok(Self { components, images: BTreeMap::from([(precompiler.folder(), images)]) })
    }

    fn bundle(&self, number: usize, key: &SigningKey) -> Result<Vec<u8>> {
        let experiment = experiment(&name(number), &policies(number, "module", ".wasm"));
        let experiment = Experiment::from_json(experiment.as_bytes())?;
        Ok(bundle::write(&experiment, &self.components, &self.images, Some(key))?)
    }
}
