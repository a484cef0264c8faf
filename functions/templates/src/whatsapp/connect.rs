//! `POST /whatsapp/connect`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::Problem;
use domain::WabaId;
use domain::limits::OAUTH_CODE_CHARS_MAX;
use http_kit::{Body, ProblemBody, ProblemResponse};
use ops::WhatsappWriter;
use ops::whatsapp::connect::Connected;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Connect {
    #[schema(value_type = schema::OauthCode)]
    code: String,
    /// The WhatsApp Business account to connect; needed when the code gives access to several. Meta's login dialog names it
    /// beside the code.
    #[schema(example = "102290129340398")]
    #[serde(default)]
    waba_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionOut {
    /// The WhatsApp Business account.
    waba_id: String,
    phone_numbers: Vec<NumberOut>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NumberOut {
    id: String,
    display_phone_number: String,
    /// Meta's limit for this number.
    messages_per_second: i32,
}

impl From<Connected> for ConnectionOut {
    fn from(connected: Connected) -> Self {
        let numbers = connected.numbers.into_iter().map(|number| NumberOut {
            id: number.phone_number_id.0,
            display_phone_number: number.display_phone_number,
            messages_per_second: number.messages_per_second,
        });
        Self { waba_id: connected.waba_id.0, phone_numbers: numbers.collect() }
    }
}

/// Connects the tenant to the WhatsApp Business account that an OAuth code gives access to.
///
/// Connecting again replaces the token and releases messages that waited because Meta refused the old one.
#[utoipa::path(post, path = "/whatsapp/connect", operation_id = "connectWhatsapp", tag = "whatsapp", security(("bearer" = ["whatsapp:write"])), request_body = Connect,
    responses(
        (status = 200, body = ConnectionOut),
        (status = 403, description = "Your role does not allow this, your plan allows fewer phone numbers, or the owner's e-mail address is not proven (`email-not-proven`): then nothing is connected", body = ProblemBody),
        (status = 409, description = "The account is connected to another business", body = ProblemBody),
        (status = 422, description = "Meta refused the code, it lacks a permission, or it gives access to no account or to several", body = ProblemBody),
        (status = 502, description = "Meta could not be reached; try again", body = ProblemBody),
    ))]
pub(crate) async fn connect(
    State(app): State<App>,
    Allowed(permit): Allowed<WhatsappWriter>,
    Body(request): Body<Connect>,
) -> Result<Json<ConnectionOut>, ProblemResponse> {
    if !(1..=OAUTH_CODE_CHARS_MAX).contains(&request.code.chars().count()) {
        return Err(Problem::field("code", format!("must be 1 to {OAUTH_CODE_CHARS_MAX} characters")).into());
    }
    let connected = ops::whatsapp::connect::connect_whatsapp(
        &app.platform,
        &permit,
        &request.code,
        request.waba_id.map(WabaId),
    )
    .await?;
    Ok(Json(connected.into()))
}
