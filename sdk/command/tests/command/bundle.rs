//! Keys and bundles: `keygen`, `bundle`, `verify`, and `inspect` of a bundle.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use misrule_engine::delivery::{PublicKey, SigningKey, bundle};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::Experiment;

use crate::account::{OUTAGE, until};
use crate::session::Session;

fn component() -> &'static [u8] {
    misrule_policies::component("path-outage").unwrap()
}

/// A folder with an experiment of a module, a key, and the public one of that key.
fn keyed() -> (Session, String) {
    let own = until().replace("use = \"path-outage\"", "module = \"own.wasm\"");
    let session = Session::new().file("own.wasm", component()).file("own.toml", own).file("outage.toml", OUTAGE);
    let public = session.misrule("keygen -q").lines().nth(1).unwrap().to_owned();
    (session, public)
}

fn id(public: &str) -> String {
    public.parse::<PublicKey>().unwrap().id().to_string()
}

#[test]
fn a_key_is_made_once_and_for_its_owner() {
    let session = Session::new();
    let told = session.misrule("keygen");
    let public = told.lines().nth(1).unwrap();
    assert_eq!(
        told,
        format!(
            "exit 0\n{public}\n----\nwrote the private key `misrule-key.pem`, which log lines name `{}`\n\
             keep it secret and out of the repository; on the function set MISRULE_PUBLIC_KEY={public}\n",
            id(public)
        )
    );
    let file = session.path("misrule-key.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&file).unwrap();
    assert_eq!(
        session.misrule("keygen"),
        "exit 1\n----\nerror: `misrule-key.pem` exists, and a key is never overwritten\n\
         hint: say another with `--output FILE`\n"
    );
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_ne!(session.misrule("keygen --output other.pem -q").lines().nth(1).unwrap(), public);
}

/// OpenSSL reads our keys, verifies our signatures, and makes keys that we read.
#[test]
fn keys_and_signatures_are_openssls_too() {
    let (session, public) = keyed();
    let openssl = |arguments: &str| {
        let run = session.run(Command::new("openssl").args(arguments.split_whitespace()), ".");
        assert_eq!(run.exit, 0, "{arguments}: {}", run.stderr);
    };
    openssl("pkey -in misrule-key.pem -pubout -outform DER -out public.der");
    let read = |path| fs::read(session.path(path)).unwrap();
    let der = read("public.der");
    assert_eq!(base64(&der[der.len() - 32..]), public);

    assert!(
        session
            .misrule("bundle own.toml --region us-east-1 --key misrule-key.pem --output own.zip")
            .starts_with("exit 0")
    );
    let mut zip = zip::ZipArchive::new(fs::File::open(session.path("own.zip")).unwrap()).unwrap();
    let mut unpack = |name: &str| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(name).unwrap(), &mut bytes).unwrap();
        bytes
    };
    fs::write(session.path("manifest.json"), unpack("manifest.json")).unwrap();
    let signature: serde_json::Value = serde_json::from_slice(&unpack("manifest.sig")).unwrap();
    assert_eq!(signature["key"], id(&public));
    fs::write(session.path("signature"), from_base64(signature["signature"].as_str().unwrap())).unwrap();
    openssl("pkeyutl -verify -pubin -inkey public.der -keyform DER -rawin -in manifest.json -sigfile signature");

    openssl("genpkey -algorithm ed25519 -out other.pem");
    assert!(session.misrule("bundle own.toml --region us-east-1 --key other.pem").starts_with("exit 0"));
}

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

fn from_base64(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
}

