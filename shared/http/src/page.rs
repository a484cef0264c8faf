//! Lists: newest first, a page at a time, with an opaque cursor to the next.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use domain::{ContactId, MessageId, TemplateId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::problem::{Kind, Problem};

/// What of a list is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows at most, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

/// Where a page starts, opaque to the caller: the last thing of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<T> {
    /// Only what is older.
    pub before: T,
    /// Rows at most.
    pub limit: i64,
}

impl<S: Send + Sync, T: Place> FromRequestParts<S> for Cursor<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<PageQuery>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::new(Kind::Malformed).with_detail(rejection.body_text()))?;
        let limit = query.limit.unwrap_or(PAGE_ROWS_DEFAULT);
        if !(1..=PAGE_ROWS_MAX).contains(&limit) {
            return Err(Problem::field("limit", format!("must be 1 to {PAGE_ROWS_MAX}")));
        }
        let before = match query.cursor {
            None => T::NEWEST,
            Some(text) => {
                decode(&text).ok_or_else(|| Problem::field("cursor", "is not one that this list gave"))?
            }
        };
        Ok(Self { before, limit: i64::from(limit) })
    }
}

/// A place in one list. The list's name stands in its cursors, so that none is taken for another list's.
pub trait Place: Copy + FromStr + Display {
    /// The list.
    const LIST: &'static str;
    /// Above everything: where a list starts when nothing was seen of it yet.
    const NEWEST: Self;
}

macro_rules! lists {
    ($($place:ty: $list:literal from $newest:expr;)+) => {$(
        impl Place for $place {
            const LIST: &'static str = $list;
            const NEWEST: Self = $newest;
        }
    )+};
}

lists! {
    ContactId: "contacts" from Self(Uuid::max());
    TemplateId: "templates" from Self(Uuid::max());
    MessageId: "messages" from Self(Uuid::max());
    i64: "ledger" from Self::MAX;
}

fn encode<T: Place>(place: T) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{place}", T::LIST))
}

fn decode<T: Place>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (list, place) = std::str::from_utf8(&bytes).ok()?.split_once('/')?;
    if list == T::LIST { place.parse().ok() } else { None }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// Newest first.
    pub data: Vec<T>,
    /// Pass it as `cursor` for the page after; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page from rows, where `key` is what the next page starts after. A page that is not full is the last.
    pub fn of<R, K: Place>(rows: &[R], limit: i64, key: impl Fn(&R) -> K, show: impl Fn(&R) -> T) -> Self {
        let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
        let last = rows.last().filter(|_| is_full).map(|row| encode(key(row)));
        Self { data: rows.iter().map(show).collect(), next_cursor: last }
    }
}

/// The id in a path. What is no id names nothing: 404, as for an id of somebody else.
#[derive(Clone, Copy, Debug)]
pub struct IdInPath<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for IdInPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = || Problem::new(Kind::NotFound);
        // What is no UTF-8 is no text, and so no id either.
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_no_text| nothing())?;
        text.parse().map(Self).map_err(|_no_id| nothing())
    }
}
