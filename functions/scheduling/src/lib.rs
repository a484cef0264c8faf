//! Messages: sent now, scheduled, cancelled, listed.

mod messages;

use api::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(messages::send::send, messages::list::list))
        .routes(routes!(messages::schedule::schedule))
        .routes(routes!(messages::get::get))
        .routes(routes!(messages::cancel::cancel))
}
