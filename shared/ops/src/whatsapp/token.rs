//! A tenant's access token for Meta: encrypted where it is stored, and bound to its account.

use domain::{TenantId, WabaId};
use secrecy::{ExposeSecret, SecretString};
use store::StoreError;
use store::whatsapp::accounts::Account;

use crate::kernel::cipher::{AssociatedData, CipherError};
use crate::kernel::platform::Platform;
use crate::whatsapp::pause;

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
