//! Updates from Meta, each to what it is about: a delivery status, a notice about a template, person or account, or
//! something that nothing here acts on, which is stored.

use std::collections::{BTreeMap, HashMap};

use domain::updates::{KeptUpdate, PreferenceUpdate, StatusUpdate, Update};
use domain::{PhoneNumberId, TenantId};
use store::updates::unhandled;
use store::whatsapp::numbers;
use store::{StoreError, SystemOperation, SystemTx};

use crate::billing::refund::enqueue_refunds;
use crate::delivery::statuses::{ApplyStatuses, Source, aside, numbers_of};
use crate::kernel::platform::Platform;
use crate::updates::notices::{News, apply_news};

/// Applies updates of any tenants, in any order, as often as they come.
pub async fn apply_updates(platform: &Platform, updates: Vec<Update>) -> Result<(), StoreError> {
    let (mut statuses, mut kept, mut news) = (Vec::new(), Vec::new(), Vec::new());
    for update in updates {
        match update {
            Update::Status(status) => statuses.push(status),
            Update::Kept(update) => kept.push(update),
            Update::Template(update) => news.push(News::Template(update)),
            Update::Preference(update) => {
                let phone = update.phone.normalised();
                news.push(News::Preference(PreferenceUpdate { phone, ..update }));
            }
            Update::Account(update) => news.push(News::Account(update)),
        }
    }
    let owners =
        platform.store.perform_system(&platform.system(), &Owners { numbers: numbers_of(&statuses) }).await?;
    let mut by_tenant: BTreeMap<TenantId, Vec<StatusUpdate>> = BTreeMap::new();
    for status in statuses {
        match owners.get(&status.phone_number_id) {
            Some(tenant) => by_tenant.entry(*tenant).or_default().push(status),
            None => kept.push(aside("a status of a phone number that nobody has connected", &status)),
        }
    }
    // One tenant's trouble, or what cannot be kept, must not keep the others waiting: whatever fails comes again with
    // its record, and what is done by then is not done twice.
    let mut outcome = Ok(());
    for (tenant, updates) in by_tenant {
        let apply = ApplyStatuses { source: Source::Heard(updates) };
        match platform.store.perform(&platform.as_meta(tenant), &apply).await {
            Ok(promised) => enqueue_refunds(platform, tenant, promised).await,
            Err(error) => outcome = Err(error),
        }
    }
    outcome = outcome.and(apply_news(platform, news).await);
    if !kept.is_empty() {
        platform.store.perform_system(&platform.system(), &Keep { kept }).await?;
    }
    outcome
}

struct Owners {
    numbers: Vec<String>,
}

impl SystemOperation for Owners {
    const NAME: &'static str = "number_owners";
    type Done = HashMap<PhoneNumberId, TenantId>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        let numbers: Vec<&str> = self.numbers.iter().map(String::as_str).collect();
        Ok(numbers::owners(tx, &numbers).await?.into_iter().collect())
    }
}

struct Keep {
    kept: Vec<KeptUpdate>,
}

impl SystemOperation for Keep {
    const NAME: &'static str = "keep_updates";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        for update in &self.kept {
            unhandled::insert(tx, update, tx.now()).await?;
        }
        Ok(())
    }
}
