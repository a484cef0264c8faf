use api::schema;
use domain::ApiKeyId;
use jiff::Timestamp;
use ops::access::api_keys::ApiKey;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

/// An API key without its secret, which is shown once, when it is created.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyOut {
    #[schema(value_type = Uuid)]
    id: ApiKeyId,
    #[schema(value_type = schema::ApiKeyName)]
    name: String,
    /// The beginning of the key.
    #[schema(example = "tid_8kq2v7xa")]
    prefix: String,
    #[schema(value_type = Vec<schema::ScopeWord>)]
    scopes: Vec<&'static str>,
    /// The only number that it sends from; absent when it sends from any.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number_id: Option<String>,
    /// A limit of its own; absent when only the plan's holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<i64>,
    /// `user:<id>` or `key:<id>`.
    #[schema(example = "user:0190163d-8694-739b-aea5-966c26f8ad91")]
    created_by: String,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
    /// To the minute.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
}

impl From<&ApiKey> for ApiKeyOut {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.key_id,
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            scopes: key.scopes.iter().map(domain::access::Scope::as_str).collect(),
            phone_number_id: key.phone_number.as_ref().map(|number| number.0.clone()),
            requests_per_minute: key.requests_per_minute,
            created_by: key.created_by.clone(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}
