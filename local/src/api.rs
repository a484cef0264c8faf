//! Every HTTP function under one router, and the description of all of them.

use ::api::App;
use admin::Health;
use axum::Router;
use axum::response::Response;
use domain::Problem;
use domain::problem::Kind;
use utoipa::openapi::Server;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

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
        (name = "users", description = "The people who log in to a tenant's account."),
        (name = "api-keys", description = "What a tenant's programs call with."),
        (name = "audit", description = "Who did what, when, and from where."),
        (name = "tenant", description = "A tenant's own plan and set-up."),
        (name = "admin", description = "The platform owner's: tenants and plans."),
        (name = "health", description = "For monitors.")
    ),
    modifiers(&Bearer)
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An access token from `POST /auth/login`, or an API key. A route names the scope that a key needs; one that names \
                 none is for people and takes no key.",
            ))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The functions whose routes share the platform.
fn functions() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(auth::router())
        .merge(admin::router())
        .merge(contacts::router())
        .merge(templates::router())
        .merge(scheduling::router())
}

/// All routes of all functions.
fn routes(machine: &Machine) -> Router {
    let about = admin::about().with_state(Health::of(machine.platform.store.clone()));
    let webhook = webhook::router().with_state(machine.webhook.clone());
    Router::from(functions().with_state(machine.app.clone()).merge(webhook).merge(about))
}

/// The description of all routes, made from the code. What is served is a file that holds it, because no function compiles
/// the others: [`written_description`].
pub fn description() -> utoipa::openapi::OpenApi {
    let mut functions = functions().into_openapi();
    // The webhook and the health check declare all of their responses.
    ::api::openapi::complete(&mut functions);
    functions.merge(webhook::router().into_openapi());
    functions.merge(admin::about().into_openapi());
    ::api::openapi::name_rows(&mut functions);
    ::api::openapi::write_out_security(&mut functions);
    let mut here = Server::new("/");
    here.description = Some("Where this description was read.".to_owned());
    functions.servers = Some(vec![here]);
    functions
}

/// The text of `functions/admin/src/about/openapi.json`.
pub fn written_description() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&description())? + "\n")
}

/// The whole API with its layers.
pub fn router(machine: &Machine) -> Router {
    let router = http_kit::with_layers(routes(machine), machine.scheme);
    with_peers(router, machine.trusted_proxies.clone())
}

/// The answer to a client for which there is no place: each connection has a request.
pub fn busy(machine: &Machine) -> impl Fn() -> Response + Send + Sync + 'static {
    let scheme = machine.scheme;
    move || http_kit::answer_outside(&Problem::new(Kind::Unavailable), scheme)
}
