//! An API key is made. Its secret is in the first answer and nowhere else: not in a table, not in a log, and not in what is
//! stored for a repetition of the request (I29).

use domain::access::{Scope, Scopes};
use domain::limits::{KEY_DAYS_DEFAULT, KEY_NAME_CHARS_MAX};
use domain::problem::FieldError;
use domain::time::parse_start_time;
use domain::{Actor, ApiKeyId, PhoneNumberId, TenantId};
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::access::api_keys::{self, NewApiKey};
use store::audit_log::{self, NewEntry};
use store::tenants::plans;
use store::whatsapp::numbers;
use store::{StoreError, SystemOperation, SystemTx, TenantTx, tenants};

use super::{ApiKey, ApiKeyError};
use crate::access::callers::KEY_MARK;
use crate::kernel::fields;
use crate::kernel::hash::sha256;
use crate::kernel::idempotent::{Key, once_in_system};
use crate::kernel::permit::{KeyWriter, Permit};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// Characters after the mark by which a person recognises a key.
const PREFIX_CHARS: usize = 8;
/// 256 random bits.
const SECRET_BYTES: usize = 32;

/// A key as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub name: String,
    /// Words of [`Scope`].
    pub scopes: Vec<String>,
    /// The only number that it is to send from.
    pub phone_number: Option<PhoneNumberId>,
    pub requests_per_minute: Option<i64>,
    /// RFC 3339; in [`KEY_DAYS_DEFAULT`] days when it is absent.
    pub expires_at: Option<String>,
}

/// A key that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Created {
    pub record: ApiKey,
    /// The whole key. `None` when the request was answered before: the key was in that answer alone.
    pub secret: Option<String>,
}

/// What is stored with the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    key_id: ApiKeyId,
    prefix: String,
    created_by: String,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// What a request asks for, once it is known to be valid.
struct Checked {
    name: String,
    scopes: Scopes,
    expires_at: Timestamp,
}

