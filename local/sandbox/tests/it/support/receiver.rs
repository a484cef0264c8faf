//! A receiver of webhooks, which checks signatures and can delay or refuse its answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{APP_SECRET, TIMEOUT, VERIFY_TOKEN};

#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) received: Instant,
    pub(crate) answered: u16,
    pub(crate) body: Value,
}

/// One status of a webhook that was answered with 200.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) wamid: String,
    pub(crate) name: String,
    pub(crate) opaque: Option<String>,
    pub(crate) error: Option<i64>,
    pub(crate) phone_id: String,
    pub(crate) raw: Value,
}

#[derive(Default)]
struct Received {
    posts: Vec<Post>,
    handshakes: usize,
    /// The answers to the next POSTs; all later ones are answered with 200.
    answers: VecDeque<u16>,
}

struct Shared {
    received: Mutex<Received>,
    changed: watch::Sender<()>,
    /// POSTs are answered while it is true.
    answers: watch::Sender<bool>,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    address: String,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address").to_string();
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            changed: watch::Sender::new(()),
            answers: watch::Sender::new(true),
        });
        let router =
            Router::new().route("/webhook", get(handshake).post(receive)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/webhook", self.address)
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        self.shared.received.lock().expect("no test panics while it holds the lock")
    }

    /// Sets the answers to the next POSTs; all later ones are answered with 200.
    pub(crate) fn answer_next(&self, answers: &[u16]) {
        self.received().answers = answers.iter().copied().collect();
    }

    /// Receives POSTs without answering them until [`Receiver::release_answers`].
    pub(crate) fn hold_answers(&self) {
        self.shared.answers.send_replace(false);
    }

    pub(crate) fn release_answers(&self) {
        self.shared.answers.send_replace(true);
    }

    pub(crate) fn handshakes(&self) -> usize {
        self.received().handshakes
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.received().posts.clone()
    }

    /// Every change of a field in the POSTs that were answered with 200.
    pub(crate) fn changes(&self, field: &str) -> Vec<Value> {
        let delivered = self.posts().into_iter().filter(|post| post.answered == 200);
        delivered.flat_map(|post| changes_of(&post.body, field)).collect()
    }

    /// Every status that was answered with 200, in the order of arrival.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.changes("messages").iter().flat_map(statuses_of).collect()
    }

    /// The statuses of one message.
    pub(crate) fn statuses_of(&self, wamid: &str) -> Vec<String> {
        let about = self.statuses().into_iter().filter(|status| status.wamid == wamid);
        about.map(|status| status.name).collect()
    }

    /// Waits for a condition, and fails the test when it does not hold in time.
    pub(crate) async fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        let waiting = async {
            while !condition(self) {
                changed.changed().await.expect("the receiver is running");
            }
        };
        let result = tokio::time::timeout(TIMEOUT, waiting).await;
        assert!(result.is_ok(), "waited in vain for {what}: {:#?}", self.posts());
    }

    /// Waits until a message has at least `count` statuses, and returns them.
    pub(crate) async fn wait_for_statuses(&self, wamid: &str, count: usize) -> Vec<String> {
        self.wait_until("the statuses", |receiver| receiver.statuses_of(wamid).len() >= count).await;
        self.statuses_of(wamid)
    }
}

async fn handshake(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
) -> (StatusCode, String) {
    let parameter =
        |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    shared.received.lock().expect("no test panics while it holds the lock").handshakes += 1;
    if parameter("hub.mode") == "subscribe" && parameter("hub.verify_token") == VERIFY_TOKEN {
        return (StatusCode::OK, parameter("hub.challenge").to_owned());
    }
    (StatusCode::FORBIDDEN, String::new())
}

/// Refuses bodies without a valid signature.
async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let time = Instant::now();
    let header = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signature = hex::decode(header.strip_prefix("sha256=").unwrap_or_default()).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    let signed = hmac::verify(&key, &body, &signature).is_ok();
    let answered = {
        let mut received = shared.received.lock().expect("no test panics while it holds the lock");
        let answered = if signed { received.answers.pop_front().unwrap_or(200) } else { 401 };
        let body = serde_json::from_slice(&body).expect("a webhook is JSON");
        received.posts.push(Post { received: time, answered, body });
        answered
    };
    shared.changed.send_replace(());
    shared.answers.subscribe().wait_for(|answers| *answers).await.expect("the receiver is running");
    StatusCode::from_u16(answered).expect("tests use valid statuses")
}

/// The values of one field in a webhook, each with its entry's id and time.
fn changes_of(body: &Value, field: &str) -> Vec<Value> {
    assert_eq!(body["object"], "whatsapp_business_account");
    let mut found = Vec::new();
    for entry in body["entry"].as_array().expect("a webhook has entries") {
        for change in entry["changes"].as_array().expect("an entry has changes") {
            if change["field"] == field {
                let mut value = change["value"].clone();
                value["entry_id"] = entry["id"].clone();
                value["entry_time"] = entry["time"].clone();
                found.push(value);
            }
        }
    }
    found
}

/// The statuses of one change.
pub(crate) fn statuses_of(value: &Value) -> Vec<Status> {
    assert_eq!(value["messaging_product"], "whatsapp");
    let phone_id = value["metadata"]["phone_number_id"].as_str().expect("a change names its number");
    let status = |raw: &Value| Status {
        wamid: raw["id"].as_str().expect("a status names its message").to_owned(),
        name: raw["status"].as_str().expect("a status has its name").to_owned(),
        opaque: raw["biz_opaque_callback_data"].as_str().map(str::to_owned),
        error: raw["errors"][0]["code"].as_i64(),
        phone_id: phone_id.to_owned(),
        raw: raw.clone(),
    };
    // A change with inbound messages has no statuses.
    value["statuses"].as_array().map_or_else(Vec::new, |list| list.iter().map(status).collect())
}
