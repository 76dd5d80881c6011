//! From names to ids: the application, environment and configuration profile of a destination, found or made.

use aws_sdk_appconfig::types::ConfigurationProfileSummary;

use super::destination::Destination;
use super::error::{AppConfigError, Call};
use super::service::Service;
use super::validator;

/// The type of a profile whose content AppConfig does not look into.
const FREEFORM: &str = "AWS.Freeform";

/// The ids behind a [`Destination`].
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As the user wrote it.
    pub(super) destination: Destination,
    pub(super) application: String,
    pub(super) environment: Part,
    pub(super) profile: Part,
}

impl Target {
    /// What the environment is called, by name and by id: a layer may say either.
    pub(crate) fn environment_names(&self) -> Vec<String> {
        let Part { id, name, .. } = &self.environment;
        [name, id].into_iter().filter(|name| !name.is_empty()).cloned().collect()
    }
}

/// An environment or a profile.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) id: String,
    name: String,
    /// Whether it was made just now: then nothing can be in it.
    pub(super) new: bool,
}

/// What there is of a [`Destination`].
#[derive(Debug)]
pub(crate) struct Found {
    destination: Destination,
    application: Result<Named, AppConfigError>,
    environment: Result<Named, AppConfigError>,
    profile: Result<Named, AppConfigError>,
}

impl Found {
    /// What is missing, in a person's words.
    pub(crate) fn missing(&self) -> Vec<String> {
        let Destination { application, environment, profile } = &self.destination;
        let parts = [
            ("application", application, &self.application),
            ("environment", environment, &self.environment),
            ("configuration profile", profile, &self.profile),
        ];
        let absent = parts.into_iter().filter(|(_, _, found)| found.is_err());
        absent.map(|(kind, name, _)| format!("{kind} `{name}`")).collect()
    }

    /// What it is missing in, in a person's words.
    pub(crate) fn whereabouts(&self, region: &str) -> String {
        match &self.application {
            Ok(_) => format!("application `{}` of {region}", self.destination.application),
            Err(_) => region.to_owned(),
        }
    }

    /// The ids, where all is there.
    ///
    /// # Errors
    ///
    /// The first that is not there.
    pub(crate) fn target(self) -> Result<Target, AppConfigError> {
        let there = |Named { id, name }| Part { id, name, new: false };
        Ok(Target {
            application: self.application?.id,
            environment: self.environment.map(there)?,
            profile: self.profile.map(there)?,
            destination: self.destination,
        })
    }
}

/// Something that has an id and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    id: String,
    name: String,
}

impl Named {
    fn new(id: Option<&str>, name: Option<&str>) -> Self {
        Self { id: id.unwrap_or_default().to_owned(), name: name.unwrap_or_default().to_owned() }
    }
}

impl Service<'_> {
    /// Finds the ids, by List calls: names are what people know.
    ///
    /// # Errors
    ///
    /// One of the three is not there, or the profile cannot be published to.
    pub(crate) async fn find(&self, destination: &Destination) -> Result<Target, AppConfigError> {
        self.look(destination).await?.target().map_err(AppConfigError::of_a_search)
    }

    /// Looks which of the three are there.
    ///
    /// # Errors
    ///
    /// A call is refused, a name is not the only one, or the profile cannot be published to.
    pub(crate) async fn look(&self, destination: &Destination) -> Result<Found, AppConfigError> {
        self.check_credentials().await?;
        let application = absent_or(self.application(&destination.application).await)?;
        let nowhere = |kind, wanted: &str| {
            let place = format!("application `{}`", destination.application);
            Err(AppConfigError::NotFound {
                kind,
                wanted: wanted.to_owned(),
                place,
                there: Vec::new(),
                may_be_made: true,
            })
        };
        let (environment, profile) = match &application {
            Ok(Named { id, .. }) => {
                (absent_or(self.environment(id, destination).await)?, absent_or(self.profile(id, destination).await)?)
            }
            Err(_) => (
                nowhere("environment", &destination.environment),
                nowhere("configuration profile", &destination.profile),
            ),
        };
        Ok(Found { destination: destination.clone(), application, environment, profile })
    }

    async fn application(&self, wanted: &str) -> Result<Named, AppConfigError> {
        let place = format!("region `{}`", self.region());
        let call = Call::new("ListApplications", place.clone());
        let pages = self.client.list_applications().into_paginator();
        let listed = self.ask(call, pages.items().send().collect::<Result<Vec<_>, _>>()).await?;
        choose("application", wanted, place, listed.iter().map(|it| Named::new(it.id(), it.name())))
    }

    async fn environment(&self, application: &str, to: &Destination) -> Result<Named, AppConfigError> {
        let place = format!("application `{}`", to.application);
        let call = Call::new("ListEnvironments", place.clone());
        let pages = self.client.list_environments().application_id(application).into_paginator();
        let listed = self.ask(call, pages.items().send().collect::<Result<Vec<_>, _>>()).await?;
        choose("environment", &to.environment, place, listed.iter().map(|it| Named::new(it.id(), it.name())))
    }

    async fn profile(&self, application: &str, to: &Destination) -> Result<Named, AppConfigError> {
        let place = format!("application `{}`", to.application);
        let call = Call::new("ListConfigurationProfiles", place.clone());
        let pages = self.client.list_configuration_profiles().application_id(application).into_paginator();
        let listed = self.ask(call, pages.items().send().collect::<Result<Vec<_>, _>>()).await?;
        let named = listed.iter().map(|it| Named::new(it.id(), it.name()));
        let found = choose("configuration profile", &to.profile, place, named)?;
        check_profile(&to.profile, listed.iter().find(|it| it.id() == Some(&found.id)))?;
        Ok(found)
    }

    /// Makes what is not there, and says so; a profile with our JSON Schema for a validator, where that is wanted.
    ///
    /// # Errors
    ///
    /// A call is refused.
    pub(crate) async fn make(&self, found: Found, validated: bool) -> Result<Target, AppConfigError> {
        let Found { destination, application, environment, profile } = found;
        let application = match application {
            Ok(found) => found.id,
            Err(_) => self.make_application(&destination.application).await?,
        };
        let there = |Named { id, name }| Part { id, name, new: false };
        let made = |id, name: &String| Part { id, name: name.clone(), new: true };
        let environment = match environment {
            Ok(found) => there(found),
            Err(_) => made(self.make_environment(&application, &destination).await?, &destination.environment),
        };
        let profile = match profile {
            Ok(found) => there(found),
            Err(_) => made(self.make_profile(&application, &destination, validated).await?, &destination.profile),
        };
        Ok(Target { destination, application, environment, profile })
    }

    async fn make_application(&self, name: &str) -> Result<String, AppConfigError> {
        let call = Call::new("CreateApplication", format!("application `{name}`"));
        if !self.makes(&call, "of this name") {
            return Ok(String::new());
        }
        let request = self.client.create_application().name(name);
        id(call.clone(), self.ask(call, request.send()).await?.id)
    }

    async fn make_environment(&self, application: &str, to: &Destination) -> Result<String, AppConfigError> {
        let call = Call::new("CreateEnvironment", format!("environment `{}`", to.environment));
        if !self.makes(&call, format_args!("in application `{}`", to.application)) {
            return Ok(String::new());
        }
        let request = self.client.create_environment().application_id(application).name(&to.environment);
        id(call.clone(), self.ask(call, request.send()).await?.id)
    }

    async fn make_profile(
        &self,
        application: &str,
        to: &Destination,
        validated: bool,
    ) -> Result<String, AppConfigError> {
        let call = Call::new("CreateConfigurationProfile", format!("configuration profile `{}`", to.profile));
        let validators = validated.then(validator::ours).transpose()?;
        let by = if validated { ", validated by our JSON Schema" } else { "" };
        if !self.makes(&call, format_args!("in application `{}`, hosted, {FREEFORM}{by}", to.application)) {
            return Ok(String::new());
        }
        let request = self.client.create_configuration_profile().application_id(application).name(&to.profile);
        let request = request.location_uri("hosted").r#type(FREEFORM);
        let request = request.set_validators(validators.map(|ours| vec![ours]));
        id(call.clone(), self.ask(call, request.send()).await?.id)
    }
}

