//! E-mails about domain events from the queue.
//!
//! At least once: an event that comes twice may be mailed twice, and then the newer link is valid. The link's secret is made
//! here, when the e-mail is written, and is in no queue and no log (I29).

mod balance_low;
mod email;
mod transport;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::Queue;
use domain::events::DomainEvent;
use domain::{TenantId, UserId, with_causes};
use jiff::{SignedDuration, Timestamp};
use ops::Platform;
use ops::access::invite::invite;
use runtime::{RecordOutcome, Records};
use store::StoreError;
use thiserror::Error;

use crate::email::Email;
pub use email::check_sender;
pub use transport::{Login, Server, Transport, TransportError};

/// How long an e-mail waits that the mail server refused for now (a 4xx code): long enough for greylisting.
const BUSY_FOR: SignedDuration = SignedDuration::from_mins(5);

/// What e-mails are written with.
#[derive(Clone, Debug)]
pub struct Mailer {
    pub platform: Platform,
    pub transport: Arc<Transport>,
    /// The sender's address.
    pub from: String,
    /// Where people set their password; the secret is appended.
    pub set_password_url: String,
}

impl Mailer {
    /// From this address, with links to the public address of the API.
    pub fn new(platform: Platform, transport: Transport, from: String, public_url: &str) -> Self {
        let set_password_url = format!("{}/auth/set-password#", public_url.trim_end_matches('/'));
        Self { platform, transport: Arc::new(transport), from, set_password_url }
    }
}

/// Why an e-mail did not leave.
#[derive(Debug, Error)]
pub enum MailError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Events from the queue.
pub async fn on_queue(event: SqsEvent, mailer: &Mailer, until: Timestamp) -> SqsBatchResponse {
    let is_time = || mailer.platform.clock.now() < until;
    let records = Records { event, queue: Queue::Mail, queues: &*mailer.platform.cloud.queues };
    runtime::each_record(records, is_time, |event: DomainEvent| handle(event, mailer)).await
}

async fn handle(event: DomainEvent, mailer: &Mailer) -> Result<RecordOutcome, MailError> {
    match write(event, mailer).await {
        Ok(()) => Ok(RecordOutcome::Done),
        Err(MailError::Transport(error)) if error.is_final() => {
            Ok(RecordOutcome::Park { reason: with_causes(&error) })
        }
        Err(MailError::Transport(error)) if error.is_busy() => {
            let reason = with_causes(&error);
            tracing::warn!(error = reason, "The mail server refused an e-mail for now.");
            Ok(RecordOutcome::RetryAfter { delay: BUSY_FOR, reason })
        }
        Err(error) => Err(error),
    }
}

async fn write(event: DomainEvent, mailer: &Mailer) -> Result<(), MailError> {
    match event {
        DomainEvent::TenantProvisioned { tenant_id, user_id, email, tenant_name } => {
            send_link(mailer, (tenant_id, user_id), &email, &Email::welcome(&tenant_name)).await
        }
        DomainEvent::UserInvited { tenant_id, user_id, email } => {
            send_link(mailer, (tenant_id, user_id), &email, &Email::invitation()).await
        }
        DomainEvent::BalanceLow { tenant_id, threshold, balance } => {
            balance_low::send(mailer, tenant_id, (threshold, balance)).await
        }
        // Nothing is written about it; the bus has it for others.
        DomainEvent::WhatsappPaused { .. } => Ok(()),
    }
}

/// Sends a user a link to choose a password, unless there is a password already.
async fn send_link(
    mailer: &Mailer,
    (tenant, user): (TenantId, UserId),
    to: &str,
    email: &Email,
) -> Result<(), MailError> {
    let Some(secret) = invite(&mailer.platform, tenant, user).await? else {
        tracing::info!(%tenant, %user, "The user has a password already; no e-mail is sent.");
        return Ok(());
    };
    let link = format!("{}{secret}", mailer.set_password_url);
    mailer.transport.send(email.message(&mailer.from, to, &link)?).await?;
    tracing::info!(%tenant, %user, "An e-mail with a link to choose a password was sent.");
    Ok(())
}
