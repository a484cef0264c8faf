//! A second factor is set up, confirmed with its first code, and removed.

use domain::limits::CODE_CHARS_MAX;
use domain::{TenantId, UserId};
use secrecy::SecretString;
use serde_json::json;
use store::access::second_factors::{self, SecondFactor};
use store::audit_log::{self, NewEntry};
use store::{StoreError, SystemOperation, SystemTx};
use totp_rs::Secret;

use super::check::{self, CheckError, Verdict, recovery_hash};
use super::{SecondFactorError, codes, confirmed_user, open, own_user, seal, step_of, typed};
use crate::kernel::permit::Member;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// 160 bits, as RFC 4226, section 4, recommends.
const SECRET_BYTES: usize = 20;
/// 80 bits: 16 letters and digits.
const RECOVERY_CODE_BYTES: usize = 10;
const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code between two dashes.
const GROUP: usize = 4;

/// What the user's device makes codes from. It is shown once.
pub struct Begun {
    /// In base 32.
    pub secret: String,
    /// The same as an address that an app reads, usually as a QR code.
    pub uri: String,
}

/// Makes a secret for the caller, who has shown the password once more. No login asks for codes of it before
/// [`confirm`]. One that was made before and not confirmed is replaced.
pub async fn begin(
    platform: &Platform,
    permit: &Member,
    password: String,
) -> Result<Begun, SecondFactorError> {
    let user = confirmed_user(platform, permit, password).await?;
    let secret = Secret::from(rand::random::<[u8; SECRET_BYTES]>().to_vec()).to_base32();
    let uri = codes(&SecretString::from(secret.clone()), &user.email)?.to_url();
    let uri = uri.map_err(|_quotes| crate::kernel::cipher::CipherError::NotEncrypted)?;
    let sealed = seal(platform, (user.tenant_id, user.user_id), &secret)?;
    let begin = BeginSecondFactor { tenant: user.tenant_id, user: user.user_id, sealed };
    if !platform.store.perform_system(&platform.system_act(permit), &begin).await? {
        return Err(SecondFactorError::AlreadyOn);
    }
    Ok(Begun { secret, uri })
}

struct BeginSecondFactor {
    tenant: TenantId,
    user: UserId,
    sealed: (Vec<u8>, String),
}

impl SystemOperation for BeginSecondFactor {
    const NAME: &'static str = "begin_second_factor";
    /// Whether the user had none before.
    type Done = bool;
    type Error = SecondFactorError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, SecondFactorError> {
        Ok(second_factors::start(&tx.as_tenant(self.tenant), self.user, &self.sealed).await?)
    }
}

/// Switches the caller's factor on with its first code. Returns the recovery codes, which are shown once.
pub async fn confirm(
    platform: &Platform,
    permit: &Member,
    code: &str,
) -> Result<Vec<String>, SecondFactorError> {
    let user = own_user(platform, permit).await?;
    let find = FindUnconfirmed { tenant: user.tenant_id, user: user.user_id };
    let factor = platform.store.perform_system(&platform.system_act(permit), &find).await?;
    let factor = factor.ok_or(SecondFactorError::NotBegun)?;
    let secret = open(platform, user.tenant_id, &factor).await?;
    let step = step_of(&codes(&secret, &user.email)?, &within_limit(code)?, platform.clock.now());
    let step = step.ok_or(SecondFactorError::WrongCode)?;
    let recovery_codes: Vec<String> = (0..RECOVERY_CODES).map(|_| new_recovery_code()).collect();
    let hashes = recovery_codes.iter().map(|code| recovery_hash(&typed(code))).collect();
    let confirm = ConfirmSecondFactor { tenant: user.tenant_id, factor, step, hashes };
    platform.store.perform_system(&platform.system_act(permit), &confirm).await?;
    note(SecurityEvent::SecondFactorOn, Some(user.user_id));
    Ok(recovery_codes)
}

