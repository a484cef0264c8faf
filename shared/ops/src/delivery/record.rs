//! What became of calls to Meta, written down: the commit after the send.
//!
//! A refused message is refunded here and at once, because the wallet is locked anyway; the promise is written first
//! all the same, so that the ledger has one way of paying.

use domain::billing::RefundReason;
use domain::messages::{DispatchState, Event, Outcome};
use domain::updates::StatusUpdate;
use domain::{AttemptId, ClaimId, MessageId, TenantId, Wamid};
use jiff::Timestamp;
use store::billing::refunds;
use store::billing::wallet;
use store::delivery::states::{self, Held};
use store::whatsapp::accounts;
use store::{Operation, StoreError, TenantTx, delivery::claims, delivery::statuses};

use crate::delivery::transition::{self, Change, by_id};
use crate::kernel::platform::{Platform, Waits};

/// One call and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message.
    pub message: MessageId,
    /// The attempt that the call was.
    pub attempt: AttemptId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What recording led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// When the first of those that did not leave is to be tried again.
    pub again_at: Option<Timestamp>,
    /// Messages whose parked statuses turned out to be failures: their refunds are promised.
    pub promised: Vec<MessageId>,
    /// Whether Meta refused the connection itself, which is paused now.
    pub is_paused: bool,
}

/// Records outcomes of calls made under a claim; with `closes`, the claim ends.
pub async fn record(
    platform: &Platform,
    tenant: TenantId,
    claim: ClaimId,
    sent: Vec<Sent>,
    closes: bool,
) -> Result<Recorded, StoreError> {
    let record = Record { claim, sent, closes, waits: platform.waits };
    platform.store.perform(&platform.as_system(tenant), &record).await
}

struct Record {
    claim: ClaimId,
    sent: Vec<Sent>,
    closes: bool,
    waits: Waits,
}

impl Operation for Record {
    const NAME: &'static str = "record";
    type Done = Recorded;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Recorded, StoreError> {
        let may_refund =
            |sent: &Sent| matches!(sent.outcome, Outcome::Rejected(_) | Outcome::KnownUnsent { .. });
        if self.sent.iter().any(may_refund) {
            // Before any message: every operation that moves money takes the locks in this order.
            wallet::lock(tx).await?;
        }
        let ids: Vec<MessageId> = self.sent.iter().map(|sent| sent.message).collect();
        let mut held = by_id(states::lock(tx, &ids).await?);
        let mut changes = Vec::with_capacity(self.sent.len());
        for sent in &self.sent {
            if let Some(held) = held.remove(&sent.message) {
                changes.extend(self.change(held, sent, tx.now()));
            }
        }
        let heard = self.unpark(tx, &mut changes).await?;
        transition::write(tx, &changes).await?;
        let heard: Vec<(MessageId, &StatusUpdate)> = heard.iter().map(|(id, update)| (*id, update)).collect();
        statuses::store(tx, &heard).await?;
        let refused = transition::owed(&changes, RefundReason::Rejected);
        if !refused.is_empty() {
            refunds::pay(tx, &refused).await?;
        }
        let is_paused = self.pause(tx, &changes).await?;
        if self.closes {
            claims::free(tx, self.claim).await?;
        }
        Ok(Recorded {
            again_at: changes.iter().filter_map(|change| change.again_at).min(),
            promised: transition::owed(&changes, RefundReason::Failed),
            is_paused,
        })
    }
}

impl Record {
    /// What the machine makes of an outcome; `None` when it speaks of an attempt that is no longer the message's and
    /// says nothing that matters.
    fn change(&self, held: Held, sent: &Sent, now: Timestamp) -> Option<Change> {
        let is_current = held.attempt_id == Some(sent.attempt);
        let mut change = Change::of(held);
        let (event, reason) = match &sent.outcome {
            Outcome::Accepted(wamid) => {
                change.wamid = Some(wamid.clone());
                // An older attempt that was taken after all is evidence, like a status of it.
                (if is_current { Event::Accepted } else { Event::Heard }, RefundReason::Rejected)
            }
            Outcome::Rejected(error) if is_current => {
                change.error = Some(error.clone());
                (Event::Refused, RefundReason::Rejected)
            }
            Outcome::KnownUnsent { error, .. } if is_current => {
                change.error.clone_from(error);
                (Event::KnownUnsent, RefundReason::Rejected)
            }
            Outcome::Unknown if is_current => (Event::Lost, RefundReason::Unresolved),
            Outcome::Rejected(_) | Outcome::KnownUnsent { .. } | Outcome::Unknown => return None,
        };
        change.step(event, reason).ok()?;
        if change.held.state == DispatchState::Reserved && change.was == DispatchState::Reserved {
            // A copy of what was recorded before. Writing it would let go of a claim that somebody may have taken since.
            return None;
        }
        if let Outcome::KnownUnsent { wait, .. } = &sent.outcome
            && change.was != change.held.state
            && change.refund.is_none()
        {
            let wait = wait.unwrap_or_else(|| self.waits.backoff_after(change.held.attempt));
            change.again_at = Some(now + wait);
        }
        Some(change)
    }

    /// Takes in the statuses that overtook the answers.
    async fn unpark(
        &self,
        tx: &TenantTx,
        changes: &mut [Change],
    ) -> Result<Vec<(MessageId, StatusUpdate)>, StoreError> {
        let wamids: Vec<Wamid> = changes.iter().filter_map(|change| change.wamid.clone()).collect();
        let names: Vec<&str> = wamids.iter().map(|wamid| wamid.0.as_str()).collect();
        let updates = statuses::unpark(tx, &names).await?;
        let mut heard = Vec::new();
        for change in changes {
            let of_this = |update: &&StatusUpdate| Some(&update.wamid) == change.wamid.as_ref();
            let its: Vec<&StatusUpdate> = updates.iter().filter(of_this).collect();
            if !its.is_empty() && change.hear(&its).is_ok() {
                heard.extend(its.into_iter().map(|update| (change.held.message_id, update.clone())));
            }
        }
        Ok(heard)
    }

    /// Stops sending through an account whose token or permission Meta refused.
    async fn pause(&self, tx: &TenantTx, changes: &[Change]) -> Result<bool, StoreError> {
        let is_account = |change: &&Change| {
            change.error.as_ref().is_some_and(|error| meta::error::is_about_account(error.code))
        };
        let Some(change) = changes.iter().find(is_account) else { return Ok(false) };
        let Some(account) = accounts::of_number(tx, &change.held.number).await? else {
            return Ok(false);
        };
        let reason =
            change.error.as_ref().map_or_else(String::new, |error| format!("{} {}", error.code, error.text));
        tracing::error!(tenant = %tx.tenant(), waba = account.waba_id, reason, "Meta refused the connection: paused");
        accounts::pause(tx, &account.waba_id, &reason).await?;
        Ok(true)
    }
}
