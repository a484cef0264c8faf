//! Withdrawing a message that still waits.

use domain::messages::DispatchState;
use domain::{MessageId, TenantId};
use jiff::Timestamp;
use store::messages;
use store::{Operation, Scope, StoreError, Tx};
use thiserror::Error;

use crate::access::permit::Sender;
use crate::kernel::platform::Platform;

/// Why a message was not withdrawn.
#[derive(Debug, Error)]
pub enum CancelError {
    /// The tenant has no such message.
    #[error("there is no such message")]
    NotFound,
    /// It is on its way or at its end.
    #[error("the message is {0} and cannot be withdrawn any more")]
    TooLate(DispatchState),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Withdraws a message; doing it again changes nothing and succeeds.
pub async fn cancel_message(platform: &Platform, by: &Sender, message: MessageId) -> Result<(), CancelError> {
    let tenant = by.tenant();
    let cancel = CancelMessage { tenant, message, now: platform.clock.now() };
    platform.store.perform(Scope::Tenant(tenant), &cancel).await
}

struct CancelMessage {
    tenant: TenantId,
    message: MessageId,
    now: Timestamp,
}

impl Operation for CancelMessage {
    const NAME: &'static str = "cancel_message";
    type Done = ();
    type Error = CancelError;

    async fn run(&self, tx: &Tx) -> Result<(), CancelError> {
        if messages::cancel(tx, self.tenant, self.message, self.now).await? {
            return Ok(());
        }
        let message = messages::find(tx, self.tenant, self.message).await?.ok_or(CancelError::NotFound)?;
        match message.state {
            DispatchState::Cancelled => Ok(()),
            state => Err(CancelError::TooLate(state)),
        }
    }
}
