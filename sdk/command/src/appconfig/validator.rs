//! The JSON Schema that AppConfig holds a version against before it deploys it: for profiles of plain JSON.

use aws_sdk_appconfig::types::{Validator, ValidatorType};
use misrule_engine::experiment::json_schema;
use serde_json::Value;

use super::error::{AppConfigError, Call};
use super::place::Target;
use super::service::Service;

/// What is done about the validators of a profile.
#[derive(Debug, PartialEq)]
enum Change {
    /// It has this schema already.
    None,
    /// It has that of a newer command.
    Newer(String),
    /// It has somebody else's.
    Foreign,
    /// It gets these.
    To(Vec<Validator>),
}

/// The schema of this command.
pub(super) fn ours() -> Result<Validator, AppConfigError> {
    validator(&json_schema())
}

fn validator(schema: &Value) -> Result<Validator, AppConfigError> {
    let built = Validator::builder().r#type(ValidatorType::JsonSchema).content(schema.to_string()).build();
    built.map_err(|error| AppConfigError::Failed {
        call: Call::new("UpdateConfigurationProfile", "its validator"),
        cause: error.to_string(),
    })
}

impl Service<'_> {
    /// Puts our schema on the profile, where it has none or that of an older command.
    ///
    /// # Errors
    ///
    /// A call is refused, or the profile has a schema that is not ours.
    pub(super) async fn ensure_validator(&self, target: &Target) -> Result<(), AppConfigError> {
        if target.profile.new {
            return Ok(());
        }
        let profile = &target.destination.profile;
        match change(&self.validators(target).await?, &ours()?) {
            Change::None => Ok(()),
            Change::Newer(release) => {
                self.say(format_args!("`{profile}` has the validator of misrule {release}, which is newer: it stays"));
                Ok(())
            }
            Change::Foreign => Err(AppConfigError::ForeignValidator { profile: profile.clone() }),
            Change::To(validators) => self.set_validators(target, validators).await,
        }
    }

    async fn validators(&self, target: &Target) -> Result<Vec<Validator>, AppConfigError> {
        let profile = format!("configuration profile `{}`", target.destination.profile);
        let call = Call::new("GetConfigurationProfile", profile);
        let request = self.client.get_configuration_profile().application_id(&target.application);
        let got = self.ask(call, request.configuration_profile_id(&target.profile.id).send()).await?;
        Ok(got.validators.unwrap_or_default())
    }

    async fn set_validators(&self, target: &Target, validators: Vec<Validator>) -> Result<(), AppConfigError> {
        let profile = format!("configuration profile `{}`", target.destination.profile);
        let call = Call::new("UpdateConfigurationProfile", profile);
        if !self.makes(&call, "to be validated by the JSON Schema of this command") {
            return Ok(());
        }
        let request = self.client.update_configuration_profile().application_id(&target.application);
        let request = request.configuration_profile_id(&target.profile.id).set_validators(Some(validators));
        self.ask(call, request.send()).await?;
        self.say(format_args!("`{}` is validated by misrule's JSON Schema now", target.destination.profile));
        Ok(())
    }
}

/// A profile has one JSON Schema at most; a function that validates stays beside it.
fn change(there: &[Validator], ours: &Validator) -> Change {
    let (schemas, functions): (Vec<_>, Vec<_>) = there.iter().partition(|it| *it.r#type() == ValidatorType::JsonSchema);
    let wanted = || functions.iter().copied().chain([ours]).cloned().collect();
    let Some(schema) = schemas.first() else { return Change::To(wanted()) };
    match (release(schema.content()), release(ours.content())) {
        _ if schema.content() == ours.content() => Change::None,
        (None, _) => Change::Foreign,
        (Some(there), Some(here)) if numbers(&there) > numbers(&here) => Change::Newer(there),
        _ => Change::To(wanted()),
    }
}

/// The release of the command that a schema of ours came from; none where it is not ours.
fn release(schema: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(schema).ok()?;
    let (release, _) = schema["title"].as_str()?.strip_prefix("misrule ")?.split_once(':')?;
    Some(release.to_owned())
}

fn numbers(release: &str) -> Vec<u64> {
    release.split('.').map(|number| number.parse().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_release(release: &str) -> Validator {
        validator(&json!({ "title": format!("misrule {release}: an experiment, or a halt") })).unwrap()
    }

    #[test]
    fn only_what_is_ours_and_older_is_replaced() {
        let here = of_release("0.10.0");
        let function = Validator::builder().r#type(ValidatorType::Lambda).content("arn:aws:lambda:a").build().unwrap();
        let to_ours = || Change::To(vec![here.clone()]);
        assert_eq!(change(&[], &here), to_ours());
        assert_eq!(change(std::slice::from_ref(&here), &here), Change::None);
        assert_eq!(change(&[of_release("0.9.1")], &here), to_ours());
        assert_eq!(change(&[of_release("0.10.1")], &here), Change::Newer("0.10.1".to_owned()));
        for foreign in [json!({}), json!({ "title": "orders" }), json!({ "title": "misrule" })] {
            assert_eq!(change(&[validator(&foreign).unwrap()], &here), Change::Foreign, "{foreign}");
        }
        let both = Change::To(vec![function.clone(), here.clone()]);
        assert_eq!(change(&[of_release("0.9.1"), function], &here), both);
    }

    #[test]
    fn ours_names_its_release() {
        assert_eq!(release(ours().unwrap().content()).as_deref(), Some(env!("CARGO_PKG_VERSION")));
    }
}
