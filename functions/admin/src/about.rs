//! What the API says about itself: whether it can do its work, and its description, for programs and for people.

mod docs;
mod health;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use health::Health;

/// The paths of the description, which are not part of it.
pub const DOCS: [&str; 3] = ["/openapi.json", "/docs", "/docs/{file}"];

/// The routes about the API itself.
pub fn about() -> OpenApiRouter<Health> {
    let [description, docs, file] = DOCS;
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .route(description, get(docs::description))
        .route(docs, get(docs::start))
        .route(file, get(docs::file))
}
