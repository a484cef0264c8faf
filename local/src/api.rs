//! Every HTTP function under one router, with its description at `/openapi.json` and `/docs`.

use axum::Router;
use axum::response::Response;
use domain::Problem;
use domain::problem::Kind;
use utoipa::openapi::Server;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::docs;
use crate::health::{self, Health};
use crate::machine::Machine;
use crate::peer::with_peers;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tidings",
        description = "WhatsApp notifications for many businesses at once. A business registers, connects its WhatsApp \
            account, imports contacts, has templates approved by Meta, loads prepaid credit, and sends.\n\n\
            Amounts are decimal strings, exact to a millionth. Every error is `application/problem+json` (RFC 9457): \
            decide by its `type`, show its `detail`, and quote its `requestId` when you ask for support. A request with an \
            idempotency key may be repeated: it gets the same answer, marked `Idempotency-Replayed: true`, and happens \
            once.",
        contact(name = "The operator of this installation"),
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "auth", description = "Register a business, log in, set a password."),
        (name = "whatsapp", description = "Connect a WhatsApp Business account."),
        (name = "contacts", description = "The people to send to."),
        (name = "templates", description = "Texts that Meta approves before they can be sent."),
        (name = "billing", description = "Prepaid credit, and every change of it."),
        (name = "messages", description = "Send now or later, and see what became of it."),
        (name = "webhook", description = "What Meta calls."),
        (name = "audit", description = "Who did what, when, and from where."),
        (name = "admin", description = "The platform owner's: tenants and plans."),
        (name = "health", description = "For monitors.")
    ),
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
    let health = Health::of(machine.platform.store.clone());
    let health = OpenApiRouter::new().routes(routes!(health::healthz)).with_state(health);
    let (routes, mut openapi) = functions.merge(webhook).merge(health).split_for_parts();
    ::api::openapi::name_rows(&mut openapi);
    ::api::openapi::write_out_security(&mut openapi);
    openapi.servers = Some(vec![Server::new(&machine.public_url)]);
    (routes, openapi)
}

/// The whole API with its layers and its documentation.
pub fn router(machine: &Machine) -> Router {
    let (all, openapi) = routes(machine);
    let router = http_kit::with_layers(all.merge(docs::router(openapi)), machine.scheme);
    with_peers(router, machine.trusted_proxies.clone())
}

/// The answer to a client for which there is no place: each connection has a request.
pub fn busy(machine: &Machine) -> impl Fn() -> Response + Send + Sync + 'static {
    let scheme = machine.scheme;
    move || http_kit::answer_outside(&Problem::new(Kind::Unavailable), scheme)
}
