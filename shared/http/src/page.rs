//! Lists: newest first, a page at a time, with an opaque cursor to the next.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
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

impl<S: Send + Sync, T: FromStr + Newest> FromRequestParts<S> for Cursor<T> {
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

/// Where a list starts when nothing was seen of it yet.
pub trait Newest {
    /// Above everything.
    const NEWEST: Self;
}

impl Newest for Uuid {
    const NEWEST: Self = Self::max();
}

impl Newest for i64 {
    const NEWEST: Self = Self::MAX;
}

fn decode<T: FromStr>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
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
    pub fn of<R, K: ToString>(rows: &[R], limit: i64, key: impl Fn(&R) -> K, show: impl Fn(&R) -> T) -> Self {
        let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
        let last = rows.last().filter(|_| is_full).map(|row| URL_SAFE_NO_PAD.encode(key(row).to_string()));
        Self { data: rows.iter().map(show).collect(), next_cursor: last }
    }
}

/// An id in a path. What is no id names nothing: 404, as for an id of somebody else.
pub fn id_in_path<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_text| Problem::new(Kind::NotFound))
}