/// Makes a key of the caller's tenant. One that a key asks for has at most its scopes, and its number if it has one.
pub async fn create_api_key(
    platform: &Platform,
    permit: &KeyWriter,
    request: Request,
    key: Option<Key>,
) -> Result<Created, ApiKeyError> {
    let Checked { name, scopes, expires_at } = check(&request, platform.clock.now())?;
    let prefix = format!("{KEY_MARK}{}", random_word());
    let secret = format!("{prefix}_{}", hex::encode(rand::random::<[u8; SECRET_BYTES]>()));
    let new = NewApiKey {
        key: ApiKeyId::at(platform.clock.now()),
        name,
        prefix,
        secret_hash: sha256(secret.as_bytes()),
        scopes,
        phone_number: request.phone_number.map(|number| number.0),
        requests_per_minute: request.requests_per_minute,
        expires_at,
    };
    let create = CreateApiKey { tenant: permit.tenant(), new, key };
    let made = platform.store.perform_system(&platform.system_act(permit), &create).await?;
    let is_new = made.key_id == create.new.key;
    if is_new {
        note(SecurityEvent::ApiKeyCreated, permit.caller().actor.user());
    }
    let Made { key_id, prefix, created_by, created_at, expires_at } = made;
    let NewApiKey { name, scopes, phone_number, requests_per_minute, .. } = create.new;
    let record = ApiKey {
        key_id,
        name,
        prefix,
        scopes,
        phone_number: phone_number.map(PhoneNumberId),
        requests_per_minute,
        created_by,
        created_at,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    Ok(Created { record, secret: is_new.then_some(secret) })
}

fn random_word() -> String {
    let chars = rand::rng().sample_iter(Alphanumeric).take(PREFIX_CHARS);
    chars.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

fn check(request: &Request, now: Timestamp) -> Result<Checked, ApiKeyError> {
    let mut wrong = Vec::new();
    let name = fields::name_within("name", &request.name, KEY_NAME_CHARS_MAX);
    let name = name.map_err(|error| wrong.push(error)).unwrap_or_default();
    let scopes = read_scopes(&request.scopes, &mut wrong);
    if request.requests_per_minute.is_some_and(|most| most < 1) {
        wrong.push(FieldError::new("requestsPerMinute", "must be at least 1"));
    }
    let by_default = now + SignedDuration::from_hours(24 * KEY_DAYS_DEFAULT);
    let expires_at = match request.expires_at.as_deref().map(|text| parse_start_time(text, now)) {
        None => by_default,
        Some(Ok(at)) if at > now => at,
        Some(Ok(_)) => {
            wrong.push(FieldError::new("expiresAt", "must not have passed"));
            by_default
        }
        Some(Err(error)) => {
            wrong.push(FieldError::new("expiresAt", error));
            by_default
        }
    };
    if wrong.is_empty() { Ok(Checked { name, scopes, expires_at }) } else { Err(ApiKeyError::Invalid(wrong)) }
}

fn read_scopes(words: &[String], wrong: &mut Vec<FieldError>) -> Scopes {
    if words.is_empty() {
        wrong.push(FieldError::new("scopes", "must name at least one scope"));
    }
    let read = |(index, word): (usize, &String)| {
        word.parse().map_err(|_unknown| {
            let all = Scope::ALL.map(Scope::as_str).join(", ");
            FieldError::new(format!("scopes[{index}]"), format!("must be one of {all}"))
        })
    };
    let (known, unknown): (Vec<_>, Vec<_>) = words.iter().enumerate().map(read).partition(Result::is_ok);
    wrong.extend(unknown.into_iter().filter_map(Result::err));
    known.into_iter().filter_map(Result::ok).collect()
}

struct CreateApiKey {
    tenant: TenantId,
    new: NewApiKey,
    key: Option<Key>,
}

impl SystemOperation for CreateApiKey {
    const NAME: &'static str = "create_api_key";
    type Done = Made;
    type Error = ApiKeyError;

    async fn run(&self, tx: &SystemTx) -> Result<Made, ApiKeyError> {
        once_in_system(tx, self.key.as_ref(), self.make(&tx.as_tenant(self.tenant))).await
    }
}

impl CreateApiKey {
    async fn make(&self, tx: &TenantTx) -> Result<Made, ApiKeyError> {
        tenants::lock_access(tx).await?;
        let mut wrong = self.beyond_the_caller(tx).await?;
        wrong.extend(self.beyond_the_tenant(tx).await?);
        if !wrong.is_empty() {
            return Err(ApiKeyError::Invalid(wrong));
        }
        if api_keys::count_live(tx).await? >= domain::limits::LIVE_KEYS_MAX {
            return Err(ApiKeyError::TooMany);
        }
        api_keys::insert(tx, &self.new).await?;
        let NewApiKey { key: key_id, prefix, scopes, expires_at, .. } = self.new.clone();
        let detail = json!({
            "prefix": prefix, "scopes": scopes.to_string(), "expiresAt": expires_at,
            "phoneNumberId": self.new.phone_number, "requestsPerMinute": self.new.requests_per_minute,
        });
        audit_log::append(tx, &NewEntry::new("api_key.create", format!("key:{key_id}"), detail)).await?;
        Ok(Made { key_id, prefix, created_by: tx.actor().to_string(), created_at: tx.now(), expires_at })
    }

    /// What a key asks for that it does not have itself.
    async fn beyond_the_caller(&self, tx: &TenantTx) -> Result<Vec<FieldError>, ApiKeyError> {
        let Actor::ApiKey(id) = tx.actor() else { return Ok(Vec::new()) };
        let caller = api_keys::find(tx, id).await?.filter(|key| key.is_live(tx.now()));
        let caller = caller.ok_or(ApiKeyError::CallerEnded)?;
        let mut wrong = Vec::new();
        if !self.new.scopes.is_within(caller.scopes) {
            let why = format!("must be among those of the API key that asks: {}", caller.scopes);
            wrong.push(FieldError::new("scopes", why));
        }
        if let Some(number) = caller.phone_number.filter(|own| self.new.phone_number.as_ref() != Some(&own.0))
        {
            let why = format!("must be {number}, the only number of the API key that asks");
            wrong.push(FieldError::new("phoneNumberId", why));
        }
        let allowed = caller.requests_per_minute;
        if let Some(most) =
            allowed.filter(|most| self.new.requests_per_minute.is_none_or(|asked| asked > *most))
        {
            let why = format!("must be at most {most}, as of the API key that asks");
            wrong.push(FieldError::new("requestsPerMinute", why));
        }
        Ok(wrong)
    }

    /// What the tenant does not have, or its plan does not allow.
    async fn beyond_the_tenant(&self, tx: &TenantTx) -> Result<Vec<FieldError>, StoreError> {
        let mut wrong = Vec::new();
        if let Some(number) = &self.new.phone_number
            && numbers::find(tx, &PhoneNumberId(number.clone())).await?.is_none()
        {
            wrong.push(FieldError::new("phoneNumberId", "does not match any of your phone numbers"));
        }
        if let Some(asked) = self.new.requests_per_minute {
            let missing =
                || StoreError::Inconsistent { table: "tenants", what: format!("{} has none", tx.tenant()) };
            let tenant = tenants::find(tx).await?.ok_or_else(missing)?;
            let plan = plans::find(tx, tx.now(), tenant.plan_id).await?.ok_or_else(missing)?;
            let most = plan.terms.requests_per_minute;
            if asked > most {
                let why = format!("must be at most {most}, which the plan {} allows", plan.name);
                wrong.push(FieldError::new("requestsPerMinute", why));
            }
        }
        Ok(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            name: " Shop ".to_owned(),
            scopes: vec!["messages:send".to_owned(), "messages:send".to_owned()],
            phone_number: None,
            requests_per_minute: None,
            expires_at: None,
        }
    }

    fn wrong(request: &Request) -> Vec<String> {
        match check(request, Timestamp::UNIX_EPOCH) {
            Err(ApiKeyError::Invalid(wrong)) => wrong.into_iter().map(|error| error.field).collect(),
            Err(_) | Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_and_a_key_ends_in_ninety_days_unless_told() {
        let now = Timestamp::UNIX_EPOCH;
        let checked = check(&request(), now).unwrap();
        assert_eq!((checked.name.as_str(), checked.scopes.to_string().as_str()), ("Shop", "messages:send"));
        assert_eq!(checked.expires_at.duration_since(now), SignedDuration::from_hours(90 * 24));
        let bad = Request {
            name: String::new(),
            scopes: ["contacts:read", "contacts:fly", "MESSAGES:SEND"].map(str::to_owned).to_vec(),
            requests_per_minute: Some(0),
            expires_at: Some("1971-06-01T00:00:00Z".to_owned()),
            ..request()
        };
        assert_eq!(wrong(&bad), ["name", "scopes[1]", "scopes[2]", "requestsPerMinute", "expiresAt"]);
        assert_eq!(wrong(&Request { scopes: Vec::new(), ..request() }), ["scopes"]);
        assert_eq!(wrong(&Request { expires_at: Some(now.to_string()), ..request() }), ["expiresAt"]);
    }

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = concat!(
            r#"{"key_id":"0190163d-8694-7001-8000-000000000002","prefix":"tid_ab12cd34","created_by":"system","#,
            r#""created_at":"2026-11-24T12:00:00Z","expires_at":"2027-02-22T12:00:00Z"}"#
        );
        assert_eq!(serde_json::from_str::<Made>(stored).unwrap().prefix, "tid_ab12cd34");
    }
}
