//! An API key is revoked: it is refused from the next request on (I30).

use domain::{ApiKeyId, TenantId};
use serde_json::json;
use store::access::api_keys;
use store::audit_log::{self, NewEntry};
use store::{SystemOperation, SystemTx};

use super::ApiKeyError;
use crate::kernel::permit::{KeyWriter, Permit};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// Revokes a key. One that was revoked before stays so.
pub async fn revoke_api_key(
    platform: &Platform,
    permit: &KeyWriter,
    key: ApiKeyId,
) -> Result<(), ApiKeyError> {
    let revoke = RevokeApiKey { tenant: permit.tenant(), key };
    if platform.store.perform_system(&platform.system_act(permit), &revoke).await? {
        note(SecurityEvent::ApiKeyRevoked, permit.caller().actor.user());
    }
    Ok(())
}

struct RevokeApiKey {
    tenant: TenantId,
    key: ApiKeyId,
}

impl SystemOperation for RevokeApiKey {
    const NAME: &'static str = "revoke_api_key";
    /// Whether it was not revoked before.
    type Done = bool;
    type Error = ApiKeyError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, ApiKeyError> {
        let tx = &tx.as_tenant(self.tenant);
        let key = api_keys::find(tx, self.key).await?.ok_or(ApiKeyError::NotFound)?;
        if !api_keys::revoke(tx, self.key).await? {
            return Ok(false);
        }
        let detail = json!({ "prefix": key.prefix, "scopes": key.scopes.to_string() });
        audit_log::append(tx, &NewEntry::new("api_key.revoke", format!("key:{}", self.key), detail)).await?;
        Ok(true)
    }
}
