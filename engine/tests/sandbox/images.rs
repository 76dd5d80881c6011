//! Native images: which are run, and that no other keeps an experiment from arming.

use std::collections::BTreeMap;

use misrule_engine::decision::Enforcer;
use misrule_engine::delivery::{Delivery, Keys, Package, SigningKey, bundle};
use misrule_engine::digest::Digest;
use misrule_engine::sandbox::images::Precompiler;
use misrule_engine::sandbox::{Origin, Target};

use crate::guest::{self, Bench, before, component, event, invocation};

const COMPILED: Origin = Origin::Compiled { instead_of_image: None };

fn precompiler(target: Target) -> Precompiler {
    Precompiler::new(target).expect("a compiler for it")
}

fn here() -> Target {
    Target::here().expect("tests of the layer run where it could")
}

fn elsewhere() -> Target {
    if here() == Target::X86_64 { Target::Arm64 } else { Target::X86_64 }
}

fn image(fixture: &str, target: Target) -> Vec<u8> {
    precompiler(target).image(&component(fixture)).expect("an image")
}

/// These fixtures in a signed bundle, with these images in this folder, as this bench reads it.
fn delivered(bench: &Bench, fixtures: &[&'static str], folder: &str, images: BTreeMap<String, Vec<u8>>) -> Package {
    let key = SigningKey::from_seed(&[7; 32]);
    let Package { experiment, modules, .. } = guest::package(fixtures, "");
    let modules = modules.into_iter().map(|(file, bytes)| (file, bytes.to_vec())).collect();
    let images = BTreeMap::from([(folder.to_owned(), images)]);
    let bytes = bundle::write(&experiment, &modules, &images, Some(&key)).expect("a bundle").into();
    let folder = bench.sandbox.image_folder();
    let read = Delivery::read_with_images(&bytes, &Keys::from(key.public_key()), folder);
    let experiment = |delivery| if let Delivery::Experiment(package) = delivery { Some(package) } else { None };
    read.ok().and_then(experiment).expect("an experiment, signed")
}

/// Arms `respond` with this image of it in this folder; where its code came from, after a look at what it decides.
fn armed_with(folder: &str, image: Vec<u8>) -> Origin {
    let bench = Bench::new();
    let images = BTreeMap::from([("respond.wasm".to_owned(), image)]);
    let package = delivered(&bench, &["respond"], folder, images);
    let enforcer = bench.try_arm(&package, None).expect("it arms whatever its image is");
    let steps = |enforcer: &Enforcer| {
        let decision = before(enforcer, &invocation(1, event("/health")));
        assert!(!decision.plan.is_empty(), "{:?}", decision.notes);
        format!("{:?}", decision.plan.steps())
    };
    assert_eq!(steps(&enforcer), steps(&Bench::new().arm(&["respond"], "")));
    origins(&enforcer).remove(0)
}

fn origins(enforcer: &Enforcer) -> Vec<Origin> {
    enforcer.origins().map(|(_, origin)| origin.clone()).collect()
}

#[test]
fn an_image_for_this_platform_is_run_and_decides_as_its_component() {
    assert_eq!(armed_with(&precompiler(here()).folder(), image("respond", here())), Origin::CameAlong);
}

#[test]
fn layers_look_for_images_where_they_are_put() {
    assert_eq!(Bench::new().sandbox.image_folder(), precompiler(here()).folder());
    assert_ne!(precompiler(here()).folder(), precompiler(elsewhere()).folder());
    assert!(precompiler(elsewhere()).folder().starts_with(elsewhere().triple()));
}

#[test]
fn an_image_for_another_platform_is_left_where_it_is() {
    assert_eq!(armed_with(&precompiler(elsewhere()).folder(), image("respond", elsewhere())), COMPILED);
}

#[test]
fn an_image_that_does_not_fit_is_passed_over_and_it_is_said_why() {
    let whole = image("respond", here());
    let half = whole[..whole.len() / 2].to_vec();
    for unfit in [image("respond", elsewhere()), half, component("respond"), b"odd".to_vec(), Vec::new()] {
        let origin = armed_with(&precompiler(here()).folder(), unfit);
        let Origin::Compiled { instead_of_image: Some(reason) } = &origin else { panic!("{origin:?}") };
        assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
    }
}

#[test]
fn a_component_that_is_in_use_is_neither_compiled_nor_loaded_again() {
    let bench = Bench::new();
    let images = BTreeMap::from([("respond.wasm".to_owned(), image("respond", here()))]);
    let twice = ["respond name = \"one\"", "respond name = \"other\""];
    let package = delivered(&bench, &twice, bench.sandbox.image_folder(), images);
    let first = bench.try_arm(&package, None).expect("it arms");
    assert_eq!(origins(&first), [Origin::CameAlong, Origin::Kept]);
    let next = bench.try_arm(&guest::package(&["respond", "quiet"], ""), Some(&first)).expect("it arms");
    assert_eq!(origins(&next), [Origin::Kept, COMPILED]);
    drop((first, next));
    assert_eq!(origins(&bench.arm(&["respond"], "")), [COMPILED], "nothing is kept that nobody uses");
}

#[test]
fn components_that_are_compiled_side_by_side_are_compiled_once_and_stay_in_their_order() {
    let bench = Bench::new();
    let fixtures = ["quiet", "respond name = \"one\"", "delay", "respond name = \"other\"", "fail"];
    let enforcer = bench.arm(&fixtures, "");
    assert_eq!(origins(&enforcer), [COMPILED, COMPILED, COMPILED, Origin::Kept, COMPILED]);
    let digests: Vec<_> = enforcer.policies().map(|(_, digest)| digest).collect();
    let expected = ["quiet", "respond", "delay", "respond", "fail"].map(|fixture| Digest::of(&component(fixture)));
    assert_eq!(digests, expected);
}

#[test]
fn the_same_component_makes_the_same_image() {
    for target in Target::ALL {
        assert_eq!(image("respond", target), image("respond", target));
    }
    let error = precompiler(here()).image(b"odd").expect_err("no component");
    assert_eq!(error.to_string(), "not WebAssembly");
}
