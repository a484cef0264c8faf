//! A list as CSV (RFC 4180), for a caller that accepts `text/csv`.

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::Problem;
use domain::problem::Kind;

use crate::problem::ProblemResponse;

/// The cursor of the next page, absent on the last one.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("next-cursor");
/// What a spreadsheet takes for the start of a formula (OWASP, CSV injection).
const FORMULA_SIGNS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether the caller asked for CSV.
pub fn is_accepted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("text/csv")))
}

/// Rows of texts under a header.
pub struct CsvPage {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
    next_cursor: Option<String>,
}

impl CsvPage {
    /// A text that a spreadsheet would read as a formula gets an apostrophe before it, which makes it a text.
    pub fn new(
        header: &'static [&'static str],
        rows: impl IntoIterator<Item = Vec<String>>,
        next_cursor: Option<String>,
    ) -> Self {
        let harmless = |cell: String| if cell.starts_with(FORMULA_SIGNS) { format!("'{cell}") } else { cell };
        let rows = rows.into_iter().map(|row| row.into_iter().map(harmless).collect());
        Self { header, rows: rows.collect(), next_cursor }
    }

    fn write(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(self.header)?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

impl IntoResponse for CsvPage {
    fn into_response(self) -> Response {
        let Ok(body) = self.write() else {
            return ProblemResponse::from(Problem::new(Kind::Internal)).into_response();
        };
        let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
        let mut response = ([(CONTENT_TYPE, kind)], body).into_response();
        if let Some(cursor) = self.next_cursor.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(NEXT_CURSOR, cursor);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_a_text_and_quotes_and_line_ends_stay_within_their_cell() {
        let rows =
            [vec!["=1+1".to_owned(), "a \"b\", c\nd".to_owned()], vec!["-5".to_owned(), "ü".to_owned()]];
        let page = CsvPage::new(&["one", "two"], rows, None);
        let text = String::from_utf8(page.write().unwrap()).unwrap();
        assert_eq!(text, "one,two\r\n'=1+1,\"a \"\"b\"\", c\nd\"\r\n'-5,ü\r\n");
    }

    #[test]
    fn csv_is_for_those_who_ask_for_it() {
        let asked = |accept: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).unwrap())]);
            is_accepted(&headers)
        };
        assert!(asked("text/csv") && asked("application/json;q=0.1, Text/CSV;header=present"));
        assert!(!asked("*/*") && !asked("application/json") && !is_accepted(&HeaderMap::new()));
    }
}
