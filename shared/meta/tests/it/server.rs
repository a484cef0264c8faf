//! A stand-in for Meta that gives prepared answers and records the requests.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use meta::{Client, Config};
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

pub(crate) const APP_ID: &str = "634974688087057";
pub(crate) const APP_SECRET: &str = "the-app-secret";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) bearer: Option<String>,
    pub(crate) headers: HeaderMap,
    /// Null without a body; a text if it was not JSON.
    pub(crate) body: Value,
}

impl Call {
    /// `GET /v26.0/1?a=b&c=d`: members in the order of their names, without the proof that all calls carry.
    pub(crate) fn line(&self) -> String {
        let members: BTreeMap<&String, &String> =
            self.query.iter().filter(|(key, _value)| *key != "appsecret_proof").collect();
        let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mark = if members.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, members.join("&"))
    }
}

/// A prepared answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string())
    }

    pub(crate) fn with(mut self, header: &str, value: &str) -> Self {
        let name: axum::http::HeaderName = header.parse().expect("a header's name");
        self.headers.insert(name, value.parse().expect("a header's value"));
        self
    }
}

#[derive(Default)]
struct Shared {
    calls: Mutex<Vec<Call>>,
    replies: Mutex<VecDeque<Reply>>,
    connections: AtomicUsize,
}

/// Listens until its runtime ends.
pub(crate) struct Server {
    pub(crate) address: String,
    shared: Arc<Shared>,
}

impl Server {
    /// Gives `replies` in turn; any further call is answered with 418.
    pub(crate) async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let shared =
            Arc::new(Shared { replies: Mutex::new(replies.into_iter().collect()), ..Shared::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        Self::serve(router, shared).await
    }

    /// Answers every call with `router`.
    pub(crate) async fn routed(router: Router) -> Self {
        Self::serve(router, Arc::default()).await
    }

    async fn serve(router: Router, shared: Arc<Shared>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address").to_string();
        let counted = Arc::clone(&shared);
        let listener = listener.tap_io(move |_stream| {
            counted.connections.fetch_add(1, Ordering::SeqCst);
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(crate) fn client(&self) -> Client {
        client(&format!("http://{}", self.address), Duration::from_secs(20))
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.shared.calls).clone()
    }

    /// The only request that arrived.
    pub(crate) fn call(&self) -> Call {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a small body");
    lock(&shared.calls).push(call(&parts.method, &parts.uri, &parts.headers, &bytes));
    let reply = lock(&shared.replies).pop_front();
    let reply = reply.unwrap_or_else(|| Reply::new(418, "no reply was prepared for this call"));
    let status = StatusCode::from_u16(reply.status).expect("a status");
    (status, reply.headers, Body::from(reply.body)).into_response()
}

fn call(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Call {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    Call {
        method: method.clone(),
        path: uri.path().to_owned(),
        query: Query::try_from_uri(uri).map(|Query(map)| map).expect("a query"),
        bearer: bearer.map(str::to_owned),
        headers: headers.clone(),
        body: match serde_json::from_slice(body) {
            Ok(json) => json,
            Err(_) if body.is_empty() => Value::Null,
            Err(_) => String::from_utf8_lossy(body).into_owned().into(),
        },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while holding the lock")
}

/// The token for calls in which its value does not matter.
pub(crate) fn token() -> SecretString {
    "token".into()
}

/// A client for the server at `base_url`.
pub(crate) fn client(base_url: &str, call_timeout: Duration) -> Client {
    let config = Config {
        base_url: base_url.to_owned(),
        version: "v26.0".to_owned(),
        app_id: APP_ID.to_owned(),
        app_secret: APP_SECRET.into(),
        call_timeout,
    };
    Client::new(config).expect("a valid configuration")
}

/// Listens, passes each connection to `act` and counts them. Returns the address and the count.
pub(crate) async fn raw<F>(act: impl Fn(TcpStream) -> F + Send + 'static) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address").to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _peer)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(act(stream));
        }
    });
    (address, count)
}
