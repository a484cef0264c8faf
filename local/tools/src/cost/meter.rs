//! Counts what passes: put around the doors of a machine from outside, so that no function knows that it is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use cloud::{Cloud, CloudError, Events, Message, Queue, Queues, WakeUps};
use domain::Batch;
use domain::events::DomainEvent;
use domain::updates::UpdateBatch;
use store::{Moment, Store};

use super::counts::{Calls, Counts, QueueCounts};
use super::model::billed_sends;
use tidings::machine::Machine;

/// Operations of the queues that stand on Postgres here and on SQS and Scheduler in the cloud, and of the run itself.
const NOT_IN_THE_CLOUD: [&str; 8] =
    ["send", "receive", "acknowledge", "schedule", "due_wake_ups", "fired", "depths", "audit"];

/// The counts so far. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Counts>>);

impl Meter {
    /// Writes something down.
    pub fn note(&self, write: impl FnOnce(&mut Counts)) {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Writes something down of a queue, unless it is mail, which is no message of a tenant's.
    pub fn note_queue(&self, queue: Queue, write: impl FnOnce(&mut QueueCounts)) {
        self.note(|counts| match queue {
            Queue::WakeUps => write(&mut counts.wake_ups),
            Queue::Updates => write(&mut counts.updates),
            Queue::Refunds => write(&mut counts.refunds),
            Queue::Mail => {}
        });
    }

    /// The counts since the last time.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A store whose commits are counted by operation.
    pub fn around_store(&self, store: Store) -> Store {
        let meter = self.clone();
        store.with_cut(move |operation, moment| {
            if moment == Moment::AfterCommit && !NOT_IN_THE_CLOUD.contains(&operation) {
                meter.note(|counts| *counts.transactions.entry(operation.to_owned()).or_default() += 1);
            }
            false
        })
    }

    /// A machine whose queues, schedules and events are counted.
    #[must_use]
    pub fn around_machine(&self, mut machine: Machine) -> Machine {
        let counted = Counted { meter: self.clone(), inner: machine.platform.cloud.clone() };
        let cloud = Cloud {
            queues: Arc::new(counted.clone()),
            wake_ups: Arc::new(counted.clone()),
            events: Arc::new(counted),
        };
        machine.platform.cloud = cloud.clone();
        machine.app.platform.cloud = cloud.clone();
        machine.mailer.platform.cloud = cloud.clone();
        machine.webhook.queues = cloud.queues;
        machine
    }

    /// A router whose accepted messages and webhooks are counted.
    pub fn around_router(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), count_request))
    }
}

async fn count_request(State(meter): State<Meter>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let start = Instant::now();
    let response = next.run(request).await;
    meter.note(|counts| match path.as_str() {
        "/messages" | "/messages/schedule" => counts.accepts.add(start.elapsed()),
        "/webhook/meta" => counts.webhooks.add(start.elapsed()),
        _others => {}
    });
    response
}

impl Calls {
    /// One more.
    pub fn add(&mut self, taken: Duration) {
        self.count += 1;
        self.milliseconds += u64::try_from(taken.as_millis()).unwrap_or(u64::MAX);
    }
}

impl Counts {
    /// Committed transactions in all.
    pub fn committed(&self) -> u64 {
        self.transactions.values().sum()
    }

    /// Committed transactions of these operations.
    pub fn committed_of(&self, operations: &[&str]) -> u64 {
        operations.iter().filter_map(|name| self.transactions.get(*name)).sum()
    }

    /// Committed transactions, the most first.
    pub fn operations(&self) -> Vec<(&str, u64)> {
        let by_name: &BTreeMap<String, u64> = &self.transactions;
        let mut operations: Vec<(&str, u64)> =
            by_name.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        operations.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        operations
    }
}

#[derive(Clone)]
struct Counted {
    meter: Meter,
    inner: Cloud,
}

/// Meta promises no packing, so every status is put on the queue as if it had come in a POST of its own.
fn one_status_each(messages: Vec<Message>) -> Vec<Message> {
    let split = |message: Message| match serde_json::from_str::<UpdateBatch>(&message.body) {
        Ok(batch) => batch
            .updates
            .into_iter()
            .filter_map(|update| serde_json::to_string(&UpdateBatch { updates: vec![update] }).ok())
            .map(|body| Message { body, ..message.clone() })
            .collect(),
        Err(_no_batch) => vec![message],
    };
    messages.into_iter().flat_map(split).collect()
}

#[async_trait]
impl Queues for Counted {
    async fn send(&self, queue: Queue, messages: Vec<Message>, delay: Duration) -> Result<(), CloudError> {
        let (messages, requests) = if queue == Queue::Updates {
            let messages = one_status_each(messages);
            let each = whole(messages.len());
            (messages, each)
        } else {
            let bytes = messages.iter().map(|message| message.body.len()).sum::<usize>();
            let requests = billed_sends(whole(messages.len()), whole(bytes));
            (messages, requests)
        };
        if queue == Queue::Updates {
            self.meter.note(|counts| counts.statuses += whole(messages.len()));
        }
        self.meter.note_queue(queue, |of| {
            of.messages += whole(messages.len());
            of.sends += requests;
        });
        self.inner.queues.send(queue, messages, delay).await
    }
}

#[async_trait]
impl WakeUps for Counted {
    async fn schedule(&self, batch: Batch) -> Result<(), CloudError> {
        self.meter.note(|counts| counts.schedules += 1);
        self.inner.wake_ups.schedule(batch).await
    }
}

#[async_trait]
impl Events for Counted {
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError> {
        self.meter.note(|counts| counts.events += whole(events.len()));
        self.inner.events.publish(events).await
    }
}

/// A length as a count.
pub fn whole(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use cloud::Group;
    use domain::updates::{UnhandledUpdate, Update};

    use super::*;

    #[test]
    fn every_update_travels_in_a_message_of_its_own() {
        let update = |n: u32| Update::Unhandled(UnhandledUpdate { reason: n.to_string(), raw: n.into() });
        let batch = UpdateBatch { updates: (0..3).map(update).collect() };
        let message = |body| Message::new(Group::named("somebody"), body);
        let sent = [serde_json::to_string(&batch).unwrap(), "no batch".to_owned()].map(message);
        let messages = one_status_each(sent.into());
        assert_eq!(messages.len(), 4);
        let third: UpdateBatch = serde_json::from_str(&messages[2].body).unwrap();
        assert_eq!((third.updates, messages[3].body.as_str()), (vec![update(2)], "no batch"));
        assert!(messages.iter().all(|message| message.group.as_str() == "somebody"));
    }
}
