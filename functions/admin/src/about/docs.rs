//! The description at `/openapi.json`, and the page at `/docs` that shows it, without a request to another server.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::Problem;
use domain::problem::Kind;
use http_kit::ProblemResponse;
use utoipa_swagger_ui::{Config, serve};

/// Of all functions: written by `cargo describe`, because a function does not compile the others, and compared with the
/// code by a test. It names no host, so that it is of the one that it is read from.
const DESCRIPTION: &str = include_str!("openapi.json");
/// The page, in place of Swagger UI's own. Its parts are Swagger UI's, compressed when they are built in.
const PAGE: &str = include_str!("index.html");
/// Its own scripts alone. Swagger UI sets styles on its elements and has images in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The base layout has no bar with a field for any URL. Without "none" a page that is not on localhost sends the description's
/// address to a validator of Swagger's.
static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::new(["/openapi.json"]).use_base_layout().validator_url("none")));

/// `GET /openapi.json`
pub(crate) async fn description() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DESCRIPTION)
}

/// `GET /docs`. The page names its parts relative to itself.
pub(crate) async fn start() -> Redirect {
    Redirect::to("/docs/index.html")
}

/// `GET /docs/{file}`
pub(crate) async fn file(Path(name): Path<String>) -> Result<Response, ProblemResponse> {
    let policy = (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if name == "index.html" {
        return Ok(([policy], Html(PAGE)).into_response());
    }
    let found = serve(&name, Arc::clone(&CONFIG)).map_err(|error| {
        tracing::error!(error = error.to_string(), name, "a file of the documentation could not be made");
        Problem::new(Kind::Internal)
    })?;
    let file = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let mut headers = HeaderMap::from_iter([policy]);
    if let Ok(content_type) = HeaderValue::from_str(&file.content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    if file.gzpipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok((headers, file.bytes.into_owned()).into_response())
}
