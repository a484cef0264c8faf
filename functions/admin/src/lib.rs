//! The platform owner's side: plans, tenants, credit. And what a tenant sees of its money.

mod billing;
mod plans;
mod tenants;

use http_kit::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(plans::list, plans::create))
        .routes(routes!(tenants::create))
        .routes(routes!(billing::add_credits))
        .routes(routes!(billing::balance))
        .routes(routes!(billing::ledger))
}
