//! Cancelling a message before it is sent. One that was debited already is withdrawn, and its refund is promised.

use domain::billing::RefundReason;
use domain::messages::{DispatchState, Event, Transition};
use domain::problem::Kind;
use domain::{MessageId, Problem};
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::delivery::states;
use store::messages;
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::billing::refund::enqueue_refunds;
use crate::kernel::permit::MessageCanceller;
use crate::kernel::platform::Platform;
use crate::messages::transition;

/// Why a message was not cancelled.
#[derive(Debug, Error)]
pub enum CancelError {
    /// The tenant has no such message.
    #[error("there is no such message")]
    NotFound,
    /// A call to Meta may be under way, or it is at its end.
    #[error("the message is {0} and can no longer be cancelled")]
    TooLate(DispatchState),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotFound => Self::new(Kind::NotFound),
            CancelError::TooLate(_) => Self::new(Kind::Conflict).with_detail(error),
            CancelError::Store(error) => error.into(),
        }
    }
}

/// Cancels a message; doing it again changes nothing and succeeds.
pub async fn cancel_message(
    platform: &Platform,
    permit: &MessageCanceller,
    message: MessageId,
) -> Result<(), CancelError> {
    let act = platform.act(permit);
    let promised = platform.store.perform(&act, &CancelMessage { message }).await?;
    enqueue_refunds(platform, act.tenant, promised).await;
    Ok(())
}

struct CancelMessage {
    message: MessageId,
}

impl Operation for CancelMessage {
    const NAME: &'static str = "cancel_message";
    /// Messages whose refunds are promised now.
    type Done = Vec<MessageId>;
    type Error = CancelError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<MessageId>, CancelError> {
        let promised = cancel(tx, self.message).await?;
        let entry = NewEntry::new("message.cancel", format!("message:{}", self.message), json!({}));
        audit_log::append(tx, &entry).await?;
        Ok(promised)
    }
}

/// Cancels a message; returns it when its refund is promised now.
pub(crate) async fn cancel(tx: &TenantTx, message: MessageId) -> Result<Vec<MessageId>, CancelError> {
    // The waiting row goes first, as in a claim, so that the two never wait for each other crosswise.
    messages::remove_waiting(tx, message).await?;
    let locked = states::lock(tx, &[message]).await?.pop().ok_or(CancelError::NotFound)?;
    match locked.state {
        DispatchState::Pending | DispatchState::Reserved => {}
        DispatchState::Cancelled => return Ok(Vec::new()),
        DispatchState::Rejected if is_withdrawn(tx, message).await? => return Ok(Vec::new()),
        state @ (DispatchState::Sending
        | DispatchState::Accepted
        | DispatchState::Rejected
        | DispatchState::Unknown
        | DispatchState::NoFunds
        | DispatchState::RefundedUnresolved) => return Err(CancelError::TooLate(state)),
    }
    let state = locked.state;
    let mut withdrawal = Transition::of(locked);
    transition::apply(&mut withdrawal, Event::Withdrawn, RefundReason::Withdrawn)
        .map_err(|_impossible| CancelError::TooLate(state))?;
    transition::write(tx, std::slice::from_ref(&withdrawal)).await?;
    Ok(transition::owed(&[withdrawal], RefundReason::Withdrawn))
}

async fn is_withdrawn(tx: &TenantTx, message: MessageId) -> Result<bool, StoreError> {
    Ok(messages::find(tx, message).await?.is_some_and(|message| message.is_withdrawn))
}
