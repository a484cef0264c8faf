//! Missing answers: a message that had not left is known unsent, everything else is unknown, and nothing is retried.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::messages::Outcome;
use meta::CallError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::sending::{number, send};
use crate::server::{APP_SECRET, client, raw, token};

const PATIENCE: Duration = Duration::from_secs(20);
const UNSENT: Outcome = Outcome::KnownUnsent { wait: None, error: None };

/// Reads until the request's body has started.
async fn read_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.windows(10).any(|bytes| bytes == b"messaging_") {
        let mut buffer = [0; 1_024];
        let length = stream.read(&mut buffer).await.expect("a readable stream");
        assert!(length > 0, "the client went away");
        read.extend_from_slice(&buffer[..length]);
    }
}

async fn outcome_at(base_url: &str, timeout: Duration) -> Outcome {
    client(base_url, timeout).send_template(&token(), &number(), &send()).await
}

#[tokio::test]
async fn a_refused_connection_is_known_unsent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    drop(listener);
    assert_eq!(outcome_at(&format!("http://{address}"), PATIENCE).await, UNSENT);
}

#[tokio::test]
async fn a_failed_tls_handshake_is_known_unsent() {
    let (address, count) = raw(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("a writable stream");
    })
    .await;
    assert_eq!(outcome_at(&format!("https://{address}"), PATIENCE).await, UNSENT);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_known_unsent() {
    let (address, _count) = raw(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    assert_eq!(outcome_at(&format!("https://{address}"), Duration::from_secs(2)).await, UNSENT);
}

#[tokio::test]
async fn a_token_that_cannot_be_a_header_is_known_unsent() {
    let client = client("http://127.0.0.1:9", PATIENCE);
    assert_eq!(client.send_template(&"to\nken".into(), &number(), &send()).await, UNSENT);
}

#[tokio::test]
async fn a_missing_answer_is_unknown_after_the_time_limit() {
    let (address, count) = raw(|mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let started = Instant::now();
    assert_eq!(outcome_at(&format!("http://{address}"), Duration::from_millis(500)).await, Outcome::Unknown);
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_that_is_never_answered_ends_after_its_time_limit() {
    let (address, count) = raw(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let started = Instant::now();
    let client = client(&format!("http://{address}"), Duration::from_millis(500));
    let broken = client.subscribed_apps(&token(), "1").await.expect_err("no answer");
    assert!(matches!(broken, CallError::Broken(_)), "{broken:?}");
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(count.load(Ordering::SeqCst), 1, "reading is not tried again either");
}

#[tokio::test]
async fn a_slow_answer_is_unknown_after_the_time_limit() {
    let (address, _count) = raw(|mut stream| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"mess")
            .await
            .expect("a writable stream");
        std::future::pending::<()>().await;
    })
    .await;
    assert_eq!(outcome_at(&format!("http://{address}"), Duration::from_millis(500)).await, Outcome::Unknown);
}

#[tokio::test]
async fn a_reset_is_unknown_and_not_retried() {
    let (address, count) = raw(|mut stream| async move {
        read_request(&mut stream).await;
        stream.set_zero_linger().expect("a socket that can be reset");
    })
    .await;
    assert_eq!(outcome_at(&format!("http://{address}"), PATIENCE).await, Outcome::Unknown);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_truncated_answer_is_unknown_and_not_retried() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"messages\":[{\"id\":\"wamid.1\"}]}"] {
        let (address, count) = raw(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.expect("a writable stream");
        })
        .await;
        assert_eq!(outcome_at(&format!("http://{address}"), PATIENCE).await, Outcome::Unknown);
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn no_error_holds_a_secret() {
    let (address, _count) = raw(|stream| async move { drop(stream) }).await;
    let base_url = format!("http://{address}");
    let client = client(&base_url, PATIENCE);
    let errors = [
        client.exchange_code("the-code").await.map(drop).expect_err("no answer"),
        client.debug_token(&"the-token".into()).await.map(drop).expect_err("no answer"),
        client.exchange_code("the\u{0}code").await.map(drop).expect_err("no answer"),
    ];
    for error in errors {
        assert!(matches!(error, CallError::Broken(_) | CallError::NotSent(_)), "{error:?}");
        let text = format!("{error} {error:?}");
        for secret in [APP_SECRET, "the-code", "the-token", &address] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
