//! E-mails about domain events from the queue.
//!
//! Each has a row that says what became of it ([`ops::access::mailing`]), so that an event that comes twice sends one. The
//! link's secret is made when the e-mail is written, and is in no queue and no log (I29).

mod balance_low;
mod email;
mod state_email;
mod transport;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::Queue;
use domain::events::DomainEvent;
use domain::with_causes;
use jiff::{SignedDuration, Timestamp};
use ops::Platform;
use ops::access::mailing::{self, Begun, Draft};
use runtime::{RecordOutcome, Records};
use store::StoreError;
use thiserror::Error;

pub use email::{Sender, check_sender};
pub use transport::{Login, Server, Transport, TransportError};

/// How long an e-mail waits that the mail server refused for now (a 4xx code): long enough for greylisting.
const BUSY_FOR: SignedDuration = SignedDuration::from_mins(5);

/// What e-mails are written with.
#[derive(Clone, Debug)]
pub struct Mailer {
    pub platform: Platform,
    pub transport: Arc<Transport>,
    pub sender: Sender,
}

impl Mailer {
    /// From this address, with links to the public address of the API.
    pub fn new(platform: Platform, transport: Transport, from: String, public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self { platform, transport: Arc::new(transport), sender: Sender { from, public_url } }
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
    match &event {
        DomainEvent::BalanceLow { tenant_id, threshold, balance } => {
            return outcome(balance_low::send(mailer, *tenant_id, (*threshold, *balance)).await);
        }
        DomainEvent::TenantStateChanged { tenant_id, before, after, reason } => {
            return outcome(state_email::send(mailer, *tenant_id, (*before, *after), reason).await);
        }
        DomainEvent::TenantProvisioned { .. }
        | DomainEvent::UserInvited { .. }
        | DomainEvent::EmailQueued { .. }
        | DomainEvent::WhatsappPaused { .. } => {}
    }
    let draft = match mailing::begin(&mailer.platform, event).await? {
        Begun::Nothing => return Ok(RecordOutcome::Done),
        Begun::Later(delay) => {
            let reason = "another process is sending the e-mail".to_owned();
            return Ok(RecordOutcome::RetryAfter { delay, reason });
        }
        Begun::Send(draft) => draft,
    };
    let (id, kind, tenant) = (draft.email_id, draft.kind, draft.tenant_id);
    match send(&draft, mailer).await {
        Ok(()) => {
            mailing::sent(&mailer.platform, id).await?;
            tracing::info!(%tenant, email = %id, %kind, "An e-mail was sent.");
            Ok(RecordOutcome::Done)
        }
        Err(error) => {
            mailing::failed(&mailer.platform, id, with_causes(&error), error.is_final()).await?;
            outcome(Err(error.into()))
        }
    }
}

/// What becomes of the event of an e-mail that was sent, or was not.
fn outcome(sent: Result<(), MailError>) -> Result<RecordOutcome, MailError> {
    match sent {
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

async fn send(draft: &Draft, mailer: &Mailer) -> Result<(), TransportError> {
    mailer.transport.send(mailer.sender.message(draft)?).await
}
