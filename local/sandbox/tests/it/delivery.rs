//! Webhooks: sent again until they are taken, and stopped with the sandbox.

use std::time::Duration;

use crate::support::Stage;

#[tokio::test]
async fn a_webhook_is_sent_again_with_growing_waits_until_200() {
    let stage = Stage::open().await;
    stage.receiver.answer_next(&[500, 204, 302]);
    let wamid = stage.send("+15550000001", "attempt").await.wamid();
    assert_eq!(stage.receiver.words_of(&wamid, 3).await, ["sent", "delivered", "read"]);
    let hooks = stage.receiver.hooks();
    assert_eq!(hooks.iter().map(|hook| hook.answered).collect::<Vec<_>>(), [500, 204, 302, 200]);
    for (pair, least) in hooks.windows(2).zip([100, 200, 400]) {
        assert_eq!(pair[0].body, pair[1].body, "the same bytes again");
        let wait = pair[1].at.duration_since(pair[0].at);
        assert!(wait >= Duration::from_millis(least), "{wait:?} is shorter than {least} ms");
    }
    let webhooks = stage.caller.settled().await;
    assert_eq!(webhooks["delivered"], 3);
    assert_eq!(webhooks["lastError"], "the receiver answered 302");
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_very_bytes() {
    let stage = Stage::open().await;
    let wamid = stage.send("+15550000001", "Grüße 🎉 \"17\"").await.wamid();
    stage.receiver.words_of(&wamid, 3).await;
    assert_eq!(stage.receiver.statuses()[0].opaque.as_deref(), Some("Grüße 🎉 \"17\""));
    let answers: Vec<u16> = stage.receiver.hooks().iter().map(|hook| hook.answered).collect();
    assert_eq!(answers, [200], "the receiver answers 401 to a body that is not signed with the app's secret");
}

#[tokio::test]
async fn one_message_that_cannot_be_told_does_not_hold_up_the_others() {
    let stage = Stage::open().await;
    stage.receiver.answer_next(&[500; 3]);
    let held = stage.send("+15550000001", "held").await.wamid();
    stage.receiver.until("the first try", |receiver| !receiver.hooks().is_empty()).await;
    stage.receiver.answer_next(&[]);
    let other = stage.send("+15550000001", "other").await.wamid();
    assert_eq!(stage.receiver.words_of(&other, 3).await.len(), 3);
    assert_eq!(stage.receiver.words_of(&held, 3).await.len(), 3);
}

#[tokio::test]
async fn the_reset_ends_what_was_to_be_sent_again() {
    let stage = Stage::open().await;
    stage.receiver.answer_next(&[500]);
    stage.send("+15550000001", "old").await.wamid();
    stage.receiver.until("the first try", |receiver| !receiver.hooks().is_empty()).await;
    let reset = stage.caller.request(reqwest::Method::DELETE, "/sandbox");
    crate::support::caller::read(reset).await.expect_status(200);
    // The new message is taken at its third try, some 300 ms on; the old one's second would be there by then.
    stage.receiver.answer_next(&[500, 500]);
    let new = stage.send("+15550000001", "new").await.wamid();
    stage.receiver.words_of(&new, 3).await;
    let bodies: Vec<String> = stage.receiver.hooks().iter().map(|hook| hook.body.to_string()).collect();
    assert_eq!(bodies.iter().filter(|body| body.contains(r#""old""#)).count(), 1, "{bodies:#?}");
}

#[tokio::test]
async fn a_stopped_sandbox_is_gone() {
    let mut stage = Stage::open().await;
    stage.receiver.shut();
    stage.send("+15550000001", "attempt").await.wamid();
    stage.receiver.until("the webhook", |receiver| !receiver.hooks().is_empty()).await;
    let address = stage.sandbox.address();
    assert_eq!(stage.sandbox.base_url(), format!("http://{address}"));
    let running = tokio::time::timeout(Duration::from_millis(10), stage.sandbox.stopped()).await;
    assert!(running.is_err(), "it runs until it is stopped");
    let stopped = tokio::time::timeout(crate::support::PATIENCE, stage.sandbox.stop()).await;
    assert!(stopped.is_ok(), "a webhook under way holds nothing up");
    let refused = tokio::net::TcpStream::connect(address).await;
    assert!(refused.is_err(), "nobody listens any more");
}
