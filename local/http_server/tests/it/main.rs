//! Clients that are slow, silent or too many, against a server with small bounds.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_server::{Limits, Share, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);
const GET: &[u8] = b"GET /fine HTTP/1.1\r\nhost: x\r\n\r\n";
const HALF: &[u8] = b"GET /fine HTTP/1.1\r\nhost: x\r\n";

struct Served {
    address: std::net::SocketAddr,
    stop: watch::Sender<bool>,
    /// `/held` answers when this is true.
    release: watch::Sender<bool>,
    /// Requests at `/held`.
    holding: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Held {
    release: watch::Receiver<bool>,
    holding: watch::Sender<usize>,
}

async fn held(State(mut held): State<Held>) -> &'static str {
    held.holding.send_modify(|holding| *holding += 1);
    held.release.wait_for(|release| *release).await.unwrap();
    "held"
}

fn busy() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")]).into_response()
}

/// Bounds that no test reaches unless it sets them.
fn limits() -> Limits {
    let long = Duration::from_mins(5);
    Limits { connections: 100, head: long, body: long, answer: long, idle: long }
}

impl Served {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let (release, released) = watch::channel(false);
        let (holding, held_now) = watch::channel(0);
        let router = Router::new()
            .route("/fine", get(|| async { "fine" }))
            .route("/echo", post(|body: Bytes| async { body }))
            .route("/large", get(|| async { vec![b'x'; 64 << 20] }))
            .route("/held", get(held))
            .with_state(Held { release: released, holding });
        let task = tokio::spawn(serve(listener, router, busy, limits, stopping));
        Self { address, stop, release, holding: held_now, task }
    }

    async fn open(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// Waits until that many requests are at `/held`.
    async fn hold(&self, count: usize) -> Vec<TcpStream> {
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(self.open(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await);
        }
        let mut holding = self.holding.clone();
        within(holding.wait_for(|holding| *holding >= count)).await.unwrap();
        streams
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes too long")
}

/// Everything until the connection ends, also when it is reset.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    within(async {
        // A reset is an end too.
        stream.read_to_end(&mut bytes).await.ok();
    })
    .await;
    bytes
}

/// The first bytes of an answer, with its head.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4_096];
    let read = within(stream.read(&mut bytes)).await.unwrap();
    bytes.truncate(read);
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn half_open_heads_beyond_the_bound_do_not_keep_a_client_from_its_answer() {
    let served = Served::start(Limits { connections: 20, ..limits() }).await;
    let mut half_open = Vec::new();
    for _ in 0..60 {
        half_open.push(served.open(HALF).await);
    }
    let mut kept = served.open(GET).await;
    assert!(answer(&mut kept).await.starts_with("HTTP/1.1 200"));
    // A client that had an answer keeps its connection while there are others that had none.
    for _ in 0..60 {
        half_open.push(served.open(HALF).await);
    }
    kept.write_all(GET).await.unwrap();
    assert!(answer(&mut kept).await.starts_with("HTTP/1.1 200"));
    for stream in half_open.iter_mut().take(40) {
        assert!(rest(stream).await.is_empty(), "the oldest were closed");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_gives_its_place_to_another_client() {
    let served = Served::start(Limits { connections: 5, ..limits() }).await;
    let mut slow = Vec::new();
    for _ in 0..5 {
        let head = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123456789";
        slow.push(served.open(head).await);
    }
    let mut client = served.open(GET).await;
    assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn when_each_connection_has_a_request_the_next_is_refused_with_503_and_when_to_come_again() {
    let served = Served::start(Limits { connections: 3, ..limits() }).await;
    let mut held = served.hold(3).await;
    let mut refused = served.open(GET).await;
    let refused = String::from_utf8(rest(&mut refused).await).unwrap();
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    served.release.send_replace(true);
    for stream in &mut held {
        assert!(answer(stream).await.ends_with("held"), "what was under way is answered");
    }
    let mut next = served.open(GET).await;
    assert!(answer(&mut next).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn each_part_of_a_request_has_its_time() {
    let short = Duration::from_millis(300);
    let body = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1";
    let cases: [(&str, Limits, bool, &[u8]); 5] = [
        ("nothing", Limits { head: short, ..limits() }, false, b""),
        ("half a head", Limits { head: short, ..limits() }, false, HALF),
        ("half a body", Limits { body: short, ..limits() }, false, body),
        ("no next request", Limits { idle: short, ..limits() }, true, b""),
        ("half of the next head", Limits { head: short, ..limits() }, true, HALF),
    ];
    for (what, limits, comes_later, bytes) in cases {
        let served = Served::start(limits).await;
        let since = Instant::now();
        let mut stream = served.open(if comes_later { GET } else { bytes }).await;
        if comes_later {
            assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"), "{what}");
            stream.write_all(bytes).await.unwrap();
        }
        assert!(rest(&mut stream).await.is_empty(), "{what}");
        assert!(since.elapsed() >= short, "{what}: {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_closed() {
    let served = Served::start(Limits { answer: Duration::from_millis(300), ..limits() }).await;
    let mut stream = served.open(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // The server's end is gone while most of the answer was not read.
    let ended = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    within(ended).await;
    assert!(rest(&mut stream).await.len() < 64 << 20);
}

#[tokio::test]
async fn a_stop_closes_what_has_no_request_and_waits_for_what_has_one() {
    let served = Served::start(limits()).await;
    let mut waiting = vec![served.open(b"").await, served.open(HALF).await, served.open(GET).await];
    assert!(answer(waiting.last_mut().unwrap()).await.starts_with("HTTP/1.1 200"));
    let mut held = served.hold(1).await;
    served.stop.send_replace(true);
    for stream in &mut waiting {
        assert!(rest(stream).await.is_empty());
    }
    assert!(!served.task.is_finished(), "a request is under way");
    served.release.send_replace(true);
    let answered = String::from_utf8(rest(held.first_mut().unwrap()).await).unwrap();
    assert!(answered.ends_with("held"), "{answered}");
    within(served.task).await.unwrap();
}

#[tokio::test]
async fn a_stop_with_half_open_connections_alone_takes_no_time() {
    let served = Served::start(limits()).await;
    let mut half_open = Vec::new();
    for _ in 0..50 {
        half_open.push(served.open(HALF).await);
    }
    let since = Instant::now();
    served.stop.send_replace(true);
    within(served.task).await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_before_it_is_whole() {
    let served = Served::start(limits()).await;
    let mut stream = served.open(b"GET /fine HTTP/1.1\r\nhost: x\r\nx: ").await;
    // The server may close while this is being sent.
    stream.write_all(&vec![b'a'; 100_000]).await.ok();
    let read = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(read.starts_with("HTTP/1.1 431"), "{read}");
}

#[test]
fn the_bound_leaves_file_descriptors_for_the_rest_of_the_process() {
    let (half, quarter) = (Limits::within(Share::Half), Limits::within(Share::Quarter));
    assert!((1..=1_024).contains(&half.connections));
    assert!(quarter.connections <= half.connections);
}
