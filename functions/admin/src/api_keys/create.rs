//! `POST /api-keys`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::PhoneNumberId;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::KeyWriter;
use ops::access::api_keys::create::{Request, create_api_key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api_keys::ApiKeyOut;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewApiKey {
    /// By which people know what it is used for.
    #[schema(value_type = schema::ApiKeyName)]
    name: String,
    /// What it may do. A key that asks gives at most its own.
    #[schema(value_type = Vec<schema::ScopeWord>, min_items = 1)]
    scopes: Vec<String>,
    /// Meta's id of the only number that it is to send from, one of the tenant's.
    #[schema(example = "102290129340398")]
    #[serde(default)]
    phone_number_id: Option<String>,
    /// A limit of its own, at most the plan's.
    #[schema(value_type = Option<schema::PlanLimit>)]
    #[serde(default)]
    requests_per_minute: Option<i64>,
    /// In 90 days when it is absent.
    #[schema(value_type = Option<schema::StartTime>)]
    #[serde(default)]
    expires_at: Option<String>,
}

impl KeyedBody for NewApiKey {}

/// A new API key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedApiKeyOut {
    #[serde(flatten)]
    record: ApiKeyOut,
    /// The key. It is in no other answer: store it now. Send it as `Authorization: Bearer …`.
    #[schema(example = "tid_8kq2v7xa_…")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Why the key is absent: this request was answered before, and the key was in that answer alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_absent_because: Option<&'static str>,
}

const SHOWN_BEFORE: &str = "This request was answered before, and the key was shown in that answer alone. If it was lost, revoke this key and create \
     another one with a new idempotency key.";

/// Creates an API key, and shows it once.
///
/// Needs the role `ADMIN` or `OWNER`. Only a hash of the key is stored, so a repetition of the request with the same
/// idempotency key gets the same answer without the key. A tenant has at most 100 keys that are neither revoked nor expired.
#[utoipa::path(post, path = "/api-keys", operation_id = "createApiKey", tag = "api-keys", security(("bearer" = ["api-keys:write"])),
    request_body = NewApiKey, params(IdempotencyKey), responses(
    (status = 201, body = CreatedApiKeyOut),
    (status = 403, body = ProblemBody),
    (status = 422, description = "Not valid, or the tenant has 100 keys already", body = ProblemBody),
))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(permit): Allowed<KeyWriter>,
    Keyed(request, key): Keyed<NewApiKey>,
) -> Result<(StatusCode, Json<CreatedApiKeyOut>), ProblemResponse> {
    let NewApiKey { name, scopes, phone_number_id, requests_per_minute, expires_at } = request;
    let phone_number = phone_number_id.map(PhoneNumberId);
    let request = Request { name, scopes, phone_number, requests_per_minute, expires_at };
    let created = create_api_key(&app.platform, &permit, request, key).await?;
    let key_absent_because = created.secret.is_none().then_some(SHOWN_BEFORE);
    let out = CreatedApiKeyOut { record: (&created.record).into(), key: created.secret, key_absent_because };
    Ok((StatusCode::CREATED, Json(out)))
}
