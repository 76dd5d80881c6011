//! Native images of a bundle's modules, for both of Lambda's architectures.

use std::collections::BTreeMap;

use misrule_engine::delivery::bundle::Images;
use misrule_engine::sandbox::images::Precompiler;
use misrule_engine::sandbox::{SandboxError, Target};

/// The images of a component, by the folder that layers look for them in.
///
/// # Errors
///
/// It is no component, or too large for one.
pub(crate) fn of(component: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, SandboxError> {
    Target::ALL.into_iter().map(|target| image(component, target)).collect()
}

fn image(component: &[u8], target: Target) -> Result<(String, Vec<u8>), SandboxError> {
    let precompiler = Precompiler::new(target)?;
    Ok((precompiler.folder(), precompiler.image(component)?))
}

/// Those of all modules. One that is no component has none; that it is none is said where it is tried.
pub(crate) fn of_all(modules: &BTreeMap<String, Vec<u8>>) -> Images {
    let mut images = Images::new();
    for (file, component) in modules {
        for (folder, image) in of(component).unwrap_or_default() {
            images.entry(folder).or_default().insert(file.clone(), image);
        }
    }
    images
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_an_image_for_each_architecture_and_what_is_no_component_has_none() {
        let component = misrule_policies::component("latency").unwrap().to_vec();
        let modules = BTreeMap::from([("latency.wasm".to_owned(), component), ("odd.wasm".to_owned(), vec![1])]);
        let images = of_all(&modules);
        let folders: Vec<_> = images.keys().map(|folder| folder.rsplit_once('-').unwrap().0).collect();
        assert_eq!(folders, ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"]);
        assert!(images.values().all(|images| images.keys().eq(["latency.wasm"])));
    }
}
