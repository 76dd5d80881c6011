//! Help pages and wrong usage. `demo` has its page under its own tests.

use crate::session::Session;

fn misrule(arguments: &str) -> String {
    Session::new().misrule(arguments)
}

#[test]
fn every_command_is_listed_with_the_exit_codes() {
    assert_eq!(
        misrule("--help"),
        r"exit 0
Fault policies for AWS Lambda: make, build, publish and halt them

Usage: misrule [OPTIONS] <COMMAND>

Commands:
  new      Make a policy crate
  build    Compile a policy crate to a component
  inspect  Show what a policy's component is, or a bundle
  keygen   Make a key to sign bundles with
  bundle   Make what publish would upload, as a file
  verify   Check who signed a bundle, and that nothing was changed since
  schema   Print the JSON Schema of what plain JSON may say
  publish  Publish an experiment through AWS AppConfig
  halt     Stop an experiment
  status   Say what is deployed
  history  Say what was deployed
  resume   Deploy again what a halt stopped
  report   Say what happened, out of a function's log
  layer    Make the Lambda layer, a zip for each architecture
  demo     See an experiment at work, on this machine

Options:
  -q, --quiet    Say nothing but errors
  -v, --verbose  Say more: each step on the way
  -h, --help     Print help
  -V, --version  Print version

Results go to stdout, everything else to stderr. Set NO_COLOR for no colour.

Exit codes:
  0  done
  1  your input has a mistake, or a check failed
  2  wrong usage, or a fault of misrule's own
  130  interrupted by Ctrl-C (128 and a signal's number)
----
"
    );
}

#[test]
fn new_has_a_page() {
    assert_eq!(
        misrule("new -h"),
        r"exit 0
Make a policy crate

Usage: misrule new [OPTIONS] <NAME>

Arguments:
  <NAME>  The crate's name, and the policy's

Options:
      --path <DIR>  Where to make it; by default a folder of its name
  -q, --quiet       Say nothing but errors
  -v, --verbose     Say more: each step on the way
  -h, --help        Print help (see more with '--help')
----
"
    );
}

#[test]
fn build_has_a_page() {
    assert_eq!(
        misrule("build -h"),
        r"exit 0
Compile a policy crate to a component

Usage: misrule build [OPTIONS]

Options:
      --path <DIR>     The crate's folder [default: .]
      --output <FILE>  Where to write the component; by default NAME.wasm beside Cargo.toml
  -q, --quiet          Say nothing but errors
  -v, --verbose        Say more: each step on the way
  -h, --help           Print help (see more with '--help')
----
"
    );
}

#[test]
fn inspect_has_a_page() {
    assert_eq!(
        misrule("inspect -h"),
        r"exit 0
Show what a policy's component is, or a bundle

Usage: misrule inspect [OPTIONS] <POLICY>

Arguments:
  <POLICY>  The component's file, a ready-made policy's name, or the file of a bundle or of plain JSON

Options:
      --json             Say it as JSON, with the JSON Schema of the settings
      --settings <JSON>  Configure it with these settings: refused as a layer would refuse them
      --source <DIR>     Check that it was compiled of the source in this workspace's folder
  -q, --quiet            Say nothing but errors
  -v, --verbose          Say more: each step on the way
  -h, --help             Print help (see more with '--help')
----
"
    );
}

#[test]
fn publish_has_a_page() {
    assert_eq!(
        misrule("publish -h"),
        r#"exit 0
Publish an experiment through AWS AppConfig

Usage: misrule publish [OPTIONS] --to <APP/ENV/PROFILE> <EXPERIMENT.TOML>

Arguments:
  <EXPERIMENT.TOML>  The experiment, or what `misrule bundle` made of it: that goes as it is

Options:
      --to <APP/ENV/PROFILE>  The AppConfig application, environment and configuration profile, by name or id
      --yes                   Make what is absent of them without asking
      --unsigned              Replace what is signed by what is not: every layer with MISRULE_PUBLIC_KEY refuses it
      --dry-run               Say each call that would change something, and make none of them
      --validator             Let AppConfig refuse what no layer would arm: a JSON Schema on the configuration profile, for plain JSON only
      --wait <TIME>           How long to wait for the end of a deployment that is under way there [default: 10m]
      --key <FILE>            Sign with this private key, which `misrule keygen` made
      --no-native             Leave out native images of the modules, which spare layers the compiling; only with `--key`: else there are none
      --public-key <KEY>      Refuse what this public key did not sign, or one of two with a comma: the value of MISRULE_PUBLIC_KEY
      --strategy <NAME>       A deployment strategy, by name or id; by default everyone at once, and nothing is waited for
      --grow <STEPS>          Grow in steps, for example "10% every 2m"; the strategy is made where it is absent
      --bake <MINUTES>        How long alarms may still roll it back once it has reached everyone, for example 10m
      --alarm <ARN>           A CloudWatch alarm that takes the deployment back where it fires; again for another one, each in its own region
      --alarm-role <ARN>      The IAM role by which AppConfig looks at the alarms
      --region <REGION>       The AWS region, or several: again, or with commas; by default AWS_REGION or the AWS profile's
      --endpoint-url <URL>    Another AppConfig than the region's own, such as a local one; with commas one for each region
      --aws-profile <NAME>    The profile of the AWS configuration files to take credentials and region from
  -q, --quiet                 Say nothing but errors
  -v, --verbose               Say more: each step on the way
  -h, --help                  Print help (see more with '--help')
----
"#
    );
}

#[test]
fn halt_has_a_page() {
    assert_eq!(
        misrule("halt -h"),
        r"exit 0
Stop an experiment

Usage: misrule halt [OPTIONS] --to <APP/ENV/PROFILE>

Options:
      --to <APP/ENV/PROFILE>  The AppConfig application, environment and configuration profile, by name or id
      --wait <TIME>           How long to wait for the end of another profile's deployment that is under way in the environment [default: 10m]
      --stop-others           Stop the deployment of another profile rather than wait for its end; AppConfig then takes it back
      --dry-run               Say each call that would change something, and make none of them
      --region <REGION>       The AWS region, or several: again, or with commas; by default AWS_REGION or the AWS profile's
      --endpoint-url <URL>    Another AppConfig than the region's own, such as a local one; with commas one for each region
      --aws-profile <NAME>    The profile of the AWS configuration files to take credentials and region from
  -q, --quiet                 Say nothing but errors
  -v, --verbose               Say more: each step on the way
  -h, --help                  Print help (see more with '--help')
----
"
    );
}

#[test]
fn status_has_a_page() {
    assert_eq!(
        misrule("status -h"),
        r"exit 0
Say what is deployed

Usage: misrule status [OPTIONS] --to <APP/ENV/PROFILE>

Options:
      --to <APP/ENV/PROFILE>  The AppConfig application, environment and configuration profile, by name or id
      --region <REGION>       The AWS region, or several: again, or with commas; by default AWS_REGION or the AWS profile's
      --endpoint-url <URL>    Another AppConfig than the region's own, such as a local one; with commas one for each region
      --aws-profile <NAME>    The profile of the AWS configuration files to take credentials and region from
  -q, --quiet                 Say nothing but errors
  -v, --verbose               Say more: each step on the way
  -h, --help                  Print help (see more with '--help')
----
"
    );
}

#[test]
fn history_has_a_page() {
    assert_eq!(
        misrule("history -h"),
        r"exit 0
Say what was deployed

Usage: misrule history [OPTIONS] --to <APP/ENV/PROFILE>

Options:
      --to <APP/ENV/PROFILE>  The AppConfig application, environment and configuration profile, by name or id
      --last <COUNT>          How many, at most [default: 10]
      --region <REGION>       The AWS region, or several: again, or with commas; by default AWS_REGION or the AWS profile's
      --endpoint-url <URL>    Another AppConfig than the region's own, such as a local one; with commas one for each region
      --aws-profile <NAME>    The profile of the AWS configuration files to take credentials and region from
  -q, --quiet                 Say nothing but errors
  -v, --verbose               Say more: each step on the way
  -h, --help                  Print help (see more with '--help')
----
"
    );
}

#[test]
fn resume_has_a_page() {
    assert_eq!(
        misrule("resume -h"),
        r#"exit 0
Deploy again what a halt stopped

Usage: misrule resume [OPTIONS] --to <APP/ENV/PROFILE>

Options:
      --to <APP/ENV/PROFILE>  The AppConfig application, environment and configuration profile, by name or id
      --dry-run               Say each call that would change something, and make none of them
      --strategy <NAME>       A deployment strategy, by name or id; by default everyone at once, and nothing is waited for
      --grow <STEPS>          Grow in steps, for example "10% every 2m"; the strategy is made where it is absent
      --bake <MINUTES>        How long alarms may still roll it back once it has reached everyone, for example 10m
      --region <REGION>       The AWS region, or several: again, or with commas; by default AWS_REGION or the AWS profile's
      --endpoint-url <URL>    Another AppConfig than the region's own, such as a local one; with commas one for each region
      --aws-profile <NAME>    The profile of the AWS configuration files to take credentials and region from
  -q, --quiet                 Say nothing but errors
  -v, --verbose               Say more: each step on the way
  -h, --help                  Print help (see more with '--help')
----
"#
    );
}

#[test]
fn quiet_and_verbose_exclude_each_other() {
    assert_eq!(
        misrule("-q -v new x"),
        r"exit 2
----
error: the argument '--quiet' cannot be used with '--verbose'

Usage: misrule --quiet <COMMAND>

For more information, try '--help'.
"
    );
}

#[test]
fn a_command_that_is_none_is_refused() {
    assert_eq!(
        misrule("bild"),
        r"exit 2
----
error: unrecognized subcommand 'bild'

  tip: a similar subcommand exists: 'build'

Usage: misrule [OPTIONS] <COMMAND>

For more information, try '--help'.
"
    );
}

#[test]
fn without_a_command_the_help_is_an_error() {
    let help = misrule("--help");
    let page = help.strip_prefix("exit 0\n").unwrap().strip_suffix("----\n").unwrap();
    assert_eq!(misrule(""), format!("exit 2\n----\n{page}"));
}

#[test]
fn layer_has_a_page() {
    assert_eq!(
        misrule("layer -h"),
        r"exit 0
Make the Lambda layer, a zip for each architecture

Usage: misrule layer [OPTIONS]

Options:
      --arch <ARCH>   For which of Lambda's architectures [default: x86_64] [possible values: x86_64, arm64, all]
      --output <DIR>  Where to write misrule-ARCH.zip; by default target/layer of the checkout
  -q, --quiet         Say nothing but errors
  -v, --verbose       Say more: each step on the way
  -h, --help          Print help (see more with '--help')
----
"
    );
}

#[test]
fn keygen_has_a_page() {
    assert_eq!(
        misrule("keygen -h"),
        r"exit 0
Make a key to sign bundles with

Usage: misrule keygen [OPTIONS]

Options:
      --output <FILE>  Where to write the private key [default: misrule-key.pem]
  -q, --quiet          Say nothing but errors
  -v, --verbose        Say more: each step on the way
  -h, --help           Print help (see more with '--help')
----
"
    );
}

#[test]
fn bundle_has_a_page() {
    assert_eq!(
        misrule("bundle -h"),
        r"exit 0
Make what publish would upload, as a file

Usage: misrule bundle [OPTIONS] <EXPERIMENT.TOML>

Arguments:
  <EXPERIMENT.TOML>  The experiment

Options:
      --key <FILE>         Sign with this private key, which `misrule keygen` made
      --no-native          Leave out native images of the modules, which spare layers the compiling; only with `--key`: else there are none
      --output <FILE>      Where to write it; by default the experiment's name with .zip, or .json, here
      --region <REGION>    The region that it is meant for, or several; by default those of its blast radius
      --account <ACCOUNT>  The account that it is meant for, or several; by default any
      --environment <ENV>  The AppConfig environment that it is meant for, by name or id, or several; by default any
  -q, --quiet              Say nothing but errors
  -v, --verbose            Say more: each step on the way
  -h, --help               Print help (see more with '--help')
----
"
    );
}

#[test]
fn verify_has_a_page() {
    assert_eq!(
        misrule("verify -h"),
        r"exit 0
Check who signed a bundle, and that nothing was changed since

Usage: misrule verify [OPTIONS] --public-key <KEY> <BUNDLE>

Arguments:
  <BUNDLE>  The bundle's file

Options:
      --public-key <KEY>  The public key, or two with a comma: the value of MISRULE_PUBLIC_KEY
  -q, --quiet             Say nothing but errors
  -v, --verbose           Say more: each step on the way
  -h, --help              Print help (see more with '--help')
----
"
    );
}

#[test]
fn schema_has_a_page() {
    assert_eq!(
        misrule("schema -h"),
        r"exit 0
Print the JSON Schema of what plain JSON may say

Usage: misrule schema [OPTIONS]

Options:
  -q, --quiet    Say nothing but errors
  -v, --verbose  Say more: each step on the way
  -h, --help     Print help (see more with '--help')
----
"
    );
}
