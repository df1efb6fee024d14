//! The fields of a form or a query, as they were sent.

use std::str::FromStr;

/// The most fields that are looked at.
const FIELDS_MAX: usize = 2000;

/// Names and values, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form's body or a query.
    pub fn read(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes).take(FIELDS_MAX);
        // A browser sends a line break as two characters; everything else here has one.
        let value = |value: &str| value.replace("\r\n", "\n");
        Self(pairs.map(|(name, it)| (name.into_owned(), value(&it))).collect())
    }

    /// The value of a field, without the space around it; empty where it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// The value with the space around it; empty where the field is not there.
    pub fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The value, where it is not empty.
    pub fn filled(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// The value, where it can be read.
    pub fn read_as<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).parse().ok()
    }

    /// Every value of a field that can be read.
    pub fn all<T: FromStr>(&self, name: &str) -> impl Iterator<Item = T> {
        let values = self.0.iter().filter(move |(key, _)| key == name);
        values.filter_map(|(_, value)| value.parse().ok())
    }

    /// Sets a field to one value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(key, _)| key != name);
        self.push(name, value);
    }

    /// Adds a value to a field.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Whether the field was sent at all: a box that is ticked, a button that was pressed.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_browser_sends() {
        let fields = Fields::read("step=a&step=b&note=+two%0D%0Alines+&tick=".as_bytes());
        assert_eq!(fields.all::<String>("step").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.get("note"), "two\nlines");
        assert!(fields.has("tick") && !fields.has("tock"));
        assert_eq!(fields.filled("tick"), None);
    }
}
