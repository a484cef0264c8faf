//! Messages: sent now, scheduled, withdrawn, looked at.

mod accept;
mod look;

use http_kit::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(accept::send, look::list))
        .routes(routes!(accept::schedule))
        .routes(routes!(look::find))
        .routes(routes!(accept::cancel))
}
