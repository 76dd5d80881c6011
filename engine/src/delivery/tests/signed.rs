//! Signatures, keys, and the native images that need them.

use serde_json::Value;

use super::*;
use crate::delivery::bundle::Listing;

const FOLDER: &str = "x86_64-unknown-linux-gnu-0123456789abcdef";
const OTHER_FOLDER: &str = "aarch64-unknown-linux-gnu-0123456789abcdef";
const IMAGE: &[u8] = b"\x7fELF image";

fn signer(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn keys(seed: u8) -> Keys {
    signer(seed).public_key().into()
}

fn images() -> Images {
    let of = |bytes: &[u8]| BTreeMap::from([("brownout.wasm".to_owned(), bytes.to_vec())]);
    Images::from([(FOLDER.to_owned(), of(IMAGE)), (OTHER_FOLDER.to_owned(), of(b"other"))])
}

fn signed(seed: u8) -> Bytes {
    let modules = modules(&["brownout.wasm"]);
    bundle::write(&experiment(), &modules, &images(), Some(&signer(seed))).unwrap().into()
}

fn refusal(bytes: impl Into<Bytes>, keys: &Keys) -> String {
    told(&Delivery::read(&bytes.into(), Some(keys)).expect_err("a refusal"))
}

/// The files of a bundle, in their order.
fn files(bundle: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bundle)).unwrap();
    let mut file = |index| {
        let mut file = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    };
    let count = file_count(bundle);
    (0..count).map(&mut file).collect()
}

fn file_count(bundle: &[u8]) -> usize {
    zip::ZipArchive::new(Cursor::new(bundle)).unwrap().len()
}

