//! The contacts of a tenant.

mod contacts;

use api::App;
use domain::limits::IMPORT_BODY_BYTES_MAX;
use http_kit::limit_body;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(contacts::import::import).layer(limit_body(IMPORT_BODY_BYTES_MAX)))
        .routes(routes!(contacts::list::list))
}
