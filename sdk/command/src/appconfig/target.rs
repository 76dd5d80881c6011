//! From names to ids: the application, environment, profile and strategy of a deployment.

use aws_sdk_appconfig::types::{DeploymentStrategy, GrowthType, ReplicateTo};

use super::connection::Service;
use super::destination::Destination;
use super::error::{AppConfigError, Call, explain};

/// The deployment strategy that this command uses, and makes where it is absent.
const STRATEGY: &str = "misrule-immediate";
/// The type of a profile whose content AppConfig does not look into.
const FREEFORM: &str = "AWS.Freeform";

/// The ids behind a [`Destination`].
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As the user wrote it.
    pub(super) destination: Destination,
    pub(super) application: String,
    pub(super) environment: String,
    pub(super) profile: String,
}

/// Something that has an id and a name.
struct Named {
    id: String,
    name: String,
}

impl Named {
    fn new(id: Option<&str>, name: Option<&str>) -> Self {
        Self { id: id.unwrap_or_default().to_owned(), name: name.unwrap_or_default().to_owned() }
    }
}

impl Service {
    /// Finds the ids, by List calls: names are what people know.
    ///
    /// # Errors
    ///
    /// One of the three is not there, or the profile cannot be published to.
    pub(crate) async fn find(&self, destination: &Destination) -> Result<Target, AppConfigError> {
        self.check_credentials().await?;
        let application = self.application(&destination.application).await?;
        let environment = self.environment(&application, destination).await?;
        let profile = self.profile(&application, destination).await?;
        Ok(Target { destination: destination.clone(), application, environment, profile })
    }

    async fn application(&self, wanted: &str) -> Result<String, AppConfigError> {
        let place = format!("region `{}`", self.region());
        let call = Call::new("ListApplications", place.clone());
        let listed =
            self.client.list_applications().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| explain(&self.endpoint, call, &error))?;
        let make = format!("aws appconfig create-application --name {wanted}");
        choose("application", wanted, place, make, listed.iter().map(|it| Named::new(it.id(), it.name())))
    }

    async fn environment(&self, application: &str, to: &Destination) -> Result<String, AppConfigError> {
        let place = format!("application `{}`", to.application);
        let call = Call::new("ListEnvironments", place.clone());
        let pages = self.client.list_environments().application_id(application).into_paginator();
        let listed = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| explain(&self.endpoint, call, &error))?;
        let wanted = &to.environment;
        let make = format!("aws appconfig create-environment --application-id {application} --name {wanted}");
        choose("environment", wanted, place, make, listed.iter().map(|it| Named::new(it.id(), it.name())))
    }

    async fn profile(&self, application: &str, to: &Destination) -> Result<String, AppConfigError> {
        let place = format!("application `{}`", to.application);
        let call = Call::new("ListConfigurationProfiles", place.clone());
        let pages = self.client.list_configuration_profiles().application_id(application).into_paginator();
        let listed = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| explain(&self.endpoint, call, &error))?;
        let named = listed.iter().map(|it| Named::new(it.id(), it.name()));
        let make = format!(
            "aws appconfig create-configuration-profile --application-id {application} --location-uri hosted --name {}",
            to.profile
        );
        let id = choose("configuration profile", &to.profile, place, make, named)?;
        let wrong = |what| Err(AppConfigError::WrongProfile { profile: to.profile.clone(), what });
        match listed.iter().find(|it| it.id() == Some(&id)).map(|it| (it.location_uri(), it.r#type())) {
            Some((Some(uri), _)) if uri != "hosted" => wrong(format!("kept at {uri}")),
            Some((_, Some(kind))) if kind != FREEFORM => wrong(format!("of the type {kind}")),
            _ => Ok(id),
        }
    }

    /// The strategy that reaches everyone at once and does not wait, made where it is absent.
    pub(super) async fn strategy(&self) -> Result<String, AppConfigError> {
        let call = Call::new("ListDeploymentStrategies", format!("region `{}`", self.region()));
        let pages = self.client.list_deployment_strategies().into_paginator();
        let listed = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| explain(&self.endpoint, call, &error))?;
        let ours = listed.iter().find(|it| it.name() == Some(STRATEGY));
        match ours.and_then(DeploymentStrategy::id) {
            Some(id) => Ok(id.to_owned()),
            None => self.make_strategy().await,
        }
    }

    async fn make_strategy(&self) -> Result<String, AppConfigError> {
        let call = Call::new("CreateDeploymentStrategy", format!("deployment strategy `{STRATEGY}`"));
        let request = self.client.create_deployment_strategy().name(STRATEGY);
        let request = request.description("Everyone at once, no waiting: experiments bound themselves");
        let request = request.deployment_duration_in_minutes(0).final_bake_time_in_minutes(0).growth_factor(100.0);
        let request = request.growth_type(GrowthType::Linear).replicate_to(ReplicateTo::None);
        let made = request.send().await.map_err(|error| explain(&self.endpoint, call.clone(), &error))?;
        made.id.ok_or_else(|| AppConfigError::Failed { call, cause: "the answer has no id".to_owned() })
    }
}

/// The one that has this id, or else this name.
fn choose(
    kind: &'static str,
    wanted: &str,
    place: String,
    make: String,
    listed: impl Iterator<Item = Named>,
) -> Result<String, AppConfigError> {
    let listed: Vec<_> = listed.collect();
    if listed.iter().any(|it| it.id == wanted) {
        return Ok(wanted.to_owned());
    }
    let ids: Vec<_> = listed.iter().filter(|it| it.name == wanted).map(|it| it.id.clone()).collect();
    let wanted = wanted.to_owned();
    match &ids[..] {
        [id] => Ok(id.clone()),
        [] => {
            let mut there: Vec<_> = listed.into_iter().map(|it| it.name).collect();
            there.sort();
            Err(AppConfigError::NotFound { kind, wanted, place, there, make })
        }
        _ => Err(AppConfigError::Ambiguous { wanted, place, ids }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(wanted: &str) -> Result<String, String> {
        let listed =
            [("a1", "shop"), ("b2", "mail"), ("c3", "mail")].map(|(id, name)| Named::new(Some(id), Some(name)));
        let found = choose("application", wanted, "region `r`".to_owned(), "make it".to_owned(), listed.into_iter());
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn an_id_or_a_name_that_is_the_only_one_will_do() {
        assert_eq!(chosen("shop"), Ok("a1".to_owned()));
        assert_eq!(chosen("c3"), Ok("c3".to_owned()));
        assert_eq!(chosen("mail"), Err("there are 2 of the name `mail` in region `r`: b2, c3".to_owned()));
        assert_eq!(chosen("blog"), Err("there is no application `blog` in region `r`".to_owned()));
    }
}
