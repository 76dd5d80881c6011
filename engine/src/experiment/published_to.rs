//! Where an experiment was published to.

/// The accounts, regions and AppConfig environments that an experiment was published to, so that what was made for staging
/// does not arm production. The publisher says them; they are part of what a bundle's signature covers. An empty list says
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedTo {
    /// AWS accounts, twelve digits each.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// AppConfig environments, by name or by id.
    pub environments: Vec<String>,
}

/// Where an experiment arrived.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The account; none where it is not known yet.
    pub account: Option<&'a str>,
    /// The region.
    pub region: &'a str,
    /// The AppConfig environment that it came through, by name or by id; none where it came otherwise.
    pub environment: Option<&'a str>,
}

/// An experiment arrived where it was not published to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Elsewhere {
    /// In another account.
    #[error("it was published to the account {}, and this is {here}", named.join(", "))]
    Account {
        /// Those that it was published to.
        named: Vec<String>,
        /// Where it arrived.
        here: String,
    },
    /// In another region.
    #[error("it was published to the region {}, and this is {here}", named.join(", "))]
    Region {
        /// Those that it was published to.
        named: Vec<String>,
        /// Where it arrived.
        here: String,
    },
    /// Through another AppConfig environment.
    #[error("it was published to the AppConfig environment {}, and came through {here}", named.join(", "))]
    Environment {
        /// Those that it was published to.
        named: Vec<String>,
        /// Which it came through.
        here: String,
    },
}

impl PublishedTo {
    /// Whether it was published here, as far as both are said. Of an account that is not known yet nothing is said.
    ///
    /// # Errors
    /// [`Elsewhere`] names the first that does not match.
    pub fn check(&self, here: Here<'_>) -> Result<(), Elsewhere> {
        let other = |named: &[String], here: Option<&str>| {
            let here = here.filter(|here| !named.is_empty() && !named.iter().any(|name| name == here))?;
            Some((named.to_vec(), here.to_owned()))
        };
        if let Some((named, here)) = other(&self.accounts, here.account) {
            return Err(Elsewhere::Account { named, here });
        }
        if let Some((named, here)) = other(&self.regions, Some(here.region)) {
            return Err(Elsewhere::Region { named, here });
        }
        match other(&self.environments, here.environment) {
            Some((named, here)) => Err(Elsewhere::Environment { named, here }),
            None => Ok(()),
        }
    }

    /// Whether it must be known in which account it arrived, and is not.
    pub fn lacks_account(&self, account: Option<&str>) -> bool {
        !self.accounts.is_empty() && account.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Here<'_> = Here { account: Some("123456789012"), region: "us-east-1", environment: Some("prod") };

    fn published_to(accounts: &[&str], regions: &[&str], environments: &[&str]) -> PublishedTo {
        let [accounts, regions, environments] =
            [accounts, regions, environments].map(|names| names.iter().map(ToString::to_string).collect());
        PublishedTo { accounts, regions, environments }
    }

    #[test]
    fn where_it_was_published_it_may_arm() {
        for published in [
            PublishedTo::default(),
            published_to(&["210987654321", "123456789012"], &["eu-west-1", "us-east-1"], &["a1b2c3d", "prod"]),
        ] {
            assert_eq!(published.check(HERE), Ok(()));
        }
        let unknown = Here { account: None, environment: None, ..HERE };
        assert_eq!(published_to(&["210987654321"], &[], &["staging"]).check(unknown), Ok(()));
    }

    #[test]
    fn elsewhere_it_is_said_what_does_not_match() {
        let rows = [
            (
                published_to(&["210987654321"], &["eu-west-1"], &[]),
                "it was published to the account 210987654321, and this is 123456789012",
            ),
            (
                published_to(&["123456789012"], &["eu-west-1", "eu-north-1"], &[]),
                "it was published to the region eu-west-1, eu-north-1, and this is us-east-1",
            ),
            (
                published_to(&[], &[], &["staging", "a1b2c3d"]),
                "it was published to the AppConfig environment staging, a1b2c3d, and came through prod",
            ),
        ];
        for (published, expected) in rows {
            assert_eq!(published.check(HERE).unwrap_err().to_string(), expected);
        }
    }
}