/// Longer than a code can be, however it is grouped.
fn within_limit(code: &str) -> Result<String, SecondFactorError> {
    if code.chars().count() > CODE_CHARS_MAX {
        return Err(SecondFactorError::WrongCode);
    }
    Ok(typed(code))
}

/// Such as `k3j7-2mzq-x5ab-9dpe`.
fn new_recovery_code() -> String {
    let code = Secret::from(rand::random::<[u8; RECOVERY_CODE_BYTES]>().to_vec()).to_base32().to_lowercase();
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

struct FindUnconfirmed {
    tenant: TenantId,
    user: UserId,
}

impl SystemOperation for FindUnconfirmed {
    const NAME: &'static str = "find_unconfirmed_factor";
    type Done = Option<SecondFactor>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Option<SecondFactor>, StoreError> {
        let found = check::find(tx, self.tenant, self.user).await?;
        Ok(found.filter(|factor| !factor.is_confirmed))
    }
}

struct ConfirmSecondFactor {
    tenant: TenantId,
    factor: SecondFactor,
    step: i64,
    hashes: Vec<Vec<u8>>,
}

impl SystemOperation for ConfirmSecondFactor {
    const NAME: &'static str = "confirm_second_factor";
    type Done = ();
    type Error = SecondFactorError;

    async fn run(&self, tx: &SystemTx) -> Result<(), SecondFactorError> {
        let (tx, user) = (&tx.as_tenant(self.tenant), self.factor.user_id);
        if !second_factors::confirm(tx, &self.factor, self.step).await? {
            return Err(SecondFactorError::NotBegun);
        }
        second_factors::add_recovery_codes(tx, user, &self.hashes).await?;
        let entry = NewEntry::new("user.second_factor_on", format!("user:{user}"), json!({}));
        Ok(audit_log::append(tx, &entry).await.map(drop)?)
    }
}

/// Removes the caller's factor, with its recovery codes: after the password, and a code or a recovery code.
pub async fn remove(
    platform: &Platform,
    permit: &Member,
    password: String,
    code: &str,
) -> Result<(), SecondFactorError> {
    let user = confirmed_user(platform, permit, password).await?;
    let factor = check::of_user(platform, &user).await?.ok_or(SecondFactorError::NotOn)?;
    match check::check(platform, &user, factor, &within_limit(code)?).await {
        Ok(Verdict::Right) => {}
        Ok(Verdict::Wrong) => return Err(SecondFactorError::WrongCode),
        Ok(Verdict::Throttled(wait)) => return Err(SecondFactorError::Throttled { wait }),
        Err(CheckError::Cipher(error)) => return Err(error.into()),
        Err(CheckError::Store(error)) => return Err(error.into()),
    }
    let remove = RemoveSecondFactor { tenant: user.tenant_id, user: user.user_id };
    if platform.store.perform_system(&platform.system_act(permit), &remove).await? {
        note(SecurityEvent::SecondFactorOff, Some(user.user_id));
    }
    Ok(())
}

struct RemoveSecondFactor {
    tenant: TenantId,
    user: UserId,
}

impl SystemOperation for RemoveSecondFactor {
    const NAME: &'static str = "remove_second_factor";
    /// Whether there was one.
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        let tx = &tx.as_tenant(self.tenant);
        if !second_factors::remove(tx, self.user).await? {
            return Ok(false);
        }
        let entry = NewEntry::new("user.second_factor_off", format!("user:{}", self.user), json!({}));
        audit_log::append(tx, &entry).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_has_four_groups_of_letters_and_digits_and_is_never_the_same() {
        let (one, other) = (new_recovery_code(), new_recovery_code());
        assert_ne!(one, other);
        let groups: Vec<&str> = one.split('-').collect();
        assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == GROUP), "{one}");
        assert_eq!(typed(&one.to_uppercase()), one.replace('-', ""));
    }
}
