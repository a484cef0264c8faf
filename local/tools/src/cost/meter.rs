//! Counts what a machine uses, from outside, so that no function knows that it is counted.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use cloud::{Cloud, CloudError, Events, Message, Queue, Queues, ReceivedMessage, Timers};
use domain::Timer;
use domain::events::DomainEvent;
use meta::queued::QueuedBatch;
use store::{Moment, Store};
use tidings::machine::Machine;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::bill::billed_sends;
use super::counts::{COMMITS, Counts};

/// Operations of the queues, which are not on Postgres in the cloud, and of the run itself.
const NOT_IN_THE_CLOUD: [&str; 10] = [
    "send",
    "receive",
    "acknowledge",
    "postpone",
    "park",
    "set_timer",
    "due_timers",
    "fired",
    "depths",
    "audit",
];

/// The counts so far. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Meter(Arc<Mutex<Counts>>);

impl Meter {
    pub fn add(&self, name: &str, more: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(name, more);
    }

    /// One call and its milliseconds here.
    pub fn add_call(&self, name: &str, start: Instant) {
        self.add(name, 1);
        self.add(&format!("{name}, ms"), u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
    }

    /// Requests as SQS bills them. Mail is not a tenant's message.
    pub fn add_requests(&self, queue: Queue, what: &str, more: u64) {
        if queue != Queue::Mail {
            self.add(&format!("{}: {what}", queue.name()), more);
        }
    }

    /// The counts since the last call.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn around_store(&self, store: Store) -> Store {
        let meter = self.clone();
        store.with_cut(move |operation, moment| {
            if moment == Moment::AfterCommit && !NOT_IN_THE_CLOUD.contains(&operation) {
                meter.add(&format!("{COMMITS}{operation}"), 1);
            }
            false
        })
    }

    pub fn around_machine(&self, mut machine: Machine) -> Machine {
        let counted = Arc::new(Counted { meter: self.clone(), inner: machine.platform.cloud.clone() });
        let cloud = Cloud { queues: counted.clone(), timers: counted.clone(), events: counted };
        machine.platform.cloud = cloud.clone();
        machine.app.platform.cloud = cloud.clone();
        machine.mailer.platform.cloud = cloud.clone();
        machine.webhook.queues = cloud.queues;
        machine
    }

    pub fn around_router(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), count_request))
    }

    /// Passes connections on to Meta's sandbox and counts their bytes.
    pub async fn pass(self, listener: TcpListener, to: SocketAddr) {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(to).await else { continue };
            // Otherwise a small answer waits for more bytes, and a dispatch seems slow.
            if near.set_nodelay(true).and_then(|()| far.set_nodelay(true)).is_err() {
                continue;
            }
            self.add("connections to Meta", 1);
            let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
            tokio::spawn(copy(near_read, far_write, self.clone(), "bytes to Meta"));
            tokio::spawn(copy(far_read, near_write, self.clone(), "bytes from Meta"));
        }
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    meter: Meter,
    name: &'static str,
) {
    let mut buffer = vec![0; 16_384];
    while let Ok(read) = from.read(&mut buffer).await {
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() || to.write_all(bytes).await.is_err() {
            return;
        }
        meter.add(name, whole(read));
    }
}

async fn count_request(State(meter): State<Meter>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let start = Instant::now();
    let response = next.run(request).await;
    match path.as_str() {
        "/messages" | "/messages/schedule" => meter.add_call("API requests", start),
        "/webhook/meta" => meter.add_call("webhooks", start),
        _others => {}
    }
    response
}

struct Counted {
    meter: Meter,
    inner: Cloud,
}

/// Meta does not promise to pack, so every status is queued as if it had come in its own POST.
pub(super) fn one_status_each(messages: Vec<Message>) -> Vec<Message> {
    let split = |message: Message| match serde_json::from_str::<QueuedBatch>(&message.body) {
        Ok(batch) => batch
            .updates
            .into_iter()
            .filter_map(|update| serde_json::to_string(&QueuedBatch { updates: vec![update] }).ok())
            .map(|body| Message { body, ..message.clone() })
            .collect(),
        Err(_not_a_batch) => vec![message],
    };
    messages.into_iter().flat_map(split).collect()
}

#[async_trait]
impl Queues for Counted {
    async fn send(&self, queue: Queue, messages: Vec<Message>, delay: Duration) -> Result<(), CloudError> {
        let (messages, requests) = if queue == Queue::Updates {
            let messages = one_status_each(messages);
            let each = whole(messages.len());
            self.meter.add("statuses", each);
            (messages, each)
        } else {
            let bytes = messages.iter().map(|message| message.body.len()).sum::<usize>();
            let requests = billed_sends(whole(messages.len()), whole(bytes));
            (messages, requests)
        };
        self.meter.add_requests(queue, "sends", requests);
        self.inner.queues.send(queue, messages, delay).await
    }

    async fn postpone(&self, queue: Queue, receipt: &str, delay: Duration) -> Result<(), CloudError> {
        self.meter.add_requests(queue, "sends", 1);
        self.inner.queues.postpone(queue, receipt, delay).await
    }

    async fn note_failure(&self, queue: Queue, receipt: &str, why: &str) -> Result<(), CloudError> {
        self.inner.queues.note_failure(queue, receipt, why).await
    }

    async fn park(&self, queue: Queue, received: ReceivedMessage, reason: &str) -> Result<(), CloudError> {
        self.meter.add_requests(queue, "sends", 1);
        self.inner.queues.park(queue, received, reason).await
    }
}

#[async_trait]
impl Timers for Counted {
    async fn set(&self, timer: Timer) -> Result<(), CloudError> {
        self.meter.add("schedules", 1);
        self.inner.timers.set(timer).await
    }
}

#[async_trait]
impl Events for Counted {
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError> {
        self.meter.add("events", whole(events.len()));
        self.inner.events.publish(events).await
    }
}

pub(super) fn whole(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
