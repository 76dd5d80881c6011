//! The JSON Schema validator of the local AppConfig, judged by one that is not ours (draft 4 of PyPI's jsonschema): both
//! hold the same instances to be valid.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use misrule_tests::programs::{checkout, python};

/// What the local AppConfig's own test goes by.
const CASES: &str = "sdk/local/src/appconfig/schema/cases.json";

/// Prints each case in which it does not agree, and how many instances there are.
const VALIDATOR: &str = "
import json, sys
from jsonschema import Draft4Validator
instances = 0
for case in json.load(sys.stdin):
    Draft4Validator.check_schema(case['schema'])
    for list, expected in (('valid', True), ('invalid', False)):
        for instance in case[list]:
            instances += 1
            if Draft4Validator(case['schema']).is_valid(instance) != expected:
                print(json.dumps(case['schema']), json.dumps(instance), 'expected', list)
print(instances)
";

#[test]
fn the_local_validator_and_pypis_agree() -> Result<()> {
    let cases = std::fs::File::open(checkout().join(CASES))?;
    let mut command = Command::new(python("python")?);
    let output = command.args(["-c", VALIDATOR]).stdin(Stdio::from(cases)).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout)?;
    let lines: Vec<&str> = told.lines().collect();
    let [count] = lines[..] else { anyhow::bail!("they do not agree:\n{told}") };
    ensure!(count.parse::<u32>().context("a count")? > 100, "only {count} instances");
    Ok(())
}
