//! JSON bodies: read strictly, and refused with every field that is wrong.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use domain::Problem;
use domain::problem::Kind;
use serde::de::{DeserializeOwned, IgnoredAny};
use utoipa::ToSchema;

use crate::problem::ProblemResponse;
use crate::receive::receive_body;
use crate::shape::mistakes;

/// A JSON body of type `T`. `T` refuses unknown fields itself (`deny_unknown_fields`).
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + ToSchema, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ProblemResponse> {
        let bytes = read_json(request).await?;
        Ok(parse(&bytes).map(Self)?)
    }
}

/// The raw bytes of a JSON body within the route's limit.
pub async fn read_json(request: Request) -> Result<Bytes, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    check_content_type(content_type.unwrap_or_default())?;
    Ok(receive_body(request).await?.into_known())
}

/// Whether a request says that its body is CSV.
pub fn is_csv(request: &Request) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    has_type(content_type.unwrap_or_default(), "text/csv")
}

/// The text of a CSV body within the route's limit, without the mark that some programs put before UTF-8.
pub async fn read_csv(request: Request) -> Result<String, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    check_charset(content_type.unwrap_or_default())?;
    let bytes = receive_body(request).await?.into_known();
    let text = std::str::from_utf8(&bytes).map_err(|_bytes| {
        Problem::new(Kind::Malformed).with_detail("the body is not UTF-8; save the file as CSV UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

fn has_type(content_type: &str, wanted: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// JSON, which is UTF-8 wherever it travels (RFC 8259, 8.1).
fn check_content_type(content_type: &str) -> Result<(), Problem> {
    if !has_type(content_type, "application/json") {
        return Err(Problem::new(Kind::UnsupportedMediaType));
    }
    check_charset(content_type)
}

fn check_charset(content_type: &str) -> Result<(), Problem> {
    let parts = content_type.split(';').skip(1);
    let mut pairs = parts.filter_map(|part| part.split_once('='));
    let charset = pairs.find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    if charset.is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
        let why = "send the body as UTF-8, the only charset that is read";
        return Err(Problem::new(Kind::UnsupportedMediaType).with_detail(why));
    }
    Ok(())
}

/// A value from JSON, or every field that has the wrong shape.
pub fn parse<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    if holds_nul(bytes) {
        return Err(Problem::field("body", "must not contain the character U+0000"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        // The parser stops at a wrong type, whatever follows it, and calls some wrong types a mistake of syntax, such as a
        // number where a word of ours is expected.
        if let Err(not_json) = check_json(bytes) {
            return not_json;
        }
        let mistakes = serde_json::from_slice(bytes).map_or(Vec::new(), |value| mistakes::<T>(&value));
        if !mistakes.is_empty() {
            return Problem::invalid(mistakes);
        }
        // A mistake in a value that the description does not know, or a member that is there twice.
        let words = words(&error.into_inner());
        Problem::field(named(&path, &words), words)
    })?;
    json.end().map_err(|cause| Problem::new(Kind::Malformed).with_detail(cause))?;
    // A list of the members in order is read as the object, too, and an empty one where every member may be left out.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::field("body", "must be an object, not a list"));
    }
    Ok(parsed)
}

/// Whether it is JSON, of whatever type.
fn check_json(bytes: &[u8]) -> Result<(), Problem> {
    let malformed = Problem::new(Kind::Malformed);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(malformed.with_detail("the body is not UTF-8"));
    };
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(()),
        Err(cause) => Err(malformed.with_detail(cause)),
    }
}

/// What is wrong, without the position: the field is named beside it.
fn words(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(words, _)| words.to_owned())
}

/// The field that the words are about. Of one that is missing, unknown or there twice the path only says in what it
/// stands (or, of the last two, that it was being read); the parser's words have its name.
fn named(path: &str, words: &str) -> String {
    let within = if path == "." { "" } else { path };
    let kinds = ["missing field `", "unknown field `", "duplicate field `"];
    let name = kinds.into_iter().find_map(|kind| words.strip_prefix(kind)?.split('`').next());
    match name {
        None if within.is_empty() => "body".to_owned(),
        None => within.to_owned(),
        Some(name) if within.is_empty() || within == name => name.to_owned(),
        Some(name) if within.ends_with(&format!(".{name}")) => within.to_owned(),
        Some(name) => format!("{within}.{name}"),
    }
}

