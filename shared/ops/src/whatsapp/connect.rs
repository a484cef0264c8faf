//! One-click connection: an OAuth code becomes an encrypted token, the account that it gives access to, and its numbers.

use domain::access::email::EmailProof;
use domain::holds::{HoldReason, HoldTarget};
use domain::problem::Kind;
use domain::tenants::usage::Quantity;
use domain::{Act, MetaId, NotAMetaId, PhoneNumberId, Problem, TenantId, WabaId};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;
use store::access::email_proofs;
use store::audit_log::{self, NewEntry};
use store::whatsapp::accounts::{self, Account};
use store::whatsapp::numbers::{self, Number};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx};
use store::{holds, usage};
use thiserror::Error;

use crate::kernel::cipher::CipherError;
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::WhatsappWriter;
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
    /// The token has expired, or gives access to no account.
    #[error("the code gives access to no WhatsApp Business account")]
    NoAccount,
    #[error("the code was made for another Meta app; start the login from this platform's page")]
    ForeignApp,
    /// Without them nothing can be sent.
    #[error("the login did not grant {}; start it again and grant everything that it asks for", .0.join(" and "))]
    MissingScopes(Vec<&'static str>),
    /// A choice that is not made silently.
    #[error("gives access to several accounts ({}): start the login again and name the one to connect", .0.join(", "))]
    Several(Vec<String>),
    #[error("is not an account that the code gives access to; it gives access to {}", .0.join(", "))]
    NotGranted(Vec<String>),
    #[error(transparent)]
    NotAnId(#[from] NotAMetaId),
    #[error("the account has no phone number")]
    NoNumber,
    #[error(
        "the owner's e-mail address is not proven: open the link in the e-mail that was sent to it, or have another one sent \
         with POST /auth/resend-verification"
    )]
    EmailNotProven,
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
            ConnectError::NoAccount
            | ConnectError::ForeignApp
            | ConnectError::MissingScopes(_)
            | ConnectError::NoNumber => Self::new(Kind::NotPossible).with_detail(error),
            ConnectError::Several(_) | ConnectError::NotGranted(_) | ConnectError::NotAnId(_) => {
                Self::field("wabaId", error)
            }
            ConnectError::EmailNotProven => Self::new(Kind::EmailNotProven).with_detail(error),
            ConnectError::Taken => Self::new(Kind::Conflict).with_detail(error),
            ConnectError::Cipher(error) => internal(&error),
            ConnectError::Store(error) => error.into(),
        }
    }
}

/// Connects a tenant to the account that its OAuth code gives access to; to `chosen` when that is one of several.
pub async fn connect_whatsapp(
    platform: &Platform,
    permit: &WhatsappWriter,
    code: &str,
    chosen: Option<WabaId>,
) -> Result<Connected, ConnectError> {
    let act = platform.act(permit);
    if platform.email_proof == EmailProof::Required
        && !platform.store.perform(&act, &HasProvenOwner {}).await?
    {
        return Err(ConnectError::EmailNotProven);
    }
    connect(platform, act, code, chosen).await
}

one_statement! {
    const NAME: &'static str = "has_proven_owner";
    struct HasProvenOwner {}
    fn run(&self, tx) -> bool { email_proofs::has_proven_owner(tx) }
}

