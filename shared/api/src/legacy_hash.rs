//! The hash that a request got before it was hashed as the JSON that was sent: SHA-256 of the typed body written as JSON,
//! with `null` for every member that was absent.
//!
//! Keys that were stored with it are recognised as long as keys live, 30 days: 30 days after the release that brought
//! `api::canonical`, this module can go, and `legacy_hash` of `store::idempotency::Key` with it. Until then nothing here
//! follows a change of the API: a request with a member that these types do not know was never hashed this way.

use std::collections::BTreeMap;

use domain::{Category, ContactId, Money, TemplateId, TenantId};
use ops::kernel::hash::sha256;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The hash that a request to this path had.
pub(crate) fn legacy_hash(path: &str, json: &[u8]) -> Option<Vec<u8>> {
    match path {
        "/messages" => hash::<SendNow>(json),
        "/messages/schedule" => hash::<Schedule>(json),
        "/billing/add-credits" => hash::<AddCredits>(json),
        "/plans" => hash::<NewPlan>(json),
        "/admin/create-tenant" => hash::<NewTenant>(json),
        "/contacts/import" => hash::<Import>(json),
        "/templates" => hash::<CreateTemplate>(json),
        _ => None,
    }
}

fn hash<T: DeserializeOwned + Serialize>(json: &[u8]) -> Option<Vec<u8>> {
    let request: T = serde_json::from_slice(json).ok()?;
    Some(sha256(&serde_json::to_vec(&request).ok()?))
}

/// The member `idempotencyKey`, which was taken out before hashing and left a `null` behind.
#[derive(Default)]
struct TakenOut;

impl<'de> Deserialize<'de> for TakenOut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_text| Self)
    }
}

impl Serialize for TakenOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

/// Amounts were written as JSON numbers.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_number<S: Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SendNow {
    template_id: TemplateId,
    contact_id: ContactId,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    idempotency_key: TakenOut,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API's names")]
struct Schedule {
    template_id: TemplateId,
    contact_id: ContactId,
    schedule_time: String,
    #[serde(default)]
    idempotency_key: TakenOut,
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AddCredits {
    tenant_id: TenantId,
    #[serde(serialize_with = "as_number")]
    amount: Money,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    idempotency_key: TakenOut,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewPlan {
    name: String,
    #[serde(serialize_with = "as_number")]
    monthly_price: Money,
    messages_per_month: i64,
    contacts: i64,
    templates: i64,
    phone_numbers: i64,
    users: i64,
    requests_per_minute: i64,
    margin_bps: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewTenant {
    tenant_name: String,
    slug: String,
    admin_email: String,
    admin_name: String,
    #[serde(default)]
    plan: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    contacts: Vec<ImportRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportRow {
    phone: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    attributes: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateTemplate {
    name: String,
    content: String,
    #[serde(default)]
    variables: Vec<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    category: Option<Category>,
    #[serde(default)]
    meta_template_id: Option<String>,
    #[serde(default)]
    status: Option<String>,
}
