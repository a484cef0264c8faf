//! Delivery of webhooks: repeated until it succeeds, and ended with the sandbox.

use std::time::Duration;

use crate::support::TestSandbox;

#[tokio::test]
async fn a_webhook_is_repeated_with_growing_pauses_until_200() {
    let sandbox = TestSandbox::start().await;
    sandbox.receiver.answer_next(&[500, 204, 302]);
    let wamid = sandbox.send("+15550000001", "attempt").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 3).await, ["sent", "delivered", "read"]);
    let posts = sandbox.receiver.posts();
    assert_eq!(posts.iter().map(|post| post.answered).collect::<Vec<_>>(), [500, 204, 302, 200]);
    for (pair, min) in posts.windows(2).zip([100, 200, 400]) {
        assert_eq!(pair[0].body, pair[1].body, "the repeated POST has the same body");
        let wait = pair[1].received.duration_since(pair[0].received);
        assert!(wait >= Duration::from_millis(min), "{wait:?} is shorter than {min} ms");
    }
    let webhooks = sandbox.caller.wait_until_delivered().await;
    assert_eq!(webhooks["delivered"], 3);
    assert_eq!(webhooks["lastError"], "the receiver answered 302");
}

#[tokio::test]
async fn the_signature_covers_the_bytes_of_the_webhook() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+15550000001", "Grüße 🎉 \"17\"").await.wamid();
    sandbox.receiver.wait_for_statuses(&wamid, 3).await;
    assert_eq!(sandbox.receiver.statuses()[0].opaque.as_deref(), Some("Grüße 🎉 \"17\""));
    let answers: Vec<u16> = sandbox.receiver.posts().iter().map(|post| post.answered).collect();
    assert_eq!(answers, [200], "the receiver answers 401 without a valid signature");
}

#[tokio::test]
async fn a_failing_webhook_does_not_block_the_others() {
    let sandbox = TestSandbox::start().await;
    sandbox.receiver.answer_next(&[500; 3]);
    let failing = sandbox.send("+15550000001", "failing").await.wamid();
    sandbox.receiver.wait_until("the first POST", |receiver| !receiver.posts().is_empty()).await;
    sandbox.receiver.answer_next(&[]);
    let other = sandbox.send("+15550000001", "other").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&other, 3).await.len(), 3);
    assert_eq!(sandbox.receiver.wait_for_statuses(&failing, 3).await.len(), 3);
}

#[tokio::test]
async fn the_reset_ends_repeated_webhooks() {
    let sandbox = TestSandbox::start().await;
    sandbox.receiver.answer_next(&[500]);
    sandbox.send("+15550000001", "old").await.wamid();
    sandbox.receiver.wait_until("the first POST", |receiver| !receiver.posts().is_empty()).await;
    let reset = sandbox.caller.request(reqwest::Method::DELETE, "/sandbox");
    crate::support::caller::read(reset).await.expect_status(200);
    // The new message is delivered with its third POST, after some 300 ms; the second of the old one would come earlier.
    sandbox.receiver.answer_next(&[500, 500]);
    let new = sandbox.send("+15550000001", "new").await.wamid();
    sandbox.receiver.wait_for_statuses(&new, 3).await;
    let bodies: Vec<String> = sandbox.receiver.posts().iter().map(|post| post.body.to_string()).collect();
    assert_eq!(bodies.iter().filter(|body| body.contains(r#""old""#)).count(), 1, "{bodies:#?}");
}

#[tokio::test]
async fn a_stopped_sandbox_does_not_listen() {
    let mut sandbox = TestSandbox::start().await;
    sandbox.receiver.hold_answers();
    sandbox.send("+15550000001", "attempt").await.wamid();
    sandbox.receiver.wait_until("the webhook", |receiver| !receiver.posts().is_empty()).await;
    let address = sandbox.running.address();
    assert_eq!(sandbox.running.base_url(), format!("http://{address}"));
    let running = tokio::time::timeout(Duration::from_millis(10), sandbox.running.stopped()).await;
    assert!(running.is_err(), "it runs until it is stopped");
    let stopped = tokio::time::timeout(crate::support::TIMEOUT, sandbox.running.stop()).await;
    assert!(stopped.is_ok(), "a webhook under way does not delay the stop");
    let refused = tokio::net::TcpStream::connect(address).await;
    assert!(refused.is_err(), "it no longer listens");
}
