use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::schema::Schema;
use super::store::{Profile, Version};

/// What a configuration must pass before it is deployed.
///
/// <https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-and-profile-validators.html>
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "Type", content = "Content")]
pub(super) enum Validator {
    /// The text of a JSON Schema.
    #[serde(rename = "JSON_SCHEMA")]
    JsonSchema(String),
    /// The ARN of a Lambda function.
    #[serde(rename = "LAMBDA")]
    Lambda(String),
}

/// A validator's function: it gets the event that AppConfig sends, and its error is what it fails with.
pub(super) type LambdaValidator = Box<dyn Fn(&Value) -> Result<(), String> + Send + Sync>;

/// The functions that play validators, by their ARNs.
pub(super) type LambdaValidators = BTreeMap<String, LambdaValidator>;

impl Validator {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::JsonSchema(_) => "JSON_SCHEMA",
            Self::Lambda(_) => "LAMBDA",
        }
    }

    /// Whether a profile may have it.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::JsonSchema(text) => {
                let schema = Schema::parse(text);
                schema.map(|_| ()).map_err(|error| Refusal::bad_request(&format!("Invalid JSON Schema: {error}")))
            }
            Self::Lambda(arn) if arn.starts_with("arn:") => Ok(()),
            Self::Lambda(arn) => Err(Refusal::bad_request(&format!("{arn} is not the ARN of a Lambda function"))),
        }
    }
}

impl Profile {
    /// Runs the validators over a version.
    pub(super) fn validate(
        &self,
        application: &str,
        version: &Version,
        functions: &LambdaValidators,
    ) -> Result<(), Refusal> {
        for validator in &self.validators {
            let details = match validator {
                Validator::JsonSchema(text) => by_schema(text, version),
                Validator::Lambda(arn) => by_function(arn, &self.event(application, version), functions),
            };
            if !details.is_empty() {
                return Err(Refusal::invalid_configuration(&details));
            }
        }
        Ok(())
    }

    fn event(&self, application: &str, version: &Version) -> Value {
        json!({
            "applicationId": application,
            "configurationProfileId": self.id,
            "configurationVersion": version.number.to_string(),
            "content": STANDARD.encode(&version.content),
            "uri": self.location,
        })
    }
}

fn by_schema(text: &str, version: &Version) -> Vec<Value> {
    let schema = match Schema::parse(text) {
        Ok(schema) => schema,
        Err(error) => return vec![detail("", "", &error)],
    };
    match serde_json::from_slice(&version.content) {
        Ok(content) => {
            let violations = schema.violations(&content);
            violations.iter().map(|it| detail(&it.constraint, &it.location, &it.reason)).collect()
        }
        Err(error) => vec![detail("", "", &format!("The configuration is not JSON: {error}"))],
    }
}

fn by_function(arn: &str, event: &Value, functions: &LambdaValidators) -> Vec<Value> {
    let answered = match functions.get(arn) {
        Some(function) => function(event),
        None => Err(format!("Function not found: {arn}")),
    };
    answered.err().map(|error| detail("", "", &error)).into_iter().collect()
}

fn detail(constraint: &str, location: &str, reason: &str) -> Value {
    json!({ "Type": "INVALID_CONFIGURATION", "Constraint": constraint, "Location": location, "Reason": reason })
}
