//! The acceptance of a message: its entry in the oracle and the statuses that follow, in one record.

use std::sync::Arc;
use std::time::Duration;

use crate::account::Account;
use crate::digest;
use crate::journal::JournalUnavailable;
use crate::recipients::{Behaviour, PlannedStatus};
use crate::record::{Acceptance, Record};
use crate::sandbox::Sandbox;
use crate::state::State;
use crate::update::{Notice, StatusNotice, Update};

/// A message that passed all checks.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) to: String,
    pub(crate) opaque: Option<String>,
    pub(crate) template: Option<String>,
    /// As in `pricing.category`.
    pub(crate) category: String,
    /// Gets the wamid of the number's previous message.
    pub(crate) repeat_wamid: bool,
    /// Fails with this code instead of what its recipient does.
    pub(crate) failure: Option<i64>,
}

/// What the answer needs.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) wamid: String,
    /// Id of the update with the first status.
    pub(crate) first_update: Option<u64>,
}

/// Accepts in a separate task: a caller that disconnects does not undo it.
pub(crate) async fn accept(
    sandbox: &Arc<Sandbox>,
    account: Arc<Account>,
    message: NewMessage,
    delay_ms: u64,
) -> Result<Accepted, JournalUnavailable> {
    let sandbox = Arc::clone(sandbox);
    let task = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        record(&sandbox, &account, message).await
    });
    task.await.map_err(|_ended| JournalUnavailable)?
}

async fn record(
    sandbox: &Sandbox,
    account: &Account,
    message: NewMessage,
) -> Result<Accepted, JournalUnavailable> {
    let now_ms = sandbox.now_ms();
    sandbox
        .commit(|state| {
            let phone_number_id = &account.phone_number_id;
            let index = state.messages.last_index() + 1;
            let previous = state.messages.last_wamid(phone_number_id).filter(|_wamid| message.repeat_wamid);
            let wamid = previous.unwrap_or_else(|| sandbox.wamid(&message.to, index));
            let updates = if state.settings.auto.on && sandbox.sends_webhooks(account) {
                statuses(state, &message, index, now_ms)
            } else {
                Vec::new()
            };
            let free = message.category == "service"
                && state.messages.has_free_service_message(phone_number_id, now_ms);
            let first_update = updates.first().map(|update| update.id);
            let acceptance = Acceptance {
                index,
                attempt_id: message.opaque,
                wamid: wamid.clone(),
                to: message.to,
                waba_id: account.waba_id.clone(),
                phone_number_id: phone_number_id.clone(),
                template: message.template,
                category: message.category,
                free,
                time_ms: now_ms,
            };
            Ok((Some(Record::Accepted { acceptance, updates }), Accepted { wamid, first_update }))
        })
        .await
}

/// The statuses that follow without an order.
fn statuses(state: &State, message: &NewMessage, index: u64, now_ms: u64) -> Vec<Update> {
    let auto = state.settings.auto;
    let behaviour = Behaviour::of(&message.to);
    let mut planned = match message.failure {
        Some(code) => vec![PlannedStatus::failure(code)],
        None => behaviour.statuses(),
    };
    if auto.duplicate {
        planned = planned.iter().flat_map(|status| [*status, *status]).collect();
    }
    if auto.shuffle {
        planned.sort_by_cached_key(|planned| digest::number(&[&index.to_string(), planned.status.as_str()]));
    }
    // A status that is sent before the answer is due at once; every other one after one more delay.
    let first_delay = u64::from(behaviour != Behaviour::StatusBeforeAnswer);
    let update = |(position, planned): (u64, PlannedStatus)| Update {
        id: state.updates.next_id() + position,
        due_ms: now_ms + (first_delay + position) * auto.delay_ms,
        event_ms: now_ms + (1 + planned.rank) * auto.delay_ms,
        notice: Notice::Status(StatusNotice {
            index,
            status: planned.status,
            error_code: planned.error_code,
            omit_opaque: false,
            pricing: None,
            conversation: None,
        }),
    };
    (0..).zip(planned).map(update).collect()
}
