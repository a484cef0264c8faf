//! Pages of lists, with cursors.
//!
//! Lists are ordered from the newest to the oldest element. A cursor names an element, so a page does not change when
//! newer elements are added.

use std::collections::HashMap;

use axum::http::Uri;
use serde_json::{Value, json};

use crate::digest;
use crate::graph_error::GraphError;

/// Elements of one page without `limit`.
const PAGE_DEFAULT: usize = 25;
/// Largest `limit`.
const PAGE_MAX: usize = 1_000;

/// One element of a list, whose serials decrease.
pub(super) struct Element {
    pub(super) serial: u64,
    pub(super) shown: Value,
}

/// The requested page: `data`, and `paging` unless the page is empty.
pub(super) fn page(
    base_url: &str,
    uri: &Uri,
    query: &HashMap<String, String>,
    elements: Vec<Element>,
) -> Result<Value, GraphError> {
    let limit = limit(query)?;
    let (after, before) = (cursor(query, "after")?, cursor(query, "before")?);
    let oldest = elements.last().map(|element| element.serial);
    let page: Vec<Element> = match (after, before) {
        (None, Some(before)) => {
            let mut newer: Vec<Element> =
                elements.into_iter().filter(|element| element.serial > before).collect();
            newer.split_off(newer.len().saturating_sub(limit))
        }
        (after, _) => {
            let older =
                elements.into_iter().filter(|element| after.is_none_or(|after| element.serial < after));
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
    serial.map(Some).ok_or_else(|| GraphError::new(400, 131_059))
}

/// The same request with another cursor, without token and proof.
fn next_page(base_url: &str, uri: &Uri, after: &str) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let other_pairs = pairs.filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !matches!(name, "" | "after" | "before" | "access_token" | "appsecret_proof")
    });
    let mut query: Vec<String> = other_pairs.map(str::to_owned).collect();
    query.push(format!("after={after}"));
    format!("{base_url}{}?{}", uri.path(), query.join("&"))
}