/// The id of what a call made.
pub(super) fn id(call: Call, id: Option<String>) -> Result<String, AppConfigError> {
    id.ok_or_else(|| AppConfigError::Failed { call, cause: "the answer has no id".to_owned() })
}

fn check_profile(name: &str, profile: Option<&ConfigurationProfileSummary>) -> Result<(), AppConfigError> {
    let wrong = |what| Err(AppConfigError::WrongProfile { profile: name.to_owned(), what });
    match profile.map(|it| (it.location_uri(), it.r#type())) {
        Some((Some(uri), _)) if uri != "hosted" => wrong(format!("kept at {uri}")),
        Some((_, Some(kind))) if kind != FREEFORM => wrong(format!("of the type {kind}")),
        _ => Ok(()),
    }
}

/// What is absent may be made; whatever else is wrong may not be passed over.
fn absent_or(chosen: Result<Named, AppConfigError>) -> Result<Result<Named, AppConfigError>, AppConfigError> {
    match chosen {
        Err(error) if !matches!(error, AppConfigError::NotFound { .. }) => Err(error),
        found => Ok(found),
    }
}

/// The one that has this id, or else this name.
fn choose(
    kind: &'static str,
    wanted: &str,
    place: String,
    listed: impl Iterator<Item = Named>,
) -> Result<Named, AppConfigError> {
    let listed: Vec<_> = listed.collect();
    if let Some(found) = listed.iter().find(|it| it.id == wanted) {
        return Ok(found.clone());
    }
    let named: Vec<_> = listed.iter().filter(|it| it.name == wanted).collect();
    let wanted = wanted.to_owned();
    match &named[..] {
        [found] => Ok((*found).clone()),
        [] => {
            let mut there: Vec<_> = listed.into_iter().map(|it| it.name).collect();
            there.sort();
            Err(AppConfigError::NotFound { kind, wanted, place, there, may_be_made: true })
        }
        several => {
            let ids = several.iter().map(|it| it.id.clone()).collect();
            Err(AppConfigError::Ambiguous { wanted, place, ids })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(wanted: &str) -> Result<String, String> {
        let listed =
            [("a1", "shop"), ("b2", "mail"), ("c3", "mail")].map(|(id, name)| Named::new(Some(id), Some(name)));
        let found = choose("application", wanted, "region `r`".to_owned(), listed.into_iter());
        found.map(|found| found.id).map_err(|error| error.to_string())
    }

    #[test]
    fn an_id_or_a_name_that_is_the_only_one_will_do() {
        assert_eq!(chosen("shop"), Ok("a1".to_owned()));
        assert_eq!(chosen("c3"), Ok("c3".to_owned()));
        assert_eq!(chosen("mail"), Err("there are 2 of the name `mail` in region `r`: b2, c3".to_owned()));
        assert_eq!(chosen("blog"), Err("there is no application `blog` in region `r`".to_owned()));
    }
}