#[test]
fn a_bundle_is_made_verified_and_looked_at() {
    let (session, public) = keyed();
    let make = "bundle own.toml --region us-east-1,eu-west-1 --account 123456789012 --environment prod --key \
         misrule-key.pem --no-native";
    let told = session.misrule(make);
    let bytes = fs::read(session.path("outage.zip")).unwrap();
    let (digest, key) = (Digest::of(&bytes), id(&public));
    let size = format!("{} bytes, 2 % of what AppConfig takes; sha256 {digest}\nsigned by key `{key}`\n", bytes.len());
    assert!(told.starts_with(&format!("exit 0\noutage.zip\n----\n{size}`outage` ends at ")), "{told}");
    assert!(session.misrule(&format!("{make} --output again.zip")).starts_with("exit 0"));
    assert_eq!(fs::read(session.path("again.zip")).unwrap(), bytes, "the same input gives the same bytes");

    assert_eq!(
        session.misrule(&format!("verify outage.zip --public-key {public}")),
        format!("exit 0\nkey {key} sha256 {digest}\n----\n`outage.zip` holds `outage`, as it was signed\n")
    );
    let told = session.misrule("inspect outage.zip");
    for line in [
        &format!("digest       sha256 {digest}"),
        &format!("bytes        {}: 2 % of what AppConfig takes", bytes.len()),
        &format!("signature    names key {key}"),
        "name         outage",
        "accounts     123456789012",
        "regions      us-east-1, eu-west-1",
        "environments prod",
        &format!("file         components/own.wasm    {} bytes  sha256 {}", component().len(), Digest::of(component())),
    ] {
        assert!(told.lines().any(|found| found == line), "{line}\n{told}");
    }
    let json = session.misrule("inspect outage.zip --json -q");
    let json: serde_json::Value =
        serde_json::from_str(json.trim_start_matches("exit 0").trim_end_matches("----\n")).unwrap();
    assert_eq!((&json["key"], &json["files"][0]["name"]), (&key.into(), &"components/own.wasm".into()));
    assert_eq!(json["experiment"]["published_to"]["environments"], serde_json::json!(["prod"]));
}

#[test]
fn ready_made_policies_that_nobody_signs_are_plain_json() {
    let (session, public) = keyed();
    let told = session.misrule("bundle outage.toml --region us-east-1");
    assert!(told.starts_with("exit 0\noutage.json\n"), "{told}");
    assert!(told.contains("\nnot signed: a layer with MISRULE_PUBLIC_KEY does not arm it\n"), "{told}");
    assert_eq!(
        session.misrule(&format!("verify outage.json --public-key {public}")),
        format!(
            "exit 1\n----\nerror: `outage.json` does not verify\n  because: the experiment is plain JSON, which cannot be \
             signed, and only what key `{}` signed may arm\nhint: sign it: `misrule publish --key FILE`\n",
            id(&public)
        )
    );
    assert!(session.misrule("bundle outage.toml --region us-east-1 --key misrule-key.pem").contains("\noutage.zip\n"));
}

#[test]
fn what_does_not_verify_says_why() {
    let (session, public) = keyed();
    let other = session.misrule("keygen --output other.pem -q").lines().nth(1).unwrap().to_owned();
    assert!(session.misrule("bundle own.toml --region us-east-1 --output unsigned.zip").starts_with("exit 0"));
    assert!(
        session.misrule("bundle own.toml --region us-east-1 --key other.pem --output other.zip").starts_with("exit 0")
    );
    let whole = fs::read(session.path("other.zip")).unwrap();
    let session = session.file("cut.zip", &whole[..whole.len() - 1]).file("halt.json", "{\"halt\": true}");
    let only = format!("only what key `{}` signed may arm", id(&public));
    for (file, because) in [
        ("unsigned.zip", format!("the bundle is not signed, and {only}\nhint: sign it: `misrule publish --key FILE`")),
        (
            "other.zip",
            format!(
                "the bundle is signed by key `{}`, and {only}\nhint: sign it with another key, or give the layer this one as \
                 the second in MISRULE_PUBLIC_KEY",
                id(&other)
            ),
        ),
        ("cut.zip", "the bundle is cut short\nhint: deliver what `misrule publish` makes".to_owned()),
    ] {
        let told = session.misrule(&format!("verify {file} --public-key {public}"));
        assert_eq!(told, format!("exit 1\n----\nerror: `{file}` does not verify\n  because: {because}\n"));
    }
    assert!(session.misrule(&format!("verify other.zip --public-key {public},{other}")).starts_with("exit 0"));
    assert_eq!(
        session.misrule(&format!("verify halt.json --public-key {public}")),
        "exit 1\n----\nerror: `halt.json` is a halt, which every layer obeys and nobody signs\n"
    );
    assert_eq!(
        session.misrule("inspect cut.zip"),
        "exit 1\n----\nerror: `cut.zip` is no bundle that a layer takes\n  because: the bundle is cut short\n\
         hint: deliver what `misrule publish` makes\n"
    );
    assert!(
        session.misrule("verify other.zip --public-key abc").starts_with("exit 2\n----\nerror: invalid value 'abc'")
    );
}

