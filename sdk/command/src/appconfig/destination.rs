//! Where an experiment goes: an application, environment and configuration profile of AppConfig.

use std::fmt;
use std::str::FromStr;

/// `APP/ENV/PROFILE`, each a name or an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The application.
    pub(crate) application: String,
    /// The environment.
    pub(crate) environment: String,
    /// The configuration profile.
    pub(crate) profile: String,
}

/// The text is no `APP/ENV/PROFILE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected APP/ENV/PROFILE, three names or ids of AWS AppConfig")]
pub(crate) struct NoDestination;

impl FromStr for Destination {
    type Err = NoDestination;

    fn from_str(text: &str) -> Result<Self, NoDestination> {
        let parts: Vec<_> = text.split('/').collect();
        match parts[..] {
            [application, environment, profile] if parts.iter().all(|part| !part.is_empty()) => Ok(Self {
                application: application.to_owned(),
                environment: environment.to_owned(),
                profile: profile.to_owned(),
            }),
            _ => Err(NoDestination),
        }
    }
}

impl Destination {
    /// The environment, in a person's words.
    pub(crate) fn environment_words(&self) -> String {
        format!("environment `{}` of `{}`", self.environment, self.application)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.application, self.environment, self.profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_make_a_destination() {
        assert_eq!("shop/prod/chaos".parse::<Destination>().unwrap().to_string(), "shop/prod/chaos");
        for wrong in ["", "shop", "shop/prod", "shop//chaos", "shop/prod/chaos/", "a/b/c/d"] {
            assert_eq!(wrong.parse::<Destination>(), Err(NoDestination), "{wrong}");
        }
    }
}
