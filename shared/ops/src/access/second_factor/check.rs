//! A code is checked: one after another for a user, so that of two with one code one is too late, and throttled by user.

use domain::access::throttle::OF_CODE;
use domain::{TenantId, UserId};
use jiff::SignedDuration;
use serde_json::json;
use store::access::second_factors::{self, SecondFactor};
use store::access::throttle;
use store::access::users::User;
use store::audit_log::{self, NewEntry};
use store::{StoreError, SystemOperation, SystemTx};

use super::{codes, open, step_of, typed};
use crate::kernel::cipher::CipherError;
use crate::kernel::hash::sha256;
use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    Wrong,
    /// Too many wrong ones before: this one was not checked.
    Throttled(SignedDuration),
}

/// The user's confirmed factor.
pub async fn of_user(platform: &Platform, user: &User) -> Result<Option<SecondFactor>, StoreError> {
    let find = FindSecondFactor { tenant: user.tenant_id, user: user.user_id };
    let found = platform.store.perform_system(&platform.system(), &find).await?;
    Ok(found.filter(|factor| factor.is_confirmed))
}

one_statement! {
    const NAME: &'static str = "find_second_factor";
    system struct FindSecondFactor { tenant: TenantId, user: UserId }
    fn run(&self, tx) -> Option<SecondFactor> { find(tx, self.tenant, self.user) }
}

pub(super) async fn find(
    tx: &SystemTx,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<SecondFactor>, StoreError> {
    second_factors::find(&tx.as_tenant(tenant), user).await
}

/// Why a code could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a code, or a recovery code, of the user's confirmed factor, and uses it up if it is right.
pub async fn check(
    platform: &Platform,
    user: &User,
    factor: SecondFactor,
    code: &str,
) -> Result<Verdict, CheckError> {
    let (tenant, code) = (user.tenant_id, typed(code));
    // Decrypting may read the keys again, so it happens before the transaction.
    let secret = open(platform, tenant, &factor).await?;
    let step = step_of(&codes(&secret, &user.email)?, &code, platform.clock.now());
    let check = CheckCode { tenant, factor, step, recovery_hash: recovery_hash(&code) };
    let (verdict, was_recovery) = platform.store.perform_system(&platform.system(), &check).await?;
    if verdict != Verdict::Right {
        note(SecurityEvent::SecondFactorRefused, Some(user.user_id));
    }
    if was_recovery {
        note(SecurityEvent::RecoveryCodeUsed, Some(user.user_id));
    }
    Ok(verdict)
}

/// What a recovery code is stored as: it has 80 random bits, which nobody can try.
pub(super) fn recovery_hash(code: &str) -> Vec<u8> {
    sha256(format!("recovery\u{1f}{code}").as_bytes())
}

struct CheckCode {
    tenant: TenantId,
    factor: SecondFactor,
    /// The half minute whose code it is.
    step: Option<i64>,
    recovery_hash: Vec<u8>,
}

impl SystemOperation for CheckCode {
    const NAME: &'static str = "check_code";
    /// And whether it was a recovery code.
    type Done = (Verdict, bool);
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(Verdict, bool), StoreError> {
        let (of_tenant, user) = (&tx.as_tenant(self.tenant), self.factor.user_id);
        let place = sha256(&[b"code".as_slice(), user.0.as_bytes()].concat());
        if !second_factors::lock(of_tenant, &self.factor).await? {
            return Ok((Verdict::Wrong, false));
        }
        if let Some(wait) = throttle::wait_at(tx, &place, OF_CODE).await? {
            return Ok((Verdict::Throttled(wait), false));
        }
        if let Some(step) = self.step
            && second_factors::accept_step(of_tenant, user, step).await?
        {
            throttle::forget_wrong(tx, &place).await?;
            return Ok((Verdict::Right, false));
        }
        if self.step.is_none()
            && second_factors::use_recovery_code(of_tenant, user, &self.recovery_hash).await?
        {
            throttle::forget_wrong(tx, &place).await?;
            let entry = NewEntry::new("user.use_recovery_code", format!("user:{user}"), json!({}));
            audit_log::append(of_tenant, &entry).await?;
            return Ok((Verdict::Right, true));
        }
        throttle::count_wrong(tx, &place, OF_CODE).await?;
        Ok((Verdict::Wrong, false))
    }
}
