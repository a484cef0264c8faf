//! One-click connection to WhatsApp.

use axum::Json;
use axum::extract::State;
use domain::limits::OAUTH_CODE_CHARS_MAX;
use http_kit::{Allowed, App, Body, Problem, ProblemBody};
use ops::TenantAdmin;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connect {
    /// The code that Meta's login dialog gave.
    code: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionView {
    /// The WhatsApp Business account.
    waba_id: String,
    phone_numbers: Vec<NumberView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberView {
    id: String,
    display_phone_number: String,
    /// Meta's limit on it.
    messages_per_second: i32,
}

/// Connects the tenant to the WhatsApp Business account that an OAuth code opens, or connects it again.
#[utoipa::path(post, path = "/whatsapp/connect", tag = "templates", security(("bearer" = [])), request_body = Connect,
    responses(
        (status = 200, body = ConnectionView),
        (status = 409, description = "The account is connected to somebody else", body = ProblemBody),
        (status = 422, description = "Meta refused the code, or it opens nothing", body = ProblemBody),
        (status = 502, description = "Meta could not be reached; ask again", body = ProblemBody),
    ))]
pub(crate) async fn connect(
    State(app): State<App>,
    Allowed(by): Allowed<TenantAdmin>,
    Body(asked): Body<Connect>,
) -> Result<Json<ConnectionView>, Problem> {
    if !(1..=OAUTH_CODE_CHARS_MAX).contains(&asked.code.chars().count()) {
        return Err(Problem::field("code", format!("must be 1 to {OAUTH_CODE_CHARS_MAX} characters")));
    }
    let connected = ops::whatsapp::connect::connect_whatsapp(&app.platform, &by, &asked.code).await?;
    let phone_numbers = connected
        .numbers
        .into_iter()
        .map(|number| NumberView {
            id: number.phone_number_id.0,
            display_phone_number: number.display_phone_number,
            messages_per_second: number.messages_per_second,
        })
        .collect();
    Ok(Json(ConnectionView { waba_id: connected.waba_id, phone_numbers }))
}
