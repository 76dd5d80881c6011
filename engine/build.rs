//! Makes the native images of `MISRULE_IMAGES` part of the program. Without that variable there are none.
//!
//! `MISRULE_IMAGES` names a folder as `misrule layer` writes it: `TARGET-HASH/DIGEST.cwasm`, where DIGEST is the SHA-256 of
//! the component. Images for other targets are left where they are.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const IMAGES: &str = "MISRULE_IMAGES";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={IMAGES}");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR")?);
    let mut list = String::from("[\n");
    for image in images()? {
        let digest = image.file_stem().and_then(|stem| stem.to_str()).ok_or("an image's name is no digest")?;
        // A copy under a name of our own: the program must not depend on where the images lie.
        fs::copy(&image, out.join(format!("{digest}.cwasm"))).map_err(|error| told(&image, &error))?;
        let bytes = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{digest}.cwasm\"))");
        writeln!(list, "    Shipped {{ component: {digest:?}, bytes: {bytes} }},")?;
    }
    list.push_str("]\n");
    fs::write(out.join("shipped.rs"), list)?;
    Ok(())
}

/// The images for this build's target, sorted by name.
fn images() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let Some(top) = env::var_os(IMAGES).map(PathBuf::from) else { return Ok(Vec::new()) };
    println!("cargo::rerun-if-changed={}", top.display());
    let target = env::var_os("TARGET").and_then(|target| target.into_string().ok()).ok_or("TARGET")?;
    let mut found = Vec::new();
    for folder in entries(&top)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if name.strip_prefix(&target).is_some_and(|rest| rest.starts_with('-')) {
            found.extend(entries(&folder)?);
        }
    }
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| told(folder, &error))?;
    Ok(entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{IMAGES}: {}: {error}", path.display())
}
