//! What is said of people: names, addresses, telephone numbers, and what somebody wrote about them.
//!
//! A [`Private`] value has no `Display`, and its `Debug` keeps it to itself: what is logged, or put
//! into the text of an error, cannot carry one by mistake. A page draws it, the store keeps it, and
//! whoever else needs the words asks for them by name.

use std::fmt;
use std::ops::Deref;

use maud::Render;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};

/// Something said of somebody. Read like what is in it; never written out by itself.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T = String>(T);

impl<T> Private<T> {
    /// Keeps a value to itself.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for where it has to be said: on a page, in a message to who may know it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

/// So that it can be searched, compared and handed on. `Display` does not come with it.
impl<T> Deref for Private<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl From<String> for Private {
    fn from(words: String) -> Self {
        Self(words)
    }
}

impl From<&str> for Private {
    fn from(words: &str) -> Self {
        Self(words.to_owned())
    }
}

impl From<Private> for String {
    fn from(words: Private) -> Self {
        words.0
    }
}

impl PartialEq<str> for Private {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Private {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl<T: Render> Render for Private<T> {
    fn render_to(&self, buffer: &mut String) {
        self.0.render_to(buffer);
    }
}

impl<T: ToSql> ToSql for Private<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl<T: FromSql> FromSql for Private<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        T::column_result(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_come_out_by_itself() {
        let name = Private::from("Amber Larch");
        assert_eq!(format!("{name:?} {:?}", Some(&name)), "(private) Some((private))");
        assert!(name.contains("Larch") && name == "Amber Larch");
        assert_eq!(maud::html! { (name) }.into_string(), "Amber Larch");
        assert_eq!(name.reveal(), "Amber Larch");
    }
}