#[test]
fn wrong_input_is_named() {
    let (session, _) = keyed();
    let session = session
        .file("large.wasm", vec![0; 1024 * 1024 + 1])
        .file("large.toml", until().replace("use = \"path-outage\"", "module = \"large.wasm\""));
    for (arguments, words) in [
        (
            "bundle outage.toml",
            "`outage.toml` names no region\nhint: say `--region REGION`, or `regions` under `[blast_radius]`\n",
        ),
        (
            "bundle outage.toml --region us-east-1 --key own.wasm",
            "`own.wasm` holds no Ed25519 private key\n\
             hint: `misrule keygen` makes one, as does `openssl genpkey -algorithm ed25519`\n",
        ),
        (
            "bundle outage.toml --region us-east-1 --key none.pem",
            "cannot read the private key `none.pem`\n  because: No such file or directory (os error 2)\n\
             hint: `misrule keygen` makes one\n",
        ),
        (
            "bundle outage.toml --region us-east-1 --no-native",
            "`--no-native` is for what is signed: without `--key` there are no native images to leave out\n\
             hint: leave it out, or sign with `--key FILE`\n",
        ),
        (
            "bundle own.wasm --region us-east-1",
            "`own.wasm` is a policy's component, not an experiment\n\
             hint: name the TOML of an experiment that uses it, under `[[policy]]` as `module = \"own.wasm\"`\n",
        ),
        (
            "bundle large.toml --region us-east-1",
            "`large.toml` cannot be packed\n  because: `components/large.wasm` has 1048577 bytes, more than the 1048576 bytes \
             that a component may have\n",
        ),
    ] {
        assert_eq!(session.misrule(arguments), format!("exit 1\n----\nerror: {words}"), "{arguments}");
    }
    assert!(session.misrule("bundle own.toml --region us-east-1 --output own.zip").starts_with("exit 0"));
    assert_eq!(
        session.misrule("inspect own.zip --settings {}"),
        "exit 1\n----\nerror: `own.zip` is an experiment, and only a component has `--settings` and `--source`\n\
         hint: inspect the component's own file with `--settings` and `--source`\n"
    );
}

/// Two modules that do not compress: each may be in a bundle, both are too much for AppConfig.
#[test]
fn what_is_too_large_for_appconfig_says_what_takes_the_room() {
    let noise = |seed: u8| {
        let block = |number: u32| Digest::of(&[&[seed][..], &number.to_le_bytes()].concat()).to_bytes();
        (0..20_000).flat_map(block).collect::<Vec<_>>()
    };
    let two = until().replace("use = \"path-outage\"", "module = \"a.wasm\"") + "[[policy]]\nmodule = \"b.wasm\"\n";
    let session = Session::new().file("a.wasm", noise(1)).file("b.wasm", noise(2)).file("two.toml", two);
    let told = session.misrule("bundle two.toml --region us-east-1");
    assert!(told.starts_with("exit 1\n----\nerror: `two.toml` comes to 128"), "{told}");
    let hint = "hint: make smaller, or leave out, what takes the most room: `b.wasm` (640000 bytes), `a.wasm` (640000 bytes)\n";
    assert!(told.ends_with(hint), "{told}");
}

#[test]
fn plain_json_that_is_too_large_says_whose_settings_take_the_room() {
    let body = "x".repeat(1_200_000);
    let large = format!("use = \"error\"\nsettings = {{ type = \"{body}\" }}");
    let large = until().replace("use = \"path-outage\"\nsettings = { paths = [\"/checkout/**\"] }", &large);
    let told = Session::new().file("large.toml", large).misrule("bundle large.toml --region us-east-1");
    assert!(told.starts_with("exit 1\n----\nerror: `large.toml` comes to 120"), "{told}");
    let hint = "\nhint: make smaller, or leave out, what takes the most room: the settings of policy `error` (12000";
    assert!(told.contains(hint) && told.ends_with(" bytes)\n") && !told.contains("blast_radius"), "{told}");
}

