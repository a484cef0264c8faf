//! Cancelling a message that was not sent yet.

use domain::messages::DispatchState;
use domain::problem::Kind;
use domain::{MessageId, Problem};
use store::messages;
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::kernel::permit::Sender;
use crate::kernel::platform::Platform;

/// Why a message was not cancelled.
#[derive(Debug, Error)]
pub enum CancelError {
    /// The tenant has no such message.
    #[error("there is no such message")]
    NotFound,
    /// It is being sent, or reached its final state.
    #[error("the message is {0} and can no longer be cancelled")]
    TooLate(DispatchState),
    /// The database.
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
pub async fn cancel_message(platform: &Platform, by: &Sender, message: MessageId) -> Result<(), CancelError> {
    let cancel = CancelMessage { message };
    platform.store.perform(&platform.act(by), &cancel).await
}

struct CancelMessage {
    message: MessageId,
}

impl Operation for CancelMessage {
    const NAME: &'static str = "cancel_message";
    type Done = ();
    type Error = CancelError;

    async fn run(&self, tx: &TenantTx) -> Result<(), CancelError> {
        if messages::cancel(tx, self.message).await? {
            return Ok(());
        }
        let message = messages::find(tx, self.message).await?.ok_or(CancelError::NotFound)?;
        match message.state {
            DispatchState::Cancelled => Ok(()),
            state => Err(CancelError::TooLate(state)),
        }
    }
}
