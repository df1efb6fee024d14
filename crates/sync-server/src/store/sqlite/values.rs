//! How the vocabulary's values stand in columns.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use doorstep_core::seal::{Hash, Signature};
use rusqlite::types::Type;
use rusqlite::{Row, RowIndex};

/// An identifier or word.
pub fn parsed<T>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|source| unreadable(Type::Text, source))
}

/// An identifier or word that may be missing.
pub fn parsed_option<T>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<T>>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|source| unreadable(Type::Text, source))).transpose()
}

/// A JSON document.
pub fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: impl RowIndex,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|source| unreadable(Type::Text, source))
}

/// The text of a JSON document.
pub fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("the vocabulary has only string keys")
}

/// A hash.
pub fn hash(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Hash> {
    Ok(Hash(row.get(column)?))
}

/// A signature.
pub fn signature(bytes: [u8; 64]) -> Signature {
    Signature(bytes)
}

/// An instant.
pub fn instant(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<DateTime<Utc>> {
    from_ms(row.get(column)?)
}

/// An instant that may be missing.
pub fn instant_option(
    row: &Row<'_>,
    column: impl RowIndex,
) -> rusqlite::Result<Option<DateTime<Utc>>> {
    row.get::<_, Option<i64>>(column)?.map(from_ms).transpose()
}

/// Milliseconds of an instant.
pub fn ms(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_millis()
}

/// Milliseconds of an instant that may be missing.
pub fn ms_option(instant: Option<DateTime<Utc>>) -> Option<i64> {
    instant.map(ms)
}

/// The text of something that may be missing.
pub fn text_option(value: Option<&impl Display>) -> Option<String> {
    value.map(ToString::to_string)
}

/// A count or number. SQLite has signed numbers only; none of ours comes near the difference.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count or number.
pub fn number(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|source| unreadable(Type::Integer, source))
}

fn from_ms(ms: i64) -> rusqlite::Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, ms))
}

fn unreadable(
    kind: Type,
    source: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, kind, Box::new(source))
}