/// Whether a string holds U+0000: valid JSON, but no text that Postgres can hold. In JSON it can only be written as an
/// escape whose backslash is not itself escaped.
fn holds_nul(bytes: &[u8]) -> bool {
    let mut is_escaped = false;
    bytes.iter().enumerate().any(|(at, byte)| {
        let starts_escape = *byte == b'\\' && !is_escaped;
        is_escaped = starts_escape;
        starts_escape && bytes.get(at + 1..at + 6) == Some(b"u0000")
    })
}

#[cfg(test)]
mod tests {
    use domain::Money;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, ToSchema)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Credit {
        #[schema(value_type = String, format = "decimal")]
        amount: Money,
        #[serde(default)]
        description: Option<String>,
        #[serde(default)]
        word: Option<Word>,
    }

    #[derive(Debug, Deserialize, PartialEq, ToSchema)]
    enum Word {
        Only,
    }

    fn fields(body: &str) -> Vec<(String, String)> {
        let problem = parse::<Credit>(body.as_bytes()).unwrap_err();
        problem.fields.into_iter().map(|error| (error.field, error.why)).collect()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        assert_eq!(parse::<Credit>(br#"{"amount": 100.00}"#).unwrap().amount.to_string(), "100.00");
        assert_eq!(parse::<Credit>(br#"{"amount": "0.000001"}"#).unwrap().amount.micros(), 1);
        for (body, field) in [
            (r#"{"amount": 0.0000001}"#, "amount"),
            (r#"{"amount": 1e308}"#, "amount"),
            (r#"{"amount": true}"#, "amount"),
            (r#"{"amount": 1, "word": 1}"#, "word"),
            (r#"{"amount": 1, "word": 1e400}"#, "word"),
            (r#"{"amount": 1, "description": 5}"#, "description"),
        ] {
            assert_eq!(fields(body).first().map(|(field, _)| field.as_str()), Some(field), "{body}");
        }
        for (body, words) in [
            (r#"{"amount": 1, "amount": 2}"#, "duplicate field `amount`"),
            (r#"{"amount": 1, "x": 2}"#, "is not a field here; the fields are amount, description, word"),
            (r"{}", "is required"),
        ] {
            assert_eq!(fields(body).first().map(|(_, message)| message.as_str()), Some(words), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_malformed_and_nul_is_no_text() {
        for body in ["", "{", "{\"amount\": 1} x", "{\"amount\": NaN}", &"[".repeat(200)] {
            assert_eq!(
                parse::<serde_json::Value>(body.as_bytes()).unwrap_err().kind,
                Kind::Malformed,
                "{body}"
            );
        }
        for body in [
            &b"9\x03c\x1b"[..],
            b"{\"amount\": true",
            b"{\"x\": 1} 2",
            b"{\"amount\": 1, \"word\": \"\xff\"}",
        ] {
            assert_eq!(
                parse::<Credit>(body).unwrap_err().kind,
                Kind::Malformed,
                "{body:?}: a wrong type before it"
            );
        }
        assert_eq!(parse::<serde_json::Value>(br#"{"a": "x\u0000"}"#).unwrap_err().kind, Kind::Invalid);
        assert!(parse::<serde_json::Value>(br#"{"a": "x\\u0000"}"#).is_ok());
    }

    #[test]
    fn json_in_another_charset_than_utf_8_is_refused() {
        let (json, text) = ("application/json", "text/plain");
        for good in ["", ";", "; charset=utf-8", ";charset=\"UTF-8\"", "; boundary=x; Charset=Utf-8"] {
            assert_eq!(check_content_type(&format!("{json}{good}")), Ok(()), "{good}");
        }
        for charset in ["utf-16", "iso-8859-1", "", "utf8x", "us-ascii"] {
            let refused = check_content_type(&format!("{json}; charset={charset}")).unwrap_err();
            assert_eq!(refused.kind, Kind::UnsupportedMediaType, "{charset}");
        }
        assert!(check_content_type(text).is_err());
    }
}
