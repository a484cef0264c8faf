//! One-click connection: an OAuth code becomes an encrypted token, the account that it gives access to, and its numbers.

use domain::holds::{HoldReason, HoldTarget};
use domain::problem::Kind;
use domain::{Act, PhoneNumberId, Problem, WabaId};
use jiff::SignedDuration;
use store::holds;
use store::whatsapp::accounts::{self, Account};
use store::whatsapp::numbers::{self, Number};
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::kernel::cipher::CipherError;
use crate::kernel::permit::TenantAdmin;
use crate::kernel::platform::Platform;
use crate::kernel::problem::{internal, meta_unreachable};
use crate::kernel::wake_up::wake;
use crate::whatsapp::token;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    pub waba_id: WabaId,
    pub numbers: Vec<Number>,
}

#[derive(Debug, Error)]
pub enum ConnectError {
    /// Meta refused the code, or a call with the token it gave.
    #[error("Meta refused")]
    Refused(#[source] meta::CallError),
    #[error("Meta could not be reached")]
    Unreachable(#[source] meta::CallError),
    /// The token is for another app, has expired, or gives access to no account.
    #[error("the code gives access to no WhatsApp Business account")]
    NoAccount,
    #[error("the account has no phone number")]
    NoNumber,
    /// The account or a number of it belongs to another tenant.
    #[error("the account is connected to another business")]
    Taken,
    /// The token could not be encrypted.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        let taken = error.is_constraint(accounts::TAKEN) || error.is_constraint(numbers::TAKEN);
        if taken { Self::Taken } else { Self::Store(error) }
    }
}

impl From<meta::CallError> for ConnectError {
    fn from(error: meta::CallError) -> Self {
        if error.graph().is_some() { Self::Refused(error) } else { Self::Unreachable(error) }
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Refused(cause) => Self::new(Kind::MetaRefused).with_detail(cause),
            ConnectError::Unreachable(cause) => meta_unreachable(&cause),
            ConnectError::NoAccount | ConnectError::NoNumber => {
                Self::new(Kind::NotPossible).with_detail(error)
            }
            ConnectError::Taken => Self::new(Kind::Conflict).with_detail(error),
            ConnectError::Cipher(error) => internal(&error),
            ConnectError::Store(error) => error.into(),
        }
    }
}

/// Connects a tenant to the account that its OAuth code gives access to.
pub async fn connect_whatsapp(
    platform: &Platform,
    permit: &TenantAdmin,
    code: &str,
) -> Result<Connected, ConnectError> {
    connect(platform, platform.act(permit), code).await
}

/// The same for an act that the platform makes itself.
pub async fn connect(platform: &Platform, act: Act, code: &str) -> Result<Connected, ConnectError> {
    let token = platform.meta.exchange_code(code).await?.access_token;
    let info = platform.meta.debug_token(&token).await?;
    let waba_id = info.waba_ids.first().filter(|_| info.is_valid).cloned().ok_or(ConnectError::NoAccount)?;
    let waba_id = WabaId(waba_id);
    let remote = platform.meta.phone_numbers(&token, &waba_id.0).await?;
    if remote.is_empty() {
        return Err(ConnectError::NoNumber);
    }
    platform.meta.subscribe_app(&token, &waba_id.0).await?;
    for number in &remote {
        let number = PhoneNumberId(number.id.clone());
        platform.meta.register(&token, &number, &platform.token_cipher.pin(&number)).await?;
    }
    let now = act.now;
    let (token_sealed, token_key_id) = token::encrypt(platform, act.tenant, &waba_id, &token)?;
    let account = Account {
        waba_id: waba_id.clone(),
        token_sealed,
        token_key_id,
        connected_at: now,
        paused_reason: None,
    };
    let mut numbers: Vec<Number> = remote
        .into_iter()
        .map(|number| Number {
            messages_per_second: number.messages_per_second(),
            phone_number_id: PhoneNumberId(number.id),
            waba_id: waba_id.clone(),
            display_phone_number: number.display_phone_number.unwrap_or_default(),
        })
        .collect();
    // In one order, so that two connections at once never wait for each other crosswise.
    numbers.sort_by(|left, right| left.phone_number_id.cmp(&right.phone_number_id));
    let store_connection = Connect { account, numbers: numbers.clone() };
    if platform.store.perform(&act, &store_connection).await? {
        // What waited for the account to be connected again.
        wake(platform, act.tenant, SignedDuration::ZERO).await;
    }
    Ok(Connected { waba_id, numbers })
}

struct Connect {
    account: Account,
    numbers: Vec<Number>,
}

impl Operation for Connect {
    const NAME: &'static str = "connect_whatsapp";
    /// Whether the account was on hold.
    type Done = bool;
    type Error = ConnectError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, ConnectError> {
        let account = HoldTarget::Account(self.account.waba_id.clone());
        let is_lifted = holds::lift(tx, &account, HoldReason::Account).await?;
        accounts::upsert(tx, &self.account).await?;
        for number in &self.numbers {
            numbers::upsert(tx, number).await?;
        }
        Ok(is_lifted)
    }
}
