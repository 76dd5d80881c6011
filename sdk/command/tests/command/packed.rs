//! What is published packed, and what is signed.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};

use misrule_engine::delivery::{Delivery, Form, PublicKey};
use misrule_engine::digest::Digest;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::account::{Account, OUTAGE};
use crate::session::Session;

/// An account with an experiment of a module, and a key.
async fn keyed() -> Account {
    let component = misrule_policies::component("path-outage").unwrap();
    let own = OUTAGE.replace("use = \"path-outage\"", "module = \"own.wasm\"");
    let session = Session::new().file("own.wasm", component).file("own.toml", own).file("outage.toml", OUTAGE);
    assert!(session.misrule("keygen").starts_with("exit 0\n"));
    Account::of(session).await
}

#[tokio::test]
async fn what_is_packed_already_is_published_as_it_is() {
    let account = keyed().await;
    for (make, file, to) in [
        ("bundle own.toml --key misrule-key.pem --no-native --environment prod", "outage.zip", "shop/prod/bundles"),
        ("bundle outage.toml", "outage.json", "shop/prod/plain"),
    ] {
        assert!(account.misrule(&format!("{make} --region eu-west-3")).await.starts_with("exit 0\n"));
        let bytes = fs::read(account.session.path(file)).unwrap();
        let published = account.misrule(&format!("publish {file} --to {to} --yes -q")).await;
        let digest = Digest::of(&bytes);
        assert!(published.contains(&format!(" sha256 {digest}\n")), "{published}");
        let status = account.misrule(&format!("status --to {to}")).await;
        assert!(
            status.starts_with("exit 0\nstate       in force\n") && status.contains(&digest.to_string()),
            "{status}"
        );
    }
}

const OWN: &str = "publish own.toml --to shop/prod/chaos";

#[tokio::test]
async fn what_is_signed_is_not_replaced_by_what_is_not() {
    let account = keyed().await;
    let signed = account.misrule(&format!("{OWN} --key misrule-key.pem --no-native")).await;
    assert!(signed.starts_with("exit 0\n"), "{signed}");
    let status = account.misrule("status --to shop/prod/chaos").await;
    let key = status.lines().find_map(|line| line.strip_prefix("signature   names key ")).unwrap();
    assert!(key.len() == 16 && key.bytes().all(|letter| letter.is_ascii_hexdigit()), "{status}");
    let refused = format!(
        "exit 1\n----\nerror: `outage`, which is deployed there, has a signature that names key `{key}`, and this has \
         none\nhint: sign it: `--key FILE`; or say `--unsigned`: every layer with MISRULE_PUBLIC_KEY then refuses it, and what it \
         has armed ends\n"
    );
    assert_eq!(account.misrule(OWN).await, refused);
    assert!(account.misrule("halt --to shop/prod/chaos").await.starts_with("exit 0\n"));
    assert_eq!(account.misrule(OWN).await, refused, "a halt between them changes nothing");
    let meant = account.misrule(&format!("{OWN} --unsigned")).await;
    assert!(meant.starts_with("exit 0\n"), "{meant}");
    let status = account.misrule("status --to shop/prod/chaos").await;
    assert!(status.contains("\nsignature   none\n"), "{status}");
    assert!(account.misrule(OWN).await.starts_with("exit 0\n"));
}

