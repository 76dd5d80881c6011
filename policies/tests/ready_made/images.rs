//! A component by its native image, out of a bundle that a layer's key signed: the one road there is.

use std::collections::BTreeMap;

use misrule_engine::delivery::{Delivery, Keys, SigningKey, bundle};
use misrule_engine::sandbox::images::Precompiler;
use misrule_engine::sandbox::{Component, Origin, Sandbox, Target, Wanted};

use crate::compiled;

/// What a layer makes of a signed bundle with this policy and an image of it.
pub(crate) fn load(sandbox: &Sandbox, policy: &str) -> Component {
    let component = compiled::bytes(policy);
    let module = format!("{policy}.wasm");
    let precompiler = Precompiler::new(Target::here().expect("Lambda's platform")).expect("a compiler for it");
    let image = precompiler.image(&component).expect("an image");
    let images = BTreeMap::from([(precompiler.folder(), BTreeMap::from([(module.clone(), image)]))]);
    let key = SigningKey::from_seed(&[7; 32]);
    let experiment = compiled::experiment(policy, &module, "{}");
    let modules = BTreeMap::from([(module.clone(), component.to_vec())]);
    let bytes = bundle::write(&experiment, &modules, &images, Some(&key)).expect("a bundle");
    let keys = Keys::from(key.public_key());
    let delivery = Delivery::read_with_images(&bytes.into(), &keys, sandbox.image_folder()).expect("it is signed");
    let Delivery::Experiment(package) = delivery else { panic!("an experiment is no halt") };
    let mut loaded = sandbox.load(&[Wanted { component: &component, image: package.images.get(&module) }]);
    let loaded = loaded.pop().expect("one for one").expect("it is a policy");
    assert!(matches!(loaded.origin(), Origin::CameAlong | Origin::Shipped), "{policy}: {:?}", loaded.origin());
    loaded
}
