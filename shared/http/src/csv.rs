//! Lists as CSV (RFC 4180), for a caller that prefers `text/csv`.

use std::borrow::Cow;

use axum::http::header::{ACCEPT, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::Problem;
use domain::problem::Kind;

use crate::problem::ProblemResponse;

/// What a CSV answer is.
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8";

/// Whether the caller prefers CSV to JSON (RFC 9110, section 12.5.1).
pub fn is_preferred(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<&str> = ranges.flat_map(|ranges| ranges.split(',')).collect();
    let quality = |wanted: &str| {
        let offered = ranges.iter().filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_wanted = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
            let quality =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
            quality.filter(|_| is_wanted)
        });
        offered.fold(0.0_f32, f32::max)
    };
    quality("text/csv") > quality("application/json")
}

/// A text that no spreadsheet takes for a formula (OWASP: CSV Injection): an apostrophe in front makes it text.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let is_formula = |c: char| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
        )
    };
    if text.trim_start_matches([' ', '\u{a0}']).starts_with(is_formula) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Rows of texts under a header.
pub struct CsvPage {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
    next: Option<String>,
}

impl CsvPage {
    /// `next` is the path and query of the next page.
    pub fn new(
        header: &'static [&'static str],
        rows: impl IntoIterator<Item = Vec<String>>,
        next: Option<String>,
    ) -> Self {
        Self { header, rows: rows.into_iter().collect(), next }
    }

    fn write(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.header)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| harmless(cell).into_owned()))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

impl IntoResponse for CsvPage {
    fn into_response(self) -> Response {
        let Ok(body) = self.write() else {
            return ProblemResponse::from(Problem::new(Kind::Internal)).into_response();
        };
        let mut response = ([(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], body).into_response();
        let link = self.next.and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok());
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
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
        assert_eq!(text, "one,two\n'=1+1,\"a \"\"b\"\", c\nd\"\n'-5,ü\n");
    }

    #[test]
    fn csv_is_for_those_who_prefer_it() {
        let asked = |accept: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).unwrap())]);
            is_preferred(&headers)
        };
        assert!(asked("text/csv") && asked("application/json;q=0.1, Text/CSV;header=present"));
        assert!(!asked("*/*") && !asked("application/json, text/csv") && !is_preferred(&HeaderMap::new()));
    }
}