#[tokio::test]
async fn ready_made_policies_that_nobody_signs_become_a_bundle_where_bundles_are() {
    let account = keyed().await;
    let ready_made = "publish outage.toml --to shop/prod/chaos";
    let signed = account.misrule(&format!("{ready_made} --key misrule-key.pem")).await;
    assert!(signed.starts_with("exit 0\n"), "{signed}");
    let refused = account.misrule(ready_made).await;
    assert!(refused.contains("and this has none\nhint: sign it: `--key FILE`; or say `--unsigned`: "), "{refused}");
    let meant = account.misrule(&format!("{ready_made} --unsigned")).await;
    assert!(meant.starts_with("exit 0\nversion 3 deployment 3 sha256 "), "{meant}");
    let (media_type, _, bytes) = account.version(3).await;
    let Delivery::Experiment(package) = Delivery::read(&bytes.into(), None).unwrap() else { panic!("no experiment") };
    assert_eq!((media_type.as_str(), package.form), ("application/zip", Form::Bundle));
    assert_eq!(
        account.misrule(ready_made).await,
        "exit 1\n----\nerror: configuration profile `chaos` has a bundle, and this is plain JSON\n\
         hint: make a bundle of its TOML: `--key FILE` signs it, `--unsigned` says that nobody does; or name another \
         configuration profile in `--to`, and in the MISRULE_SOURCE of its functions\n"
    );
    let elsewhere = account.misrule("publish outage.toml --to shop/prod/plain --yes --unsigned").await;
    assert!(elsewhere.starts_with("exit 0\n"), "{elsewhere}");
    let told = account.misrule("publish outage.toml --to shop/prod/plain --validator").await;
    assert!(told.starts_with("exit 0\n"), "it is plain JSON where no bundles are: {told}");
}

#[tokio::test]
async fn another_key_than_the_deployed_one_is_warned_of() {
    let account = keyed().await;
    assert!(account.session.misrule("keygen --output other.pem").starts_with("exit 0\n"));
    let mut told = Vec::new();
    for key in ["misrule-key.pem", "misrule-key.pem", "other.pem"] {
        told.push(account.misrule(&format!("{OWN} --key {key} --no-native")).await);
    }
    assert!(!told[0].contains("warning") && !told[1].contains("warning"), "{told:?}");
    let warning = "\nwarning: `outage`, which is deployed there, has a signature that names key `";
    let unless = "`: a layer refuses it unless its MISRULE_PUBLIC_KEY has both\n";
    assert!(told[2].starts_with("exit 0\n") && told[2].contains(warning) && told[2].contains(unless), "{}", told[2]);
    let both = account.misrule(&format!("{OWN} --key other.pem --unsigned")).await;
    assert!(both.starts_with("exit 2\n"), "{both}");
}

#[tokio::test]
async fn json_that_does_not_say_its_end_is_told_to_say_it() {
    let plain = |end: &str| {
        format!(
            r#"{{ "name": "a", {end} "blast_radius": {{ "functions": ["*"] }}, "policy": [{{ "use": "error" }}] }}"#
        )
    };
    let session = Session::new().file("endless.json", plain("")).file("lasting.json", plain(r#""duration": "1h","#));
    let account = Account::of(session).await;
    let say = "hint: say when the experiment ends: `\"expires\": \"2026-12-01T10:00:00Z\"`";
    let told = account.misrule("publish endless.json --to shop/prod/chaos").await;
    assert!(told.contains("`expires` is missing\n") && told.ends_with(&format!("\n{say}\n")), "{told}");
    let told = account.misrule("publish lasting.json --to shop/prod/chaos").await;
    assert!(told.ends_with(&format!("\n{say}; of TOML `misrule publish` makes it of `duration`\n")), "{told}");
}

#[tokio::test]
async fn what_is_packed_for_elsewhere_or_badly_is_not_published() {
    let account = keyed().await;
    let make = "bundle own.toml --key misrule-key.pem --no-native --environment staging --region eu-west-3";
    assert!(account.misrule(make).await.starts_with("exit 0\n"));
    fs::write(account.session.path("cut.zip"), b"PK").unwrap();
    fs::write(account.session.path("halt.json"), r#"{"halt": true}"#).unwrap();
    fs::write(account.session.path("wrong.json"), "{}").unwrap();
    for (file, words) in [
        (
            "outage.zip",
            "every layer here would refuse `outage`\n  because: it was published to the AppConfig environment staging, and \
             came through prod\nhint: publish it for here: ",
        ),
        (
            "outage.zip --key misrule-key.pem",
            "`outage.zip` is packed already: it is published as it is\nhint: name the ",
        ),
        ("cut.zip", "`cut.zip` is nothing that a layer arms\n  because: "),
        ("wrong.json", "`wrong.json` is nothing that a layer arms\n  because: "),
        ("halt.json", "`halt.json` is a halt\nhint: `misrule halt` deploys one\n"),
    ] {
        let told = account.misrule(&format!("publish {file} --to shop/prod/chaos")).await;
        assert!(told.starts_with("exit 1\n----\n") && told.contains(&format!("error: {words}")), "{told}");
    }
    let told = account.misrule("bundle outage.zip --region eu-west-3").await;
    assert!(told.starts_with("exit 1\n----\nerror: `outage.zip` is packed already"), "{told}");
    assert_eq!(account.appconfig.calls("CreateHostedConfigurationVersion"), 0);
}

/// A bundle with native images, and the public key that signed it.
async fn bundled() -> (Account, String) {
    let account = keyed().await;
    let public = account.session.misrule("keygen --output signer.pem -q").lines().nth(1).unwrap().to_owned();
    let made = account.misrule("bundle own.toml --key signer.pem --region eu-west-3").await;
    assert!(made.starts_with("exit 0\n"), "{made}");
    (account, public)
}

fn id(public: &str) -> String {
    public.parse::<PublicKey>().unwrap().id().to_string()
}

/// The files of the bundle that was made, each with its name.
fn files(account: &Account) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(fs::File::open(account.session.path("outage.zip")).unwrap()).unwrap();
    let count = zip.len();
    let unpack = |index| {
        let mut file = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    };
    (0..count).map(unpack).collect()
}

/// A ZIP of these files, sound in itself.
fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::DEFAULT).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn file<'f>(files: &'f mut [(String, Vec<u8>)], wanted: &str) -> &'f mut Vec<u8> {
    files.iter_mut().find_map(|(name, bytes)| name.starts_with(wanted).then_some(bytes)).unwrap()
}