#[test]
fn a_key_that_a_password_opens_is_told_apart() {
    let (session, _) = keyed();
    let encrypt = "pkey -in misrule-key.pem -aes256 -passout pass:secret -out encrypted.pem";
    assert_eq!(session.run(Command::new("openssl").args(encrypt.split(' ')), ".").exit, 0);
    assert_eq!(
        session.misrule("bundle own.toml --region us-east-1 --key encrypted.pem"),
        "exit 1\n----\nerror: the private key `encrypted.pem` is encrypted\n\
         hint: take the password off, in a file that only its owner may read: `openssl pkey -in encrypted.pem -out FILE`\n"
    );
}

#[test]
fn a_bundle_that_is_over_does_not_verify() {
    let key = SigningKey::from_seed(&[7; 32]);
    let experiment = r#"{ "name": "old", "expires": "2020-01-01T00:00:00Z", "blast_radius": { "functions": ["*"] },
                          "policy": [{ "use": "latency" }] }"#;
    let experiment = Experiment::from_json(experiment.as_bytes()).unwrap();
    let zip = bundle::write(&experiment, &BTreeMap::new(), &bundle::Images::new(), Some(&key)).unwrap();
    let told = format!("key {} sha256 {}", key.public_key().id(), Digest::of(&zip));
    assert_eq!(
        Session::new().file("old.zip", zip).misrule(&format!("verify old.zip --public-key {}", key.public_key())),
        format!(
            "exit 1\n{told}\n----\n`old.zip` holds `old`, as it was signed\nerror: no layer arms it any more\n  because: `expires` \
             was 2020-01-01T00:00:00Z: the experiment is over\n\
             hint: make it again of its TOML with another end: `misrule bundle --key FILE`\n"
        )
    );
}

/// A policy that may ask for any fault, and whose hooks depend on its settings.
#[test]
fn a_fault_that_no_hook_of_its_policy_may_ask_for_is_warned_of() {
    let catalogue = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/guests/catalogue.wasm")).unwrap();
    let using = |settings: &str| {
        let policy = format!("module = \"catalogue.wasm\"\nsettings = {settings}");
        until().replace("use = \"path-outage\"\nsettings = { paths = [\"/checkout/**\"] }", &policy)
    };
    let session = Session::new().file("catalogue.wasm", catalogue).file("before.toml", using("{}"));
    let session = session.file("all.toml", using("{ after = [{ fault = \"truncate\" }], answer_body = true }"));
    let never = "but never in the hooks that it wants: its `hooks()` must name";
    let warned = |policy: &str| {
        format!(
            "warning: policy `{policy}` can ask for throttle, pause, cut, break-off, {never} `after`\n\
             warning: policy `{policy}` can ask for set-status, truncate, garble, {never} `after` and `answer-body`\n"
        )
    };
    let told = session.misrule("bundle before.toml --region us-east-1");
    assert!(told.starts_with("exit 0\n") && told.contains(&warned("catalogue")), "{told}");
    let told = session.misrule("inspect catalogue.wasm");
    assert!(told.starts_with("exit 0\n") && told.contains(&warned("catalogue.wasm")), "{told}");
    let told = session.misrule("bundle all.toml --region us-east-1");
    assert!(told.starts_with("exit 0\n") && !told.contains("warning"), "{told}");
}

