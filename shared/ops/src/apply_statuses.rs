//! What Meta tells us after a send: every authentic status is stored, and what is shown follows from their set.
//!
//! Order and repetition cannot matter (I18, I19). A status whose message is not known yet is parked, never dropped
//! (I17); one that cannot be true is kept apart and moves no money. A failure promises its refund in the same
//! transaction (I6), and the refunds queue carries it.

use std::collections::{BTreeMap, HashMap};

use cloud::RefundJob;
use domain::update::{KeptUpdate, PreferenceUpdate, StatusUpdate, Update};
use domain::{MessageId, PhoneNumberId, TenantId};
use jiff::Timestamp;
use store::ledger::RefundReason;
use store::sending::{self, Held};
use store::{Operation, Scope, StoreError, Tx, evidence, whatsapp};

use crate::apply_news::{News, apply_news};
use crate::platform::Platform;
use crate::record::by_id;
use crate::settle::{self, Change};

/// Messages in one refund job at most.
const JOB_MESSAGES_MAX: usize = 500;

/// Applies updates of any tenants, in any order, as often as they come.
pub async fn apply_updates(platform: &Platform, updates: Vec<Update>) -> Result<(), StoreError> {
    let now = platform.clock.now();
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
    let owners = platform.store.perform(Scope::System, &Owners { numbers: numbers_of(&statuses) }).await?;
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
        let apply = ApplyStatuses { tenant, source: Source::Heard(updates), now };
        match platform.store.perform(Scope::Tenant(tenant), &apply).await {
            Ok(promised) => enqueue_refunds(platform, tenant, promised).await,
            Err(error) => outcome = Err(error),
        }
    }
    outcome = outcome.and(apply_news(platform, news).await);
    if !kept.is_empty() {
        platform.store.perform(Scope::System, &Keep { kept, now }).await?;
    }
    outcome
}

/// Applies what waited for messages that became known beside it.
pub(crate) async fn apply_parked(platform: &Platform, tenant: TenantId) -> Result<(), StoreError> {
    let apply = ApplyStatuses { tenant, source: Source::Parked, now: platform.clock.now() };
    let promised = platform.store.perform(Scope::Tenant(tenant), &apply).await?;
    enqueue_refunds(platform, tenant, promised).await;
    Ok(())
}

/// Sends promised refunds on their way. When that fails the promises stand, and the sweeper sends them again.
pub(crate) async fn enqueue_refunds(platform: &Platform, tenant: TenantId, messages: Vec<MessageId>) {
    for chunk in messages.chunks(JOB_MESSAGES_MAX) {
        let job = RefundJob { tenant, message_ids: chunk.to_vec() };
        if let Err(error) = platform.cloud.send(&job, std::time::Duration::ZERO).await {
            tracing::warn!(%error, %tenant, "refunds were not enqueued; the sweeper will find their promises");
        }
    }
}

fn numbers_of(statuses: &[StatusUpdate]) -> Vec<String> {
    let mut numbers: Vec<String> = statuses.iter().map(|status| status.phone_number_id.0.clone()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn aside(reason: &str, status: &StatusUpdate) -> KeptUpdate {
    tracing::warn!(reason, wamid = %status.wamid, "a status was kept aside");
    KeptUpdate { reason: reason.to_owned(), raw: serde_json::to_value(status).unwrap_or_default() }
}

struct Owners {
    numbers: Vec<String>,
}

impl Operation for Owners {
    const NAME: &'static str = "number_owners";
    type Done = HashMap<PhoneNumberId, TenantId>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Self::Done, StoreError> {
        let numbers: Vec<&str> = self.numbers.iter().map(String::as_str).collect();
        Ok(whatsapp::owners(tx, &numbers).await?.into_iter().collect())
    }
}

struct Keep {
    kept: Vec<KeptUpdate>,
    now: Timestamp,
}

impl Operation for Keep {
    const NAME: &'static str = "keep_updates";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<(), StoreError> {
        for update in &self.kept {
            evidence::keep(tx, update, self.now).await?;
        }
        Ok(())
    }
}

enum Source {
    Heard(Vec<StatusUpdate>),
    Parked,
}

struct ApplyStatuses {
    tenant: TenantId,
    source: Source,
    now: Timestamp,
}

impl Operation for ApplyStatuses {
    const NAME: &'static str = "apply_statuses";
    /// Messages whose refunds are promised now.
    type Done = Vec<MessageId>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Vec<MessageId>, StoreError> {
        let updates = match &self.source {
            Source::Heard(updates) => updates.clone(),
            Source::Parked => evidence::unpark_known(tx, self.tenant).await?,
        };
        let matches = evidence::matches(tx, self.tenant, &updates).await?;
        let (mut by_message, mut strangers) = (BTreeMap::<MessageId, Vec<&StatusUpdate>>::new(), Vec::new());
        for update in &updates {
            match matches.of(update) {
                Some(message) => by_message.entry(message).or_default().push(update),
                None => strangers.push(update),
            }
        }
        evidence::park(tx, self.tenant, &strangers, self.now).await?;
        let ids: Vec<MessageId> = by_message.keys().copied().collect();
        let mut held = by_id(sending::lock(tx, self.tenant, &ids).await?);
        let (mut changes, mut heard) = (Vec::new(), Vec::new());
        for (message, updates) in by_message {
            let Some(held) = held.remove(&message) else { continue };
            match hear(held, &updates) {
                // A copy of what was heard before changes nothing, not even when the message changed (I19).
                Ok(change) if !change.is_news => {}
                Ok(change) => {
                    heard.extend(updates.into_iter().map(|update| (message, update)));
                    changes.push(change);
                }
                Err(reason) => self.keep_aside(tx, reason, &updates).await?,
            }
        }
        evidence::store(tx, self.tenant, &heard, self.now).await?;
        settle::write(tx, self.tenant, &changes, self.now).await?;
        for number in numbers_of(&updates) {
            evidence::heard(tx, self.tenant, &PhoneNumberId(number), self.now).await?;
        }
        Ok(settle::owed(&changes, RefundReason::Failed))
    }
}

impl ApplyStatuses {
    async fn keep_aside(&self, tx: &Tx, reason: &str, updates: &[&StatusUpdate]) -> Result<(), StoreError> {
        for update in updates {
            evidence::keep(tx, &aside(reason, update), self.now).await?;
        }
        Ok(())
    }
}

/// A status must come from the number that the message went out from, and of a message that can have gone out.
fn hear(held: Held, updates: &[&StatusUpdate]) -> Result<Change, &'static str> {
    if updates.iter().any(|update| update.phone_number_id != held.number) {
        return Err("a status from another phone number than its message's");
    }
    let mut change = Change::of(held);
    // Meta's id of the message may be news: its answer can have been lost.
    change.wamid = updates.first().map(|update| update.wamid.clone());
    change.hear(updates).map_err(|_impossible| "a status of a message that was never sent")?;
    Ok(change)
}
