//! Message templates, and the connection to the WhatsApp Business account that they belong to.

mod templates;
mod whatsapp;

use api::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(templates::create::create, templates::list::list))
        .routes(routes!(whatsapp::connect::connect))
}
