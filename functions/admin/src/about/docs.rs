//! The description at `/openapi.json`, and the page at `/docs` that shows it, without a request to another server.

use axum::extract::Path;
use axum::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::Problem;
use domain::problem::Kind;
use http_kit::ProblemResponse;

/// Of all functions: written by `cargo describe`, because a function does not compile the others, and compared with the
/// code by a test. It names no host, so that it is of the one that it is read from.
const DESCRIPTION: &str = include_str!("openapi.json");
const PAGE: &str = include_str!("index.html");
const START: &str = include_str!("swagger-initializer.js");
/// Its own scripts alone. Swagger UI sets styles on its elements and has images in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const STYLES: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/png";

/// A part of Swagger UI: its name, its type, and its bytes, which `build.rs` compressed.
macro_rules! part {
    ($name:literal, $kind:expr) => {
        ($name, $kind, include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")))
    };
}

/// What the page names beside its start.
const PARTS: [(&str, &str, &[u8]); 5] = [
    part!("swagger-ui-bundle.js", JAVASCRIPT),
    part!("swagger-ui.css", STYLES),
    part!("index.css", STYLES),
    part!("favicon-16x16.png", IMAGE),
    part!("favicon-32x32.png", IMAGE),
];

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
    let policy = (CONTENT_SECURITY_POLICY, POLICY);
    match name.as_str() {
        "index.html" => Ok(([policy], Html(PAGE)).into_response()),
        "swagger-initializer.js" => Ok(([policy, (CONTENT_TYPE, JAVASCRIPT)], START).into_response()),
        name => {
            let part = PARTS.iter().find(|(part, _, _)| *part == name);
            let (_, kind, bytes) = part.ok_or_else(|| Problem::new(Kind::NotFound))?;
            Ok(([policy, (CONTENT_TYPE, kind), (CONTENT_ENCODING, "gzip")], *bytes).into_response())
        }
    }
}