/// The bundle with one of its files put in another's place, or left out.
fn with(bundle: &[u8], name: &str, content: Option<&[u8]>) -> Vec<u8> {
    let mut files = files(bundle);
    match content {
        Some(content) => files.iter_mut().find(|(known, _)| known == name).unwrap().1 = content.to_vec(),
        None => files.retain(|(known, _)| known != name),
    }
    zip(&files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
}

fn file(bundle: &[u8], name: &str) -> Vec<u8> {
    files(bundle).into_iter().find(|(known, _)| known == name).unwrap().1
}

#[test]
fn what_the_key_signed_is_read_and_names_the_key() {
    for keys in [keys(1), Keys::new(signer(2).public_key(), Some(signer(1).public_key()))] {
        let Ok(Delivery::Experiment(package)) = Delivery::read(&signed(1), Some(&keys)) else {
            panic!("no experiment")
        };
        assert_eq!(package.signed_by, Some(signer(1).public_key().id()));
        assert_eq!((package.experiment, package.images.len()), (experiment(), 0));
    }
    assert_eq!(signed(1), signed(1));
}

#[test]
fn without_a_key_no_signature_is_judged_and_there_are_no_images() {
    let package = package(signed(1));
    assert_eq!((package.signed_by, package.images.len()), (None, 0));
    for spoilt in [Some(&b"none"[..]), None] {
        assert_eq!(super::package(with(&signed(1), "manifest.sig", spoilt)).signed_by, None);
    }
}

#[test]
fn with_a_key_nothing_unsigned_is_read_but_a_halt() {
    let id = signer(1).public_key().id();
    let text = EXPERIMENT.replace("{\"module\": \"brownout.wasm\"}, ", "");
    let json = format!("the experiment is plain JSON, which cannot be signed, and only what key `{id}` signed may arm");
    for plain in [text.as_str(), "{}", "{\"name\": \"a"] {
        assert_eq!(refusal(plain.to_owned(), &keys(1)), json);
    }
    let unsigned = format!("the bundle is not signed, and only what key `{id}` signed may arm");
    assert_eq!(refusal(bundle(), &keys(1)), unsigned);
    assert_eq!(refusal(with(&signed(1), "manifest.sig", None), &keys(1)), unsigned);
    assert!(matches!(Delivery::read(&"{\"halt\": true}".into(), Some(&keys(1))), Ok(Delivery::Halt)));
    assert!(refusal("{\"halt\": 1}", &keys(1)).starts_with("the delivery says `halt`"));
}

#[test]
fn another_key_is_named() {
    let (id, other) = (signer(1).public_key().id(), signer(2).public_key().id());
    let two = Keys::new(signer(2).public_key(), Some(signer(3).public_key()));
    let third = signer(3).public_key().id();
    for (keys, named) in [(keys(2), format!("`{other}`")), (two, format!("`{other}` or `{third}`"))] {
        let expected = format!("the bundle is signed by key `{id}`, and only what key {named} signed may arm");
        assert_eq!(refusal(signed(1), &keys), expected);
    }
    // Whoever lies about which key it was is found out.
    let mut lie: Value = serde_json::from_slice(&file(&signed(1), "manifest.sig")).unwrap();
    lie["key"] = json!(other.to_string());
    let forged = with(&signed(1), "manifest.sig", Some(lie.to_string().as_bytes()));
    assert!(refusal(forged, &keys(2)).starts_with(&format!("the bundle's signature by key `{other}` does not verify")));
}

#[test]
fn what_was_signed_cannot_be_changed() {
    let id = signer(1).public_key().id();
    let broken = format!("the bundle's signature by key `{id}` does not verify");
    let manifest = file(&signed(1), "manifest.json");
    for spoilt in [[&manifest[..], b"\n"].concat(), b"{\"files\": {}}".to_vec(), Vec::new()] {
        assert!(refusal(with(&signed(1), "manifest.json", Some(&spoilt)), &keys(1)).starts_with(&broken));
    }
    let later = EXPERIMENT.replace("2026", "2027");
    for (name, content) in [("experiment.json", later.as_bytes()), ("components/brownout.wasm", b"other")] {
        let said = refusal(with(&signed(1), name, Some(content)), &keys(1));
        assert_eq!(said, format!("`{name}` in the bundle does not have the digest that its manifest says"));
    }
    let signature: Value = serde_json::from_slice(&file(&signed(1), "manifest.sig")).unwrap();
    let mut more = signature.clone();
    more["more"] = json!(1);
    let mut short = signature;
    short["signature"] = json!("AAAA");
    for none in [more.to_string(), short.to_string(), "{}".to_owned(), String::new()] {
        let said = refusal(with(&signed(1), "manifest.sig", Some(none.as_bytes())), &keys(1));
        assert!(said.starts_with("the bundle's `manifest.sig` does not have the form"), "{said}");
    }
}

#[test]
fn images_come_of_the_folder_that_is_asked_for_and_only_signed() {
    let read = |bytes: &Bytes, folder| Delivery::read_with_images(bytes, &keys(1), folder);
    let Ok(Delivery::Experiment(package)) = read(&signed(1), FOLDER) else { panic!("no experiment") };
    let image = &package.images["brownout.wasm"];
    assert_eq!((&image.bytes()[..], image.component()), (IMAGE, Digest::of(COMPONENT)));
    let Ok(Delivery::Experiment(package)) = read(&signed(1), "riscv64-0") else { panic!("no experiment") };
    assert!(package.images.is_empty());
    assert!(read(&signed(2), FOLDER).is_err());

    let image = format!("native/{FOLDER}/brownout.cwasm");
    let spoilt = Bytes::from(with(&signed(1), &image, Some(b"spoilt")));
    let said = told(&read(&spoilt, FOLDER).unwrap_err());
    assert_eq!(said, format!("`{image}` in the bundle does not have the digest that its manifest says"));
    assert!(read(&spoilt, OTHER_FOLDER).is_ok(), "what is not wanted is not inflated");
    assert!(Listing::verified(&spoilt, &keys(1)).is_err());
}

#[test]
fn an_image_belongs_to_a_component_and_is_within_its_limit() {
    let of = |module: &str, bytes: usize| {
        Images::from([(FOLDER.to_owned(), BTreeMap::from([(module.to_owned(), vec![0; bytes])]))])
    };
    let write = |images| bundle::write(&experiment(), &modules(&["brownout.wasm"]), &images, None);
    let name = |stem: &str| format!("native/{FOLDER}/{stem}.cwasm");
    let spare = format!("no policy uses `{}` in the bundle", name("spare"));
    assert_eq!(write(of("spare.wasm", 1)).unwrap_err().to_string(), spare);
    let large = write(of("brownout.wasm", 4 * 1024 * 1024 + 1)).unwrap_err().to_string();
    let expected = "has 4194305 bytes, more than the 4194304 bytes that a native image may have";
    assert_eq!(large, format!("`{}` {expected}", name("brownout")));
    let files = [("experiment.json", EXPERIMENT.as_bytes()), ("components/brownout.wasm", COMPONENT)];
    let alone = |path: &str| super::refusal(listed(&[&files[..], &[(path, IMAGE)]].concat()));
    assert_eq!(alone(&name("spare")), spare);
    for path in ["native/brownout.cwasm", "native/a/b/brownout.cwasm", "native/a/brownout.so"] {
        assert_eq!(alone(path), format!("`{path}` in the bundle is nothing that this version knows"));
    }
}

#[test]
fn a_manifest_is_within_its_limit() {
    let said = refusal(zip(&[("manifest.json", &[b' '; 65537])]), &keys(1));
    assert_eq!(said, "`manifest.json` has 65537 bytes, more than the 65536 bytes that it may have");
}

#[test]
fn a_listing_has_every_file() {
    let listing = Listing::verified(&signed(1), &keys(1)).unwrap();
    let names: Vec<_> = listing.files.iter().map(|file| file.name.as_str()).collect();
    let images = [OTHER_FOLDER, FOLDER].map(|folder| format!("native/{folder}/brownout.cwasm"));
    assert_eq!(names, ["components/brownout.wasm", "experiment.json", &images[0], &images[1]]);
    let component = &listing.files[0];
    assert_eq!((component.bytes, component.digest), (COMPONENT.len() as u64, Digest::of(COMPONENT)));
    assert_eq!((listing.key, listing.experiment), (Some(signer(1).public_key().id()), experiment()));
    assert_eq!(Listing::read(&bundle()).unwrap().key, None);
    assert!(Listing::verified(&bundle(), &keys(1)).is_err());
}

/// Test vectors 1 and 2 of RFC 8032, section 7.1.
#[test]
fn keys_are_those_of_the_rfc() {
    let seed = Digest::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
    let key = SigningKey::from_seed(&seed.to_bytes());
    assert_eq!(key.public_key().to_string(), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    assert!(key.sign(b"").starts_with(&[0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72]));
    assert!(key.public_key().verifies(b"", &key.sign(b"")));
    assert!(!key.public_key().verifies(b"a", &key.sign(b"")));
    assert!(!format!("{key:?}").contains("9d61"), "nothing shows it");
}

#[test]
fn keys_are_read_and_written() {
    let (one, two) = (signer(1).public_key(), signer(2).public_key());
    assert_eq!(format!(" {one}").parse(), Ok(Keys::from(one)));
    assert_eq!(format!("{one}, {two},").parse(), Ok(Keys::new(one, Some(two))));
    assert_eq!(KeyId::from_hex(&one.id().to_string()), Some(one.id()));
    let neutral = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (wrong, why) in [
        ("", KeyError::Empty),
        (",", KeyError::Empty),
        (neutral, KeyError::NoKey),
        ("AAAA", KeyError::NoKey),
        (&one.to_string()[1..], KeyError::NoKey),
        (&format!("{one},{two},{one}"), KeyError::Many),
    ] {
        assert_eq!(wrong.parse::<Keys>(), Err(why), "{wrong}");
    }
    for wrong in ["", "21fe31dfa154a26", "+1fe31dfa154a261", "21fe31dfa154a2610"] {
        assert_eq!(KeyId::from_hex(wrong), None, "{wrong}");
    }
}
