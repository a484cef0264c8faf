//! A tenant's access token for Meta: encrypted where it is stored, and bound to its account.

use domain::{TenantId, WabaId, with_causes};
use secrecy::{ExposeSecret, SecretString};
use store::whatsapp::accounts::{self, Account};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx};

use crate::kernel::cipher::{AssociatedData, CipherError, ReencryptError, Reencrypted};
use crate::kernel::platform::Platform;
use crate::whatsapp::pause;

/// Accounts that are read at once.
const PAGE: i64 = 200;

/// The column that the ciphertext is bound to.
const TOKEN_COLUMN: &str = "token_sealed";

/// The ciphertext to store, and the id of the key that made it.
pub(crate) fn encrypt(
    platform: &Platform,
    tenant: TenantId,
    waba_id: &WabaId,
    token: &SecretString,
) -> Result<(Vec<u8>, String), CipherError> {
    let data = AssociatedData { tenant, account: &waba_id.0, column: TOKEN_COLUMN };
    platform.token_cipher.encrypt(data, token.expose_secret())
}

/// Decrypts an account's token.
pub(crate) async fn decrypt(
    platform: &Platform,
    tenant: TenantId,
    account: &Account,
) -> Result<SecretString, CipherError> {
    let data = AssociatedData { tenant, account: &account.waba_id.0, column: TOKEN_COLUMN };
    let token = platform.token_cipher.decrypt(data, &account.token_sealed, &account.token_key_id).await?;
    Ok(token.into())
}

/// Decrypts an account's token to send with it. One that does not open never will: until the account is connected again,
/// nothing is sent through it, as when Meta refuses the token.
pub(crate) async fn decrypt_or_pause(
    platform: &Platform,
    tenant: TenantId,
    account: &Account,
) -> Result<Option<SecretString>, StoreError> {
    match decrypt(platform, tenant, account).await {
        Ok(token) => Ok(Some(token)),
        Err(error) => {
            let reason = format!("its access token cannot be read ({error}): connect the account again");
            pause::pause_as_read(platform, tenant, account, &reason).await?;
            Ok(None)
        }
    }
}

/// Encrypts every token that another key encrypted with the current one, each in a transaction of its own.
pub async fn reencrypt_all(platform: &Platform) -> Result<Reencrypted, ReencryptError> {
    let (mut done, key_id) = (Reencrypted::default(), platform.token_cipher.current_key());
    let mut after = (TenantId(uuid::Uuid::nil()), WabaId(String::new()));
    loop {
        let page = FindOthers { after: after.clone(), key_id: key_id.clone() };
        let page = platform.store.perform_system(&platform.system(), &page).await?;
        let Some((tenant, last)) = page.last() else { return Ok(done) };
        after = (*tenant, last.waba_id.clone());
        for (tenant, account) in page {
            match decrypt(platform, tenant, &account).await {
                Ok(token) => {
                    let new = encrypt(platform, tenant, &account.waba_id, &token)?;
                    let store = Reencrypt { account, new };
                    let is_stored = platform.store.perform(&platform.as_system(tenant), &store).await?;
                    done.tokens += usize::from(is_stored);
                }
                Err(error) => {
                    tracing::error!(error = with_causes(&error), %tenant, "a token could not be decrypted");
                    done.failed += 1;
                }
            }
        }
    }
}

struct FindOthers {
    after: (TenantId, WabaId),
    key_id: String,
}

impl SystemOperation for FindOthers {
    const NAME: &'static str = "find_other_keys";
    type Done = Vec<(TenantId, Account)>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        accounts::of_other_keys(tx, (self.after.0, &self.after.1), &self.key_id, PAGE).await
    }
}

struct Reencrypt {
    account: Account,
    new: (Vec<u8>, String),
}

impl Operation for Reencrypt {
    const NAME: &'static str = "reencrypt_token";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StoreError> {
        accounts::reencrypt(tx, &self.account, &self.new).await
    }
}
