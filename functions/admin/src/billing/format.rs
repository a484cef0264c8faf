//! JSON or CSV, by a query or by what the caller prefers.

use axum::http::HeaderMap;
use domain::problem::FieldError;
use http_kit::csv;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

/// The format of an answer; a word that is none is added to `wrong`.
pub(crate) fn format_of(asked: Option<&str>, headers: &HeaderMap, wrong: &mut Vec<FieldError>) -> Format {
    match asked {
        None if csv::is_preferred(headers) => Format::Csv,
        None | Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        Some(_) => {
            wrong.push(FieldError::new("format", "must be json or csv"));
            Format::Json
        }
    }
}
