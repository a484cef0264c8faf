//! The answers that follow from what a route takes, added to every route's description.
//!
//! A route with a permit can answer 401, 403 and 429, one with a body 413, 415 and 422, one with a query 422, one with an
//! idempotency key 409; every one answers 400 to a request that cannot be read, and may fail. A handler declares what only it can answer.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use domain::problem::Kind;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response};

use http_kit::key;
use http_kit::problem::{status as status_of, title};
use http_kit::rate;

const JSON: &str = "application/json";
/// How utoipa names a page, before the name of its rows.
const PAGE_OF: &str = "Page_";
const PROBLEM: &str = "application/problem+json";

/// Declares the common answers of every operation, and that every refusal is a problem.
pub fn complete(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        operations(item).for_each(complete_operation);
    }
}

/// Refers to the type of a list's rows by its name: utoipa repeats the rows of a generic page in place, and a client would
/// have one more type for each.
pub fn name_rows(openapi: &mut OpenApi) {
    let Some(components) = openapi.components.as_mut() else { return };
    let names: Vec<String> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let row = name.strip_prefix(PAGE_OF).filter(|row| names.iter().any(|known| known == row));
        let (Some(row), RefOr::T(Schema::Object(page))) = (row, schema) else { continue };
        if let Some(RefOr::T(Schema::Array(rows))) = page.properties.get_mut("data") {
            rows.items = ArrayItems::from(Ref::from_schema_name(row));
        }
    }
}

/// Writes `security: []` at every operation that needs no token: without it a reader cannot see whether it is public or
/// forgotten.
pub fn write_out_security(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        for operation in operations(item) {
            operation.security.get_or_insert_default();
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

fn complete_operation(operation: &mut Operation) {
    let is_keyed = takes_a_key(operation);
    let is_counted = operation.security.is_some();
    for kind in common(operation) {
        let answer = || RefOr::T(Response::new(""));
        operation.responses.responses.entry(status_of(kind).as_u16().to_string()).or_insert_with(answer);
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let Some(status) = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()) else {
            continue;
        };
        if response.description.is_empty() {
            response.description = description(status);
        }
        if is_keyed && status.is_success() {
            response.headers.insert(key::REPLAYED.to_owned(), RefOr::T(key::replayed_header()));
        }
        if is_counted && status.is_success() {
            response
                .headers
                .extend(rate::described().map(|(name, header)| (name.to_owned(), RefOr::T(header))));
        }
        if status.is_client_error() || status.is_server_error() {
            response.content.shift_remove(JSON);
            let body = Content::new(Some(Ref::from_schema_name("ProblemBody")));
            response.content.insert(PROBLEM.to_owned(), RefOr::T(body));
        }
    }
}

/// What an operation can answer because of what it takes.
fn common(operation: &Operation) -> BTreeSet<Kind> {
    let mut kinds = BTreeSet::from([Kind::Malformed, Kind::Internal, Kind::Unavailable]);
    if operation.security.is_some() {
        kinds.extend([Kind::Unauthenticated, Kind::Forbidden, Kind::TooMany]);
    }
    if operation.request_body.is_some() {
        kinds.extend([Kind::TooLarge, Kind::UnsupportedMediaType, Kind::Invalid]);
    }
    if takes(operation, |known| known.parameter_in == ParameterIn::Query) {
        kinds.insert(Kind::Invalid);
    }
    if takes_a_key(operation) {
        kinds.insert(Kind::StillRunning);
    }
    kinds
}

fn takes_a_key(operation: &Operation) -> bool {
    takes(operation, |known| known.parameter_in == ParameterIn::Header && known.name == key::NAME)
}

fn takes(operation: &Operation, is_it: impl Fn(&Parameter) -> bool) -> bool {
    let fits = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(known) => is_it(known),
        RefOr::Ref(_) => false,
    };
    operation.parameters.iter().flatten().any(fits)
}

/// The description of an answer whose handler gives none.
fn description(status: StatusCode) -> String {
    let kind = Kind::ALL.into_iter().find(|kind| status_of(*kind) == status);
    kind.map_or_else(|| status.canonical_reason().unwrap_or_default(), title).to_owned()
}