/// The same for an act that the platform makes itself. Meta is asked about an account, and told to change it, only after
/// it is known that no other tenant has it.
pub async fn connect(
    platform: &Platform,
    act: Act,
    code: &str,
    chosen: Option<WabaId>,
) -> Result<Connected, ConnectError> {
    // The code is used up by its exchange, so what can be refused without Meta is refused before.
    if let Some(chosen) = &chosen {
        MetaId::read(&chosen.0)?;
    }
    let token = platform.meta.exchange_code(code).await?.access_token;
    let info = platform.meta.debug_token(&token).await?;
    let waba_id = choose(&info, &platform.meta.app_id(), chosen)?;
    let mut owners = Owners { account: waba_id.clone(), numbers: Vec::new() };
    check_free(platform, act.tenant, &owners).await?;
    let remote = platform.meta.phone_numbers(&token, &waba_id.0).await?;
    if remote.is_empty() {
        return Err(ConnectError::NoNumber);
    }
    owners.numbers = remote.iter().map(|number| number.id.clone()).collect();
    check_free(platform, act.tenant, &owners).await?;
    // Before Meta is told to change anything; the transaction below decides.
    let fit = NumbersFit { numbers: owners.numbers.clone() };
    platform.store.perform(&act, &fit).await?;
    take_over(platform, &token, &owners).await?;
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

/// The account that the token is for.
fn choose(
    info: &meta::accounts::TokenInfo,
    our_app: &str,
    chosen: Option<WabaId>,
) -> Result<WabaId, ConnectError> {
    if !info.is_valid {
        return Err(ConnectError::NoAccount);
    }
    if info.app_id != our_app {
        return Err(ConnectError::ForeignApp);
    }
    let missing = info.missing_scopes();
    if !missing.is_empty() {
        return Err(ConnectError::MissingScopes(missing));
    }
    match (chosen, &*info.waba_ids) {
        (_, []) => Err(ConnectError::NoAccount),
        (Some(chosen), granted) if granted.contains(&chosen.0) => Ok(chosen),
        (Some(_), granted) => Err(ConnectError::NotGranted(granted.to_vec())),
        (None, [only]) => Ok(WabaId(only.clone())),
        (None, granted) => Err(ConnectError::Several(granted.to_vec())),
    }
}

/// Refuses an account or a number of another tenant. The unique indexes decide between two that connect at the same time.
async fn check_free(platform: &Platform, tenant: TenantId, owners: &Owners) -> Result<(), ConnectError> {
    let found = platform.store.perform_system(&platform.system(), owners).await?;
    if found.iter().all(|owner| *owner == tenant) { Ok(()) } else { Err(ConnectError::Taken) }
}

/// Makes Meta send us the account's webhooks, and registers its numbers.
async fn take_over(platform: &Platform, token: &SecretString, owners: &Owners) -> Result<(), ConnectError> {
    platform.meta.subscribe_app(token, &owners.account.0).await?;
    for number in &owners.numbers {
        let number = PhoneNumberId(number.clone());
        platform.meta.register(token, &number, &platform.token_cipher.pin(&number)).await?;
    }
    Ok(())
}

/// Which tenants have an account or numbers already.
struct Owners {
    account: WabaId,
    numbers: Vec<String>,
}

impl SystemOperation for Owners {
    const NAME: &'static str = "account_owners";
    type Done = Vec<TenantId>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
        let numbers: Vec<&str> = self.numbers.iter().map(String::as_str).collect();
        let of_account = accounts::connected_to(tx, &self.account).await?;
        let of_numbers = numbers::connected_to(tx, &numbers).await?;
        Ok(of_account.into_iter().chain(of_numbers).collect())
    }
}

/// Refuses numbers that the plan does not allow.
struct NumbersFit {
    numbers: Vec<String>,
}

impl Operation for NumbersFit {
    const NAME: &'static str = "numbers_fit";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let ours = numbers::list(tx).await?;
        let is_new = |id: &&String| ours.iter().all(|number| number.phone_number_id.0 != **id);
        usage::check(tx, Quantity::PhoneNumbers, self.numbers.iter().filter(is_new).count()).await
    }
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
        numbers::upsert(tx, &self.numbers).await?;
        let numbers: Vec<&str> =
            self.numbers.iter().map(|number| number.phone_number_id.0.as_str()).collect();
        let entry = NewEntry::new(
            "whatsapp.connect",
            format!("account:{}", self.account.waba_id),
            json!({ "numbers": numbers }),
        );
        audit_log::append(tx, &entry).await?;
        Ok(is_lifted)
    }
}
