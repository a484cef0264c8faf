//! What Meta tells beside statuses, as far as it is acted on: a template's status and category, what a person wants, and
//! whether an account is closed.
//!
//! Whose it is follows from the account or the number alone. What is of nobody here changes nothing; all of it stands in
//! the kept updates as well.

use std::collections::{BTreeMap, HashMap};

use domain::holds::{HoldReason, HoldTarget};
use domain::updates::{AccountUpdate, PreferenceUpdate, TemplateUpdate};
use domain::{PhoneNumberId, TenantId};
use jiff::SignedDuration;
use store::billing::wallet;
use store::holds;
use store::templates::APPROVED;
use store::whatsapp::{accounts, numbers};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx, updates::notices};

use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;

/// One thing that is acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A template's status or category.
    Template(TemplateUpdate),
    /// What a person wants.
    Preference(PreferenceUpdate),
    /// An account's standing.
    Account(AccountUpdate),
}

impl News {
    /// What it changes.
    fn subject(&self) -> (&str, &str) {
        match self {
            Self::Template(update) => {
                ("template", update.template_id.as_deref().or(update.name.as_deref()).unwrap_or_default())
            }
            Self::Preference(update) => ("preference", update.phone.as_str()),
            Self::Account(update) => ("account", &update.waba_id),
        }
    }
}

/// Applies news of any tenants, in any order, as often as they come.
pub(crate) async fn apply_news(platform: &Platform, all: Vec<News>) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    let owners = platform.store.perform_system(&platform.system(), &Owners { news: all.clone() }).await?;
    let mut by_tenant: BTreeMap<TenantId, Vec<News>> = BTreeMap::new();
    for one in all {
        let Some(tenant) = owners.of(&one) else {
            tracing::warn!("news of an account or a number that nobody has connected");
            continue;
        };
        by_tenant.entry(tenant).or_default().push(one);
    }
    let mut outcome = Ok(());
    for (tenant, mut news) in by_tenant {
        // In one order: two batches about the same rows must not wait for each other.
        news.sort_by(|left, right| left.subject().cmp(&right.subject()));
        // One tenant's trouble must not keep the others waiting.
        let applied = platform.store.perform(&platform.as_meta(tenant), &ApplyNews { news }).await;
        if matches!(applied, Ok(true)) {
            wake(platform, tenant, SignedDuration::ZERO).await;
        }
        outcome = outcome.and(applied.map(drop));
    }
    outcome
}

#[derive(Default)]
struct Found {
    by_account: HashMap<String, TenantId>,
    by_number: HashMap<PhoneNumberId, TenantId>,
}

impl Found {
    fn of(&self, news: &News) -> Option<TenantId> {
        match news {
            News::Template(update) => self.by_account.get(&update.waba_id),
            News::Account(update) => self.by_account.get(&update.waba_id),
            News::Preference(update) => self.by_number.get(&update.phone_number_id),
        }
        .copied()
    }
}

struct Owners {
    news: Vec<News>,
}

impl SystemOperation for Owners {
    const NAME: &'static str = "news_owners";
    type Done = Found;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Found, StoreError> {
        let (mut accounts, mut numbers) = (Vec::new(), Vec::new());
        for one in &self.news {
            match one {
                News::Template(update) => accounts.push(update.waba_id.as_str()),
                News::Account(update) => accounts.push(update.waba_id.as_str()),
                News::Preference(update) => numbers.push(update.phone_number_id.0.as_str()),
            }
        }
        Ok(Found {
            by_account: accounts::owners(tx, &accounts).await?.into_iter().collect(),
            by_number: numbers::owners(tx, &numbers).await?.into_iter().collect(),
        })
    }
}

struct ApplyNews {
    news: Vec<News>,
}

impl Operation for ApplyNews {
    const NAME: &'static str = "apply_news";
    /// Whether a hold was lifted.
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StoreError> {
        // Holds may follow: their lock comes first, as in everything that moves money.
        wallet::lock(tx).await?;
        let mut is_lifted = false;
        for notice in &self.news {
            is_lifted |= match notice {
                News::Template(update) => template(tx, update).await?,
                News::Preference(update) => {
                    notices::preference(tx, update).await?;
                    false
                }
                News::Account(update) => account(tx, update).await?,
            };
        }
        Ok(is_lifted)
    }
}

/// A template that Meta does not let be sent any more is on hold until Meta approves it again.
async fn template(tx: &TenantTx, update: &TemplateUpdate) -> Result<bool, StoreError> {
    let mut is_lifted = false;
    for (template_id, status) in notices::template(tx, update).await? {
        let target = HoldTarget::Template(template_id);
        if status == APPROVED {
            is_lifted |= holds::lift(tx, &target, HoldReason::Template).await?;
        } else {
            holds::place(tx, &target, HoldReason::Template, &status, None).await?;
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
