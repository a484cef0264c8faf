//! Decoding of columns that hold a word of a closed set.

use std::fmt::Display;
use std::str::FromStr;

use tokio_postgres::Row;

use crate::kernel::error::StoreError;

/// Reads a column as the enum whose words its constraint lists.
pub(crate) fn word<T>(row: &Row, table: &'static str, column: &str) -> Result<T, StoreError>
where
    T: FromStr<Err: Display>,
{
    let word: &str = row.get(column);
    word.parse()
        .map_err(|error| StoreError::Inconsistent { table, what: format!("{column} {word:?} {error}") })
}
