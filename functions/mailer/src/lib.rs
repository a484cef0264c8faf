//! Domain events from the queue, written to people.
//!
//! At least once: an event that comes twice may be mailed twice, and then the newer link counts. The link's secret is
//! made here, in the moment of writing, and stands in no queue and no log (I29).

mod letter;
mod transport;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::events::DomainEvent;
use jiff::Timestamp;
use ops::Platform;
use ops::access::invite::invite;
use store::StoreError;
use thiserror::Error;

pub use transport::{Login, Server, Transport, TransportError};

/// Who writes, and how.
#[derive(Clone, Debug)]
pub struct Mailer {
    /// What operations run on.
    pub platform: Platform,
    /// How a letter leaves.
    pub transport: Arc<Transport>,
    /// The sender's address.
    pub from: String,
    /// Where people set their password; the secret is appended.
    pub set_password_url: String,
}

impl Mailer {
    /// From this address, with links to where the API is reached from outside.
    pub fn new(platform: Platform, transport: Transport, from: String, public_url: &str) -> Self {
        let set_password_url = format!("{}/auth/set-password#", public_url.trim_end_matches('/'));
        Self { platform, transport: Arc::new(transport), from, set_password_url }
    }
}

/// Why a letter did not leave; it is tried again.
#[derive(Debug, Error)]
pub enum MailError {
    /// It could not be handed over.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Events from the queue.
pub async fn on_queue(event: SqsEvent, mailer: &Mailer, until: Timestamp) -> SqsBatchResponse {
    let is_time = || mailer.platform.clock.now() < until;
    runtime::each_record(event, is_time, |event: DomainEvent| write(event, mailer)).await
}

async fn write(event: DomainEvent, mailer: &Mailer) -> Result<(), MailError> {
    match event {
        DomainEvent::TenantProvisioned { tenant_id, user_id, email, tenant_name } => {
            let Some(secret) = invite(&mailer.platform, tenant_id, user_id).await? else {
                tracing::info!(tenant = %tenant_id, "the owner has chosen a password already: no letter");
                return Ok(());
            };
            let link = format!("{}{secret}", mailer.set_password_url);
            let letter = letter::welcome(&mailer.from, &email, &tenant_name, &link)?;
            mailer.transport.send(letter).await?;
            tracing::info!(tenant = %tenant_id, "the owner was written to");
            Ok(())
        }
    }
}