#[tokio::test]
async fn a_bundle_that_is_damaged_anywhere_is_not_published() {
    let (account, _) = bundled().await;
    for damaged in ["native/aarch64-", "native/x86_64-", "components/own.wasm", "experiment.json"] {
        let mut files = files(&account);
        *file(&mut files, damaged).last_mut().unwrap() ^= 1;
        fs::write(account.session.path("damaged.zip"), pack(&files)).unwrap();
        for meant in ["", " --unsigned"] {
            let told = account.misrule(&format!("publish damaged.zip --to shop/prod/chaos{meant}")).await;
            let error = "exit 1\n----\nerror: `damaged.zip` is nothing that a layer arms\n  because: `";
            assert!(told.starts_with(&format!("{error}{damaged}")), "{told}");
            assert!(told.ends_with("` in the bundle does not have the digest that its manifest says\n"), "{told}");
        }
    }
    let mut bytes = fs::read(account.session.path("outage.zip")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(account.session.path("flipped.zip"), bytes).unwrap();
    let told = account.misrule("publish flipped.zip --to shop/prod/chaos").await;
    assert!(told.starts_with("exit 1\n----\nerror: `flipped.zip` is nothing that a layer arms\n"), "{told}");
    assert_eq!(account.appconfig.calls("ListApplications"), 0);
}

/// The bundle that was made, with another bit in its signature, and with another experiment under a manifest that fits.
fn forged(account: &Account) -> [Vec<u8>; 2] {
    let mut other_signature = files(account);
    let signature = file(&mut other_signature, "manifest.sig");
    let mut form: Value = serde_json::from_slice(signature).unwrap();
    let said = form["signature"].as_str().unwrap();
    let first = if said.starts_with('A') { "B" } else { "A" };
    form["signature"] = json!(format!("{first}{}", &said[1..]));
    *signature = serde_json::to_vec(&form).unwrap();
    let mut other_manifest = files(account);
    let experiment = file(&mut other_manifest, "experiment.json");
    let text = String::from_utf8(experiment.clone()).unwrap();
    *experiment = text.replace("\"shop-*\"", "\"*\"").into_bytes();
    assert_ne!(text.as_bytes(), experiment);
    let digest = Digest::of(experiment).to_string();
    let manifest = file(&mut other_manifest, "manifest.json");
    let mut form: Value = serde_json::from_slice(manifest).unwrap();
    form["files"]["experiment.json"] = json!(digest);
    *manifest = serde_json::to_vec(&form).unwrap();
    [pack(&other_signature), pack(&other_manifest)]
}

#[tokio::test]
async fn a_signature_is_verified_where_its_key_is_given_and_called_unverified_elsewhere() {
    let (account, public) = bundled().await;
    let key = id(&public);
    for forged in forged(&account) {
        fs::write(account.session.path("forged.zip"), forged).unwrap();
        assert_eq!(
            account.misrule(&format!("publish forged.zip --to shop/prod/chaos --public-key {public}")).await,
            format!(
                "exit 1\n----\nerror: `forged.zip` does not verify\n  because: the bundle's signature by key `{key}` does not \
                 verify: what was signed was changed, or another key signed it\n\
                 hint: publish it again: `misrule publish --key FILE`\n"
            )
        );
        assert_eq!(account.appconfig.calls("CreateHostedConfigurationVersion"), 0);
    }
    let unverified = format!(
        "warning: `outage` has a signature that names key `{key}`, and it was not verified: say `--public-key KEY` to do that\n"
    );
    let told = account.misrule("publish forged.zip --to shop/prod/chaos").await;
    assert!(told.starts_with("exit 0\n") && told.contains(&unverified), "{told}");
    let told = account.misrule(&format!("publish outage.zip --to shop/prod/chaos --public-key {public}")).await;
    assert!(told.starts_with("exit 0\n") && !told.contains("warning"), "{told}");
    let status = account.misrule("status --to shop/prod/chaos").await;
    assert!(status.contains(&format!("\nsignature   names key {key}\n")) && !status.contains("damaged"), "{status}");
}

#[tokio::test]
async fn what_the_given_key_did_not_sign_is_not_published() {
    let (account, public) = bundled().await;
    let key = id(&public);
    let other = account.session.misrule("keygen --output other.pem -q").lines().nth(1).unwrap().to_owned();
    assert!(account.misrule("bundle outage.toml --region eu-west-3").await.starts_with("exit 0\n"));
    let only = |public: &str| format!("and only what key `{}` signed may arm\n", id(public));
    for (file, public, because) in [
        ("outage.zip", &other, format!("the bundle is signed by key `{key}`, {}", only(&other))),
        (
            "own.toml --key signer.pem --no-native",
            &other,
            format!("the bundle is signed by key `{key}`, {}", only(&other)),
        ),
        ("own.toml", &public, format!("the bundle is not signed, {}", only(&public))),
        ("outage.json", &public, format!("the experiment is plain JSON, which cannot be signed, {}", only(&public))),
    ] {
        let told = account.misrule(&format!("publish {file} --to shop/prod/chaos --public-key {public}")).await;
        let file = file.split(' ').next().unwrap();
        let error = format!("exit 1\n----\nerror: `{file}` does not verify\n  because: {because}hint: ");
        assert!(told.starts_with(&error), "{told}");
    }
    let both =
        account.misrule(&format!("publish outage.zip --to shop/prod/chaos --unsigned --public-key {public}")).await;
    assert!(both.starts_with("exit 2\n"), "{both}");
    let signed =
        format!("publish own.toml --to shop/prod/chaos --key signer.pem --no-native --public-key {other},{public}");
    let told = account.misrule(&signed).await;
    assert!(told.starts_with("exit 0\n") && !told.contains("warning"), "{told}");
}

#[tokio::test]
async fn status_tells_damage_that_not_every_layer_sees() {
    let (account, public) = bundled().await;
    let mut files = files(&account);
    *file(&mut files, "native/aarch64-").last_mut().unwrap() ^= 1;
    account.appconfig.deploy(&account.place, "application/zip", pack(&files));
    let status = account.misrule("status --to shop/prod/chaos").await;
    let damaged = format!("\nsignature   names key {}\ndamaged     `native/aarch64-", id(&public));
    assert!(status.starts_with("exit 0\nstate       in force\n") && status.contains(&damaged), "{status}");
    let told = account.misrule("publish own.toml --to shop/prod/chaos").await;
    assert!(told.contains(&format!("has a signature that names key `{}`, and this has none\n", id(&public))), "{told}");
}
