//! The description at `/openapi.json`, and the page at `/docs` that shows it, without a request to another server.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::Problem;
use domain::problem::Kind;
use http_kit::ProblemResponse;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, serve};

const INDEX: &str = "index.html";
/// Its own scripts alone. Swagger UI sets styles on its elements and has images in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What Swagger UI's page lacks: without the first a phone lays the page out as for a desk, and without the second its
/// wide tables move the whole page sideways.
const HEAD: &str = "<head>
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
    <style>.swagger-ui .opblock-body { overflow-x: auto }</style>";
/// Of a tab among others.
const TITLE: &str = "<title>Tidings API</title>";

/// The routes of both.
pub fn router(openapi: OpenApi) -> Router {
    // The base layout has no bar with a field for any URL. Without "none" a page that is not on localhost sends the
    // description's address to a validator of Swagger's.
    let config = Arc::new(Config::new(["/openapi.json"]).use_base_layout().validator_url("none"));
    let (openapi, of_index) = (Arc::new(openapi), Arc::clone(&config));
    Router::new()
        .route("/openapi.json", get(async move || Json(Arc::clone(&openapi))))
        .route("/docs", get(async || Redirect::to("/docs/")))
        .route("/docs/", get(async move || file(INDEX, &of_index)))
        .route("/docs/{*file}", get(async move |Path(name): Path<String>| file(&name, &config)))
}

fn file(name: &str, config: &Arc<Config<'static>>) -> Result<Response, ProblemResponse> {
    let found = serve(name, Arc::clone(config)).map_err(|error| {
        tracing::error!(error = error.to_string(), name, "a file of the documentation could not be made");
        Problem::new(Kind::Internal)
    })?;
    let file = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(content_type) = HeaderValue::from_str(&file.content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    if name == INDEX {
        let page = String::from_utf8_lossy(&file.bytes).replacen("<head>", HEAD, 1);
        let page = page.replacen("<title>Swagger UI</title>", TITLE, 1);
        return Ok((headers, page).into_response());
    }
    if file.gzpipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok((headers, file.bytes.into_owned()).into_response())
}
