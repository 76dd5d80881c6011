//! Objects whose members nobody knows beforehand.

use super::{Reader, Settings, Shape};

/// An object with any members, such as `headers = { retry-after = "2" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<T>(Vec<(String, T)>);

impl<T> Table<T> {
    /// The member with this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values, in the order of the settings.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether it has no members.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Settings> Settings for Table<T> {
    const SHAPE: Shape = Shape::Table(&T::SHAPE);

    fn read(reader: &mut Reader) -> Option<Self> {
        let names = reader.members()?;
        let (count, mut table) = (names.len(), Vec::new());
        for name in names {
            table.extend(reader.member(&name, T::read).map(|value| (name, value)));
        }
        (table.len() == count).then_some(Self(table))
    }
}
