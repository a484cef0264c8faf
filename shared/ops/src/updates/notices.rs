//! Notices from Meta that are acted on: the status and category of a template, a person's wish for messages, and the
//! closing of an account. The account or number in a notice says which tenant it concerns; a notice about an account or
//! number that no tenant has connected changes nothing.

use std::collections::{BTreeMap, HashMap};

use domain::holds::{HoldReason, HoldTarget};
use domain::updates::{AccountUpdate, PreferenceUpdate, TemplateUpdate};
use domain::{PhoneNumberId, TenantId, WabaId};
use jiff::SignedDuration;
use store::billing::wallet;
use store::holds;
use store::whatsapp::{accounts, numbers};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx, updates::notices};

use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;

/// A notice that is acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A template's status or category.
    Template(TemplateUpdate),
    /// Whether a person wants messages.
    Preference(PreferenceUpdate),
    /// Whether an account is closed.
    Account(AccountUpdate),
}

impl Notice {
    fn subject(&self) -> (&str, &str) {
        match self {
            Self::Template(update) => {
                ("template", update.template_id.as_deref().or(update.name.as_deref()).unwrap_or_default())
            }
            Self::Preference(update) => ("preference", update.phone.as_str()),
            Self::Account(update) => ("account", &update.waba_id.0),
        }
    }
}

/// Applies notices about any tenants, in any order, as often as they come.
pub(crate) async fn apply_notices(platform: &Platform, notices: Vec<Notice>) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    let owners =
        platform.store.perform_system(&platform.system(), &NoticeOwners { notices: notices.clone() }).await?;
    let mut by_tenant: BTreeMap<TenantId, Vec<Notice>> = BTreeMap::new();
    for notice in notices {
        let Some(tenant) = owners.of(&notice) else {
            tracing::warn!("a notice is about an account or number that no tenant has connected");
            continue;
        };
        by_tenant.entry(tenant).or_default().push(notice);
    }
    let mut outcome = Ok(());
    for (tenant, mut notices) in by_tenant {
        // In one order: two batches about the same rows must not wait for each other.
        notices.sort_by(|left, right| left.subject().cmp(&right.subject()));
        // A failure for one tenant must not stop the others.
        let applied = platform.store.perform(&platform.as_meta(tenant), &ApplyNotices { notices }).await;
        if matches!(applied, Ok(true)) {
            wake(platform, tenant, SignedDuration::ZERO).await;
        }
        outcome = outcome.and(applied.map(drop));
    }
    outcome
}

#[derive(Default)]
struct OwnersByNotice {
    by_account: HashMap<WabaId, TenantId>,
    by_number: HashMap<PhoneNumberId, TenantId>,
}

impl OwnersByNotice {
    fn of(&self, notice: &Notice) -> Option<TenantId> {
        match notice {
            Notice::Template(update) => self.by_account.get(&update.waba_id),
            Notice::Account(update) => self.by_account.get(&update.waba_id),
            Notice::Preference(update) => self.by_number.get(&update.phone_number_id),
        }
        .copied()
    }
}

struct NoticeOwners {
    notices: Vec<Notice>,
}

impl SystemOperation for NoticeOwners {
    const NAME: &'static str = "notice_owners";
    type Done = OwnersByNotice;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<OwnersByNotice, StoreError> {
        let (mut accounts, mut numbers) = (Vec::new(), Vec::new());
        for notice in &self.notices {
            match notice {
                Notice::Template(update) => accounts.push(update.waba_id.0.as_str()),
                Notice::Account(update) => accounts.push(update.waba_id.0.as_str()),
                Notice::Preference(update) => numbers.push(update.phone_number_id.0.as_str()),
            }
        }
        Ok(OwnersByNotice {
            by_account: accounts::owners(tx, &accounts).await?.into_iter().collect(),
            by_number: numbers::owners(tx, &numbers).await?.into_iter().collect(),
        })
    }
}

struct ApplyNotices {
    notices: Vec<Notice>,
}

impl Operation for ApplyNotices {
    const NAME: &'static str = "apply_notices";
    /// Whether a hold was lifted.
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StoreError> {
        // Holds may follow: their lock comes first, as in everything that moves money.
        wallet::lock(tx).await?;
        let mut is_lifted = false;
        for notice in &self.notices {
            is_lifted |= match notice {
                Notice::Template(update) => template(tx, update).await?,
                Notice::Preference(update) => {
                    notices::preference(tx, update).await?;
                    false
                }
                Notice::Account(update) => account(tx, update).await?,
            };
        }
        Ok(is_lifted)
    }
}

/// A template that Meta does not let be sent any more is on hold until Meta approves it again.
async fn template(tx: &TenantTx, update: &TemplateUpdate) -> Result<bool, StoreError> {
    let mut is_lifted = false;
    for changed in notices::template(tx, update).await? {
        let target = HoldTarget::Template(changed.template_id);
        if !changed.status.is_approved() {
            holds::place(tx, &target, HoldReason::Template, changed.status.as_str(), None).await?;
        } else if !changed.is_in_question {
            is_lifted |= holds::lift(tx, &target, HoldReason::Template).await?;
        }
    }
    Ok(is_lifted)
}

/// An account that Meta closed is on hold until Meta opens it again.
async fn account(tx: &TenantTx, update: &AccountUpdate) -> Result<bool, StoreError> {
    let target = HoldTarget::Account(update.waba_id.clone());
    match notices::account(tx, update).await? {
        None => Ok(false),
        Some(None) => holds::lift(tx, &target, HoldReason::Account).await,
        Some(Some(reason)) => {
            holds::place(tx, &target, HoldReason::Account, &reason, None).await?;
            Ok(false)
        }
    }
}
