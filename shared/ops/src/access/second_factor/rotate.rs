//! Secrets of second factors are encrypted again with the key that is current now.

use domain::{TenantId, UserId, with_causes};
use secrecy::ExposeSecret;
use store::access::second_factors::{self, SecondFactor};
use store::{StoreError, SystemOperation, SystemTx};
use uuid::Uuid;

use super::{open, seal};
use crate::kernel::cipher::{ReencryptError, Reencrypted};
use crate::kernel::platform::Platform;

/// Factors that are read at once.
const PAGE: i64 = 200;

/// Encrypts every secret that another key encrypted with the current one, each in a transaction of its own.
pub async fn reencrypt_all(platform: &Platform) -> Result<Reencrypted, ReencryptError> {
    let (mut done, key_id) = (Reencrypted::default(), platform.token_cipher.current_key());
    let mut after = (TenantId(Uuid::nil()), UserId(Uuid::nil()));
    loop {
        let page = FindFactorsOfOtherKeys { after, key_id: key_id.clone() };
        let page = platform.store.perform_system(&platform.system(), &page).await?;
        let Some((tenant, last)) = page.last() else { return Ok(done) };
        after = (*tenant, last.user_id);
        for (tenant, factor) in page {
            match open(platform, tenant, &factor).await {
                Ok(secret) => {
                    let new = seal(platform, (tenant, factor.user_id), secret.expose_secret())?;
                    let store = ReencryptFactor { tenant, factor, new };
                    let is_stored = platform.store.perform_system(&platform.system(), &store).await?;
                    done.tokens += usize::from(is_stored);
                }
                Err(error) => {
                    tracing::error!(error = with_causes(&error), %tenant, "a second factor could not be decrypted");
                    done.failed += 1;
                }
            }
        }
    }
}

struct FindFactorsOfOtherKeys {
    after: (TenantId, UserId),
    key_id: String,
}

impl SystemOperation for FindFactorsOfOtherKeys {
    const NAME: &'static str = "find_factors_of_other_keys";
    type Done = Vec<(TenantId, SecondFactor)>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        second_factors::of_other_keys(tx, self.after, &self.key_id, PAGE).await
    }
}

struct ReencryptFactor {
    tenant: TenantId,
    factor: SecondFactor,
    new: (Vec<u8>, String),
}

impl SystemOperation for ReencryptFactor {
    const NAME: &'static str = "reencrypt_second_factor";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        second_factors::reencrypt(&tx.as_tenant(self.tenant), &self.factor, &self.new).await
    }
}
