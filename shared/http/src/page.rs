//! Lists: a page at a time, with an opaque cursor to the next.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::limits::{PAGE_BYTES_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use domain::problem::{FieldError, Kind};
use domain::{PagePosition, Problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::event::bytes_in_event;
use crate::problem::ProblemResponse;

/// The part of a list that is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows at most; 50 when absent.
    #[param(schema_with = limit)]
    pub limit: Option<u32>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

fn limit() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PAGE_ROWS_MAX))
        .default(Some(PAGE_ROWS_DEFAULT.into()))
        .build()
}

/// Where a page starts, opaque to the caller: the position of the last row of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<T> {
    /// Only rows behind this position.
    pub before: T,
    /// Rows at most.
    pub limit: i64,
}

impl<S: Send + Sync, T: PagePosition> FromRequestParts<S> for Cursor<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let Queried(query) = Queried::<PageQuery>::from_request_parts(parts, state).await?;
        let mut wrong = Vec::new();
        let cursor = query.cursor(&mut wrong);
        if wrong.is_empty() { Ok(cursor) } else { Err(Problem::invalid(wrong).into()) }
    }
}

/// What stands behind the question mark, as a type that names every member.
#[derive(Clone, Copy, Debug)]
pub struct Queried<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Queried<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let Query(query) =
            query.map_err(|rejection| Problem::new(Kind::Malformed).with_detail(rejection.body_text()))?;
        Ok(Self(query))
    }
}

impl PageQuery {
    /// Where the page starts and how long it is; what is wrong is added to `wrong`.
    pub fn cursor<T: PagePosition>(&self, wrong: &mut Vec<FieldError>) -> Cursor<T> {
        let limit = self.limit.unwrap_or(PAGE_ROWS_DEFAULT);
        if !(1..=PAGE_ROWS_MAX).contains(&limit) {
            wrong.push(FieldError::new("limit", format!("must be 1 to {PAGE_ROWS_MAX}")));
        }
        let before = self.cursor.as_ref().map_or(Some(T::START), |text| decode(text));
        if before.is_none() {
            wrong.push(FieldError::new("cursor", "is not a cursor of this list"));
        }
        Cursor { before: before.unwrap_or(T::START), limit: i64::from(limit) }
    }
}

/// A position as callers pass it back.
pub fn encode<T: PagePosition>(position: T) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{position}", T::LIST))
}

fn decode<T: PagePosition>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (list, position) = std::str::from_utf8(&bytes).ok()?.split_once('/')?;
    if list == T::LIST { position.parse().ok() } else { None }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// Newest first.
    pub data: Vec<T>,
    /// Pass it as `cursor` to get the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T: Serialize> Page<T> {
    /// A page from rows and the position of each. One with fewer rows than were asked for is the last, unless its rows are
    /// so large that the others have to wait for the next page: what an answer may have is [`PAGE_BYTES_MAX`].
    pub fn of<'a, R, P: PagePosition>(rows: &'a [R], limit: i64, position: impl Fn(&R) -> P) -> Self
    where
        T: From<&'a R>,
    {
        let (mut data, mut bytes) = (Vec::with_capacity(rows.len()), 0);
        for row in rows.iter().map(T::from) {
            bytes += size(&row);
            if bytes > PAGE_BYTES_MAX && !data.is_empty() {
                break;
            }
            data.push(row);
        }
        let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit) || data.len() < rows.len();
        let last = rows.get(..data.len()).and_then(<[R]>::last).filter(|_| is_full);
        Self { data, next_cursor: last.map(|row| encode(position(row))) }
    }

    /// A page from rows of a bounded size and the position behind which the next one goes on, if there is one.
    pub fn until<'a, R, P: PagePosition>(rows: &'a [R], next: Option<P>) -> Self
    where
        T: From<&'a R>,
    {
        Self { data: rows.iter().map(T::from).collect(), next_cursor: next.map(encode) }
    }
}

/// Bytes of a row within an answer of a function, with the comma before the next. A row that cannot be written fails when
/// the answer is written.
fn size(row: &impl Serialize) -> usize {
    serde_json::to_vec(row).map_or(0, |json| bytes_in_event(&json) + 1)
}

#[cfg(test)]
mod tests {
    use domain::billing::LedgerSeq;
    use domain::{ContactId, MessageId};

    use super::*;

    /// Callers keep cursors: their text does not change.
    #[test]
    fn a_cursor_is_read_by_its_own_list_alone() {
        let cursor = encode(LedgerSeq(42));
        assert_eq!(cursor, URL_SAFE_NO_PAD.encode("ledger/42"));
        assert_eq!(decode(&cursor), Some(LedgerSeq(42)));
        let contacts = encode(ContactId::START);
        assert_eq!(decode::<ContactId>(&contacts), Some(ContactId::START));
        assert_eq!(decode::<MessageId>(&contacts), None);
    }

    #[derive(Serialize)]
    struct Text(String);

    impl From<&(i64, usize)> for Text {
        fn from((_, bytes): &(i64, usize)) -> Self {
            Self("\"".repeat(*bytes))
        }
    }

    #[test]
    fn a_page_ends_before_it_is_larger_than_an_answer_may_be() {
        let sizes = |rows: &[(i64, usize)], limit| {
            let page = Page::<Text>::of(rows, limit, |(at, _)| LedgerSeq(*at));
            let answer = serde_json::to_vec(&page).unwrap();
            let next = page.next_cursor.and_then(|text| decode::<LedgerSeq>(&text));
            (page.data.len(), next.map(|position| position.0), bytes_in_event(&answer))
        };
        // A quote takes two bytes in JSON, and four where JSON is text in JSON.
        let rows: Vec<(i64, usize)> = (1..=200).map(|at| (at, 10_000)).collect();
        let (count, next, bytes) = sizes(&rows, 200);
        assert_eq!((count, next), (124, Some(124)), "the rest is on the next page");
        assert!(bytes <= domain::limits::EVENT_BODY_BYTES_MAX, "{bytes}");
        assert_eq!(sizes(&rows[..100], 200).1, None, "all of them");
        assert_eq!(sizes(&rows[..100], 100).1, Some(100));
        let alone = [(1, PAGE_BYTES_MAX), (2, 1)];
        assert_eq!((sizes(&alone, 50).0, sizes(&alone, 50).1), (1, Some(1)), "no page is empty");
        assert_eq!(sizes(&[], 50).1, None);
    }
}
