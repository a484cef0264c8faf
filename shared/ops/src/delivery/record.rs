//! Records the outcomes of calls to Meta: the commit after the send.
//!
//! A refused message is refunded here, because the wallet is locked anyway; the promise is written first all the same, so
//! that every refund is paid in one way.

use domain::billing::RefundReason;
use domain::messages::{Event, LockedMessage, Outcome, Transition};
use domain::updates::StatusUpdate;
use domain::{AttemptId, ClaimId, MessageId, PhoneNumber, TenantId, Wamid};
use jiff::Timestamp;
use store::billing::refunds;
use store::billing::wallet;
use store::contacts;
use store::delivery::states;
use store::whatsapp::accounts;
use store::{Operation, StoreError, TenantTx, delivery::claims, delivery::statuses};

use crate::kernel::platform::{Platform, Timings};
use crate::messages::transition::{self, by_id};
use crate::templates::doubt::doubt;
use crate::whatsapp::pause;

/// One call and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub message: MessageId,
    pub attempt: AttemptId,
    pub outcome: Outcome,
    /// The number under which WhatsApp knows the recipient, where Meta's answer names another than was sent to.
    pub other_number: Option<PhoneNumber>,
}

/// What recording led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// When the first message that did not leave is due again.
    pub again_at: Option<Timestamp>,
    /// Messages whose parked statuses turned out to be failures: their refunds are promised.
    pub promised: Vec<MessageId>,
    /// Meta refused the account, which is on hold now.
    pub is_paused: bool,
    /// A template is on hold since then.
    pub is_template_held: bool,
}

/// Records outcomes of calls, and ends claims of which nothing is left.
pub async fn record(
    platform: &Platform,
    tenant: TenantId,
    sent: Vec<Sent>,
    closes: Vec<ClaimId>,
) -> Result<Recorded, StoreError> {
    let record = Record { sent, closes, timings: platform.timings };
    platform.store.perform(&platform.as_system(tenant), &record).await
}

/// Running it again changes nothing.
pub(crate) struct Record {
    pub sent: Vec<Sent>,
    pub closes: Vec<ClaimId>,
    pub timings: Timings,
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
        let mut locked = by_id(states::lock(tx, &ids).await?);
        let mut transitions = Vec::with_capacity(self.sent.len());
        for sent in &self.sent {
            if let Some(message) = locked.remove(&sent.message) {
                transitions.extend(self.transition(message, sent, tx.now()));
            }
        }
        let parked = self.unpark(tx, &mut transitions).await?;
        transition::write(tx, &transitions).await?;
        let parked: Vec<(MessageId, &StatusUpdate)> =
            parked.iter().map(|(id, update)| (*id, update)).collect();
        statuses::store(tx, &parked).await?;
        let said = self.sent.iter().filter_map(|sent| Some((sent.message, sent.other_number.as_ref()?)));
        contacts::add_addresses(tx, &said.collect::<Vec<_>>()).await?;
        let refused = transition::owed(&transitions, RefundReason::Rejected);
        if !refused.is_empty() {
            refunds::pay(tx, &refused).await?;
        }
        let is_paused = self.pause(tx, &transitions).await?;
        let is_template_held = doubt(tx, self.sent.iter().map(|sent| (sent.message, &sent.outcome))).await?;
        claims::free(tx, &self.closes).await?;
        Ok(Recorded {
            again_at: transitions.iter().filter_map(|transition| transition.retry_at).min(),
            promised: transition::owed(&transitions, RefundReason::Failed),
            is_paused,
            is_template_held,
        })
    }
}

impl Record {
    /// What an outcome changes; `None` when it is about an older attempt and changes nothing.
    fn transition(&self, message: LockedMessage, sent: &Sent, now: Timestamp) -> Option<Transition> {
        let is_current = message.attempt_id == Some(sent.attempt);
        let mut transition = Transition::of(message);
        let (event, reason) = match &sent.outcome {
            Outcome::Accepted(wamid) => {
                transition.wamid = Some(wamid.clone());
                // An older attempt that Meta accepted after all counts like a status of the message.
                (if is_current { Event::Accepted } else { Event::StatusReceived }, RefundReason::Rejected)
            }
            Outcome::Rejected(error) if is_current => {
                transition.error = Some(error.clone());
                (Event::Refused, RefundReason::Rejected)
            }
            Outcome::KnownUnsent { error, .. } if is_current => {
                transition.error.clone_from(error);
                (Event::KnownUnsent, RefundReason::Rejected)
            }
            Outcome::Unknown if is_current => (Event::Lost, RefundReason::Unresolved),
            Outcome::Rejected(_) | Outcome::KnownUnsent { .. } | Outcome::Unknown => return None,
        };
        transition::apply(&mut transition, event, reason).ok()?;
        if let Outcome::KnownUnsent { wait, .. } = &sent.outcome
            && transition.from != transition.message.state
            && transition.refund.is_none()
        {
            let wait = wait.unwrap_or_else(|| {
                self.timings.backoff_after(transition.message.attempt, transition.message.message_id)
            });
            transition.retry_at = Some(now + wait);
        }
        Some(transition)
    }

    /// Takes in the statuses that came before the answers.
    async fn unpark(
        &self,
        tx: &TenantTx,
        transitions: &mut [Transition],
    ) -> Result<Vec<(MessageId, StatusUpdate)>, StoreError> {
        let wamids: Vec<Wamid> =
            transitions.iter().filter_map(|transition| transition.wamid.clone()).collect();
        let names: Vec<&str> = wamids.iter().map(|wamid| wamid.0.as_str()).collect();
        let updates = statuses::unpark(tx, &names).await?;
        let mut parked = Vec::new();
        for transition in transitions {
            let of_this = |update: &&StatusUpdate| Some(&update.wamid) == transition.wamid.as_ref();
            let received: Vec<&StatusUpdate> = updates.iter().filter(of_this).collect();
            if !received.is_empty() && transition::receive(transition, &received).is_ok() {
                parked.extend(
                    received.into_iter().map(|update| (transition.message.message_id, update.clone())),
                );
            }
        }
        Ok(parked)
    }

    /// Stops sending through an account whose token or permission Meta refused.
    async fn pause(&self, tx: &TenantTx, transitions: &[Transition]) -> Result<bool, StoreError> {
        let is_account = |transition: &&Transition| {
            transition.error.as_ref().is_some_and(|error| meta::error::is_about_account(error.code))
        };
        let Some(transition) = transitions.iter().find(is_account) else { return Ok(false) };
        let Some(account) = accounts::of_number(tx, &transition.message.number).await? else {
            return Ok(false);
        };
        let reason = transition
            .error
            .as_ref()
            .map_or_else(String::new, |error| format!("{} {}", error.code, error.text));
        pause::pause(tx, &account.waba_id, &reason).await?;
        Ok(true)
    }
}
