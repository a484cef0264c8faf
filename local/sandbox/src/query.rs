//! The query of a request.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::Uri;

/// The parameters of a query; of a name that occurs twice one value is used, and a malformed query is empty.
pub(crate) fn query(uri: &Uri) -> HashMap<String, String> {
    Query::try_from_uri(uri).map_or_else(|_malformed| HashMap::new(), |Query(map)| map)
}
