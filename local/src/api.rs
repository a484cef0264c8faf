//! Every HTTP function under one router, with its description at `/openapi.json` and `/docs`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use domain::with_causes;
use ops::Platform;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::machine::Machine;

#[derive(OpenApi)]
#[openapi(
    info(title = "Tidings", description = "WhatsApp notifications that cannot lose money and never send twice."),
    modifiers(&Bearer)
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Whether the process runs and reaches its database.
#[utoipa::path(get, path = "/healthz", tag = "health", responses(
    (status = 200, description = "Healthy"),
    (status = 503, description = "The database cannot be reached"),
))]
async fn healthz(State(platform): State<Platform>) -> StatusCode {
    match platform.store.warm_up().await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            tracing::error!(error = with_causes(&error), "not healthy");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// All routes of all functions, and their description.
pub fn routes(machine: &Machine) -> (Router, utoipa::openapi::OpenApi) {
    let mut functions = OpenApiRouter::with_openapi(Description::openapi())
        .merge(auth::router())
        .merge(admin::router())
        .merge(contacts::router())
        .merge(templates::router())
        .merge(scheduling::router());
    // The webhook and the health check declare all of their responses.
    ::api::openapi::complete(functions.get_openapi_mut());
    let functions = functions.with_state(machine.app.clone());
    let webhook = webhook::router().with_state(machine.webhook.clone());
    let health = OpenApiRouter::new().routes(routes!(healthz)).with_state(machine.platform.clone());
    functions.merge(webhook).merge(health).split_for_parts()
}

/// The whole API with its layers and its documentation.
pub fn router(machine: &Machine) -> Router {
    let (routes, openapi) = routes(machine);
    http_kit::with_layers(routes.merge(SwaggerUi::new("/docs").url("/openapi.json", openapi)))
}
