//! The two regions of the API.

use std::fmt;

/// A region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    /// us-east-1, where the outage is.
    Us,
    /// eu-west-1.
    Eu,
}

impl Region {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Us, Self::Eu];

    /// The name that AWS has for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Us => "us-east-1",
            Self::Eu => "eu-west-1",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Something for each region.
#[derive(Clone, Debug)]
pub(crate) struct PerRegion<T> {
    pub(crate) us: T,
    pub(crate) eu: T,
}

impl<T> PerRegion<T> {
    /// What is there for this region.
    pub(crate) const fn of(&self, region: Region) -> &T {
        match region {
            Region::Us => &self.us,
            Region::Eu => &self.eu,
        }
    }
}
