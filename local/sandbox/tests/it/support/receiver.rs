//! The receiver of webhooks: checks what a product has to check, and can be away for a while.

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

use super::{APP_SECRET, PATIENCE, VERIFY_TOKEN};

/// One POST.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) at: Instant,
    pub(crate) answered: u16,
    pub(crate) body: Value,
}

/// One status of a webhook that was taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) wamid: String,
    pub(crate) word: String,
    pub(crate) opaque: Option<String>,
    pub(crate) error: Option<i64>,
    pub(crate) phone_id: String,
    pub(crate) raw: Value,
}

#[derive(Default)]
struct Seen {
    hooks: Vec<Hook>,
    handshakes: usize,
    /// What the next POSTs are answered; then 200.
    answers: VecDeque<u16>,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: watch::Sender<()>,
    /// POSTs are answered while it is true.
    open: watch::Sender<bool>,
}

/// Listens for webhooks.
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
            seen: Mutex::default(),
            changed: watch::Sender::new(()),
            open: watch::Sender::new(true),
        });
        let router = Router::new().route("/hook", get(handshake).post(take)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().expect("no test panics while it looks")
    }

    /// Answers the next POSTs so, and then 200 again.
    pub(crate) fn answer_next(&self, answers: &[u16]) {
        self.seen().answers = answers.iter().copied().collect();
    }

    /// Takes POSTs in, but does not answer them until [`Receiver::open`].
    pub(crate) fn shut(&self) {
        self.shared.open.send_replace(false);
    }

    /// Answers everything that waits.
    pub(crate) fn open(&self) {
        self.shared.open.send_replace(true);
    }

    pub(crate) fn handshakes(&self) -> usize {
        self.seen().handshakes
    }

    /// Every POST so far.
    pub(crate) fn hooks(&self) -> Vec<Hook> {
        self.seen().hooks.clone()
    }

    /// Every change of a field in the POSTs that were taken.
    pub(crate) fn changes(&self, field: &str) -> Vec<Value> {
        let taken = self.hooks().into_iter().filter(|hook| hook.answered == 200);
        taken.flat_map(|hook| changes_of(&hook.body, field)).collect()
    }

    /// Every status that was taken, in the order of their coming.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.changes("messages").iter().flat_map(statuses_of).collect()
    }

    /// The words about one message.
    pub(crate) fn words(&self, wamid: &str) -> Vec<String> {
        let about = self.statuses().into_iter().filter(|status| status.wamid == wamid);
        about.map(|status| status.word).collect()
    }

    /// Waits until something is so; fails the test when it does not come.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        let waiting = async {
            while !holds(self) {
                changed.changed().await.expect("the receiver lives");
            }
        };
        let came = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(came.is_ok(), "{what} did not come: {:#?}", self.hooks());
    }

    /// Waits until a message has so many statuses, and returns their words.
    pub(crate) async fn words_of(&self, wamid: &str, count: usize) -> Vec<String> {
        self.until("the statuses", |receiver| receiver.words(wamid).len() >= count).await;
        self.words(wamid)
    }
}

async fn handshake(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
) -> (StatusCode, String) {
    let of = |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    shared.seen.lock().expect("no test panics while it looks").handshakes += 1;
    if of("hub.mode") == "subscribe" && of("hub.verify_token") == VERIFY_TOKEN {
        return (StatusCode::OK, of("hub.challenge").to_owned());
    }
    (StatusCode::FORBIDDEN, String::new())
}

/// Only signed bodies count: the others are refused, and a test that waits for them fails.
async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let header = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signature = hex::decode(header.strip_prefix("sha256=").unwrap_or_default()).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    let signed = hmac::verify(&key, &body, &signature).is_ok();
    let answered = {
        let mut seen = shared.seen.lock().expect("no test panics while it looks");
        let answered = if signed { seen.answers.pop_front().unwrap_or(200) } else { 401 };
        let body = serde_json::from_slice(&body).expect("a webhook is JSON");
        seen.hooks.push(Hook { at, answered, body });
        answered
    };
    shared.changed.send_replace(());
    shared.open.subscribe().wait_for(|open| *open).await.expect("the receiver lives");
    StatusCode::from_u16(answered).expect("a test orders real statuses")
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
    let one = |raw: &Value| Status {
        wamid: raw["id"].as_str().expect("a status names its message").to_owned(),
        word: raw["status"].as_str().expect("a status has a word").to_owned(),
        opaque: raw["biz_opaque_callback_data"].as_str().map(str::to_owned),
        error: raw["errors"][0]["code"].as_i64(),
        phone_id: phone_id.to_owned(),
        raw: raw.clone(),
    };
    // A change about inbound messages has none.
    value["statuses"].as_array().map_or_else(Vec::new, |list| list.iter().map(one).collect())
}