#[test]
fn a_stop_that_has_nothing_to_look_at_is_warned_of() {
    let stop_when = "stop_when = { handler_errors = 0.2 }\n";
    let page = |radius: &str, policy: &str| {
        let policy = format!("{radius}[[policy]]\n{policy}");
        until().replace("[[policy]]\nuse = \"path-outage\"\nsettings = { paths = [\"/checkout/**\"] }", &policy)
    };
    let all = "use = \"error\"";
    let paths = "use = \"path-outage\"\nsettings = { paths = [\"/health\", \"/**\"] }";
    let some = "use = \"path-outage\"\nsettings = { paths = [\"/health\"] }";
    let methods = "use = \"latency\"\nsettings = { delay = \"1s\", methods = [\"POST\"] }";
    for (radius, policy, warned) in [
        (stop_when, all, Some("error")),
        (stop_when, &format!("{some}\n[[policy]]\n{all}"), Some("error")),
        (stop_when, paths, Some("path-outage")),
        (stop_when, some, None),
        (stop_when, methods, None),
        (stop_when, &format!("{all}\nrate = 0.5"), None),
        (&format!("{stop_when}rate = 0.5\n"), all, None),
        (&format!("{stop_when}budget = {{ per_minute = 60 }}\n"), all, None),
        ("", all, None),
    ] {
        let told = Session::new().file("a.toml", page(radius, policy)).misrule("bundle a.toml --region us-east-1");
        let warning = warned.map(|policy| {
            format!(
                "warning: policy `{policy}` leaves no invocation untouched, and `stop_when` counts only those: it never stops \
                 `outage`; lower that policy's `rate`, or `blast_radius.rate`\n"
            )
        });
        assert!(told.starts_with("exit 0\n"), "{told}");
        assert_eq!(told.contains("warning"), warned.is_some(), "{radius}{policy}: {told}");
        assert!(told.contains(&warning.unwrap_or_default()), "{told}");
    }
}

#[test]
fn a_policy_that_may_ask_for_nothing_that_is_allowed_is_told_last() {
    let catalogue = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/guests/catalogue.wasm")).unwrap();
    let own = until()
        .replace("use = \"path-outage\"\nsettings = { paths = [\"/checkout/**\"] }", "module = \"catalogue.wasm\"");
    let own = own.replace("[[policy]]", "faults = [\"truncate\"]\n[[policy]]");
    let session = Session::new().file("catalogue.wasm", catalogue).file("own.toml", own);
    let told = session.misrule("bundle own.toml --region us-east-1");
    let last =
        "\nwarning: NOTHING CAN BE INJECTED by `outage`: none of its policies can ask for a fault that it may have\n";
    assert!(told.starts_with("exit 0\n") && told.ends_with(last), "{told}");
}

#[test]
fn a_key_that_others_may_read_is_warned_of() {
    let (session, _) = keyed();
    let make = "bundle outage.toml --region us-east-1 --key misrule-key.pem";
    assert!(!session.misrule(make).contains("warning"));
    fs::set_permissions(session.path("misrule-key.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    let warning = "warning: others may read the private key `misrule-key.pem`: `chmod 600 misrule-key.pem`\n";
    assert!(session.misrule(make).contains(warning));
}

#[test]
fn plain_json_is_looked_at_as_a_bundle_is() {
    let (session, _) = keyed();
    assert!(session.misrule("bundle outage.toml --region us-east-1,eu-west-3").starts_with("exit 0\noutage.json\n"));
    let told = session.misrule("inspect outage.json");
    let bytes = fs::read(session.path("outage.json")).unwrap();
    for line in [
        &format!("digest       sha256 {}", Digest::of(&bytes)),
        "signature    none",
        "name         outage",
        "regions      us-east-1, eu-west-3",
        "policies     path-outage",
    ] {
        assert!(told.lines().any(|found| found == line), "{line}\n{told}");
    }
    let session = session.file("halt.json", r#"{"halt": true}"#).file("wrong.json", "{}");
    let halt = "exit 1\n----\nerror: `halt.json` is a halt, which every layer obeys and nobody signs\n";
    assert_eq!(session.misrule("inspect halt.json"), halt);
    let wrong = "exit 1\n----\nerror: `wrong.json` is no experiment that a layer takes\n";
    assert!(session.misrule("inspect wrong.json").starts_with(wrong));
}

#[test]
fn a_public_key_is_said_and_not_named() {
    let (session, _) = keyed();
    let say = "say the public key itself, the 44 characters that `misrule keygen` prints";
    let told = session.misrule("verify outage.zip --public-key misrule-key.pem");
    assert!(told.starts_with("exit 2\n") && told.contains(&format!("this is a file; {say}\n")), "{told}");
    let told = session.misrule("verify outage.zip --public-key abc");
    let words = "this is no Ed25519 public key; say the 44 characters that `misrule keygen` prints\n";
    assert!(told.starts_with("exit 2\n") && told.contains(words), "{told}");
}
