//! Lists in pages, with Meta's cursors.
//!
//! A list is kept newest first; a cursor names an element, so that a page stays the same when newer elements come.

use std::collections::HashMap;

use axum::http::Uri;
use serde_json::{Value, json};

use super::GraphError;
use crate::digest;

/// Elements of one page when the caller does not say.
const PAGE_DEFAULT: usize = 25;
/// Elements of one page at most.
const PAGE_MAX: usize = 1_000;

/// One element of a list; serials fall from the first to the last.
pub(crate) struct Element {
    pub(crate) serial: u64,
    pub(crate) shown: Value,
}

/// The page that a request asks for: `data`, and `paging` unless it is empty.
pub(crate) fn page(
    base_url: &str,
    uri: &Uri,
    query: &HashMap<String, String>,
    all: Vec<Element>,
) -> Result<Value, GraphError> {
    let limit = limit(query)?;
    let (after, before) = (cursor(query, "after")?, cursor(query, "before")?);
    let oldest = all.last().map(|element| element.serial);
    let page: Vec<Element> = match (after, before) {
        (None, Some(before)) => {
            let mut newer: Vec<Element> = all.into_iter().filter(|one| one.serial > before).collect();
            newer.split_off(newer.len().saturating_sub(limit))
        }
        (after, _) => {
            let older = all.into_iter().filter(|one| after.is_none_or(|after| one.serial < after));
            older.take(limit).collect()
        }
    };
    let ends = page.first().zip(page.last()).map(|(first, last)| (first.serial, last.serial));
    let data: Vec<Value> = page.into_iter().map(|element| element.shown).collect();
    let Some((first, last)) = ends else { return Ok(json!({ "data": data })) };
    let cursors = json!({ "before": encode(first), "after": encode(last) });
    if oldest.is_some_and(|oldest| oldest < last) {
        let next = next_page(base_url, uri, &encode(last));
        return Ok(json!({ "data": data, "paging": { "cursors": cursors, "next": next } }));
    }
    Ok(json!({ "data": data, "paging": { "cursors": cursors } }))
}

fn limit(query: &HashMap<String, String>) -> Result<usize, GraphError> {
    match query.get("limit").map(|limit| limit.parse::<usize>()) {
        None => Ok(PAGE_DEFAULT),
        Some(Ok(limit)) if limit > 0 => Ok(limit.min(PAGE_MAX)),
        Some(_) => Err(GraphError::parameter("Param limit must be a positive number")),
    }
}

fn encode(serial: u64) -> String {
    digest::base64_url(format!("serial:{serial}").as_bytes())
}

fn cursor(query: &HashMap<String, String>, key: &str) -> Result<Option<u64>, GraphError> {
    let Some(cursor) = query.get(key).filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    let bytes = digest::from_base64_url(cursor);
    let serial = bytes.and_then(|bytes| String::from_utf8(bytes).ok()?.strip_prefix("serial:")?.parse().ok());
    serial.map(Some).ok_or_else(|| GraphError::of(400, 131_059))
}

/// The same request after another cursor; the token stays out, as a caller brings it in its header.
fn next_page(base_url: &str, uri: &Uri, after: &str) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept = pairs.filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !matches!(name, "" | "after" | "before" | "access_token" | "appsecret_proof")
    });
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    query.push(format!("after={after}"));
    format!("{base_url}{}?{}", uri.path(), query.join("&"))
}
