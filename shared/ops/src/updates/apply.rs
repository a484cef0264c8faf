//! Updates from Meta, each to what it is about: a delivery status, a notice about a template, person or account, or
//! something that nothing here acts on, which is stored.

use std::collections::{BTreeMap, HashMap};

use domain::updates::{PreferenceUpdate, StatusUpdate, UnhandledUpdate, Update};
use domain::{PhoneNumberId, TenantId, foreign};
use store::updates::unhandled;
use store::whatsapp::numbers;
use store::{StoreError, SystemOperation, SystemTx};

use crate::billing::refund::enqueue_refunds;
use crate::delivery::statuses::{ApplyStatuses, Source, numbers_of, unhandled};
use crate::kernel::platform::Platform;
use crate::updates::notices::{Notice, apply_notices};

/// Applies updates of any tenants, in any order, as often as they come.
pub async fn apply_updates(platform: &Platform, updates: Vec<Update>) -> Result<(), StoreError> {
    let (mut statuses, mut unhandled_updates, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    for update in updates {
        if !update.has_valid_ids() {
            unhandled_updates.push(unstorable(&update));
            continue;
        }
        match update {
            Update::Status(status) => statuses.push(status),
            Update::Unhandled(update) => unhandled_updates.push(update),
            Update::Template(update) => notices.push(Notice::Template(update)),
            Update::Preference(update) => {
                let phone = update.phone.normalised();
                notices.push(Notice::Preference(PreferenceUpdate { phone, ..update }));
            }
            Update::Account(update) => notices.push(Notice::Account(update)),
        }
    }
    let owners =
        platform.store.perform_system(&platform.system(), &Owners { numbers: numbers_of(&statuses) }).await?;
    let mut by_tenant: BTreeMap<TenantId, Vec<StatusUpdate>> = BTreeMap::new();
    for status in statuses {
        match owners.get(&status.phone_number_id) {
            Some(tenant) => by_tenant.entry(*tenant).or_default().push(status),
            None => unhandled_updates.push(unhandled(
                "a status of a phone number that no tenant has connected",
                &status,
                None,
            )),
        }
    }
    // A failure for one tenant must not stop the others: what fails comes again with its record, and what is done by
    // then is not done twice.
    let mut outcome = Ok(());
    for (tenant, updates) in by_tenant {
        let apply = ApplyStatuses { source: Source::Received(updates) };
        match platform.store.perform(&platform.as_meta(tenant), &apply).await {
            Ok(applied) => enqueue_refunds(platform, tenant, applied.promised).await,
            Err(error) => outcome = Err(error),
        }
    }
    outcome = outcome.and(apply_notices(platform, notices).await);
    if !unhandled_updates.is_empty() {
        platform
            .store
            .perform_system(&platform.system(), &StoreUnhandled { updates: unhandled_updates })
            .await?;
    }
    outcome
}

/// An update that an earlier version put on the queue: today such an id is noticed when Meta's JSON is read.
fn unstorable(update: &Update) -> UnhandledUpdate {
    let text = serde_json::to_string(update).unwrap_or_default();
    let raw = foreign::kept(&text).replace("\\u0000", "\u{FFFD}").into();
    UnhandledUpdate { reason: "an id that cannot be stored".to_owned(), raw }
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

struct StoreUnhandled {
    updates: Vec<UnhandledUpdate>,
}

impl SystemOperation for StoreUnhandled {
    const NAME: &'static str = "store_unhandled";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        unhandled::insert_wanted(tx, &self.updates, tx.now()).await
    }
}
