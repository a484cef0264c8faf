//! The webhook accepts only what Meta signed, and what it acknowledges is on the queue.

use std::collections::BTreeSet;

use cloud::Queue;
use domain::limits::WEBHOOK_BODY_BYTES_MAX;
use domain::updates::Update;
use jiff::SignedDuration;
use meta::queued::QueuedBatch;
use meta::signature::sign;
use one_machine::Policy;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::raw_api::{Answer, RawApi, padded};
use crate::test_system::TestSystem;

/// The body of a webhook with these statuses of messages of one number.
pub fn webhook(number: &str, statuses: &[Value]) -> String {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550000000", "phone_number_id": number },
            "statuses": statuses,
        },
    }] }] })
    .to_string()
}

/// Posts the body with Meta's signature.
pub async fn post_signed(system: &TestSystem, api: &RawApi, body: &[u8]) -> Answer {
    let signature = sign(&system.machine.webhook.app.get().secret, body);
    api.post("/webhook/meta").header("x-hub-signature-256", signature).raw_json(body).send().await
}

#[tokio::test]
async fn a_webhook_that_meta_did_not_sign_is_refused_and_not_stored() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let body =
        webhook("1", &[json!({ "id": "wamid.1", "status": "sent", "timestamp": "1", "recipient_id": "1" })]);
    let app = system.machine.webhook.app.get();
    let secret = &app.secret;
    let right = sign(secret, body.as_bytes());
    let digits = right.strip_prefix("sha256=").unwrap();
    let before = system.db.contents().await;
    let longer = format!("{body}\n");
    let with_bom = format!("\u{feff}{body}");
    for (what, headers, body) in [
        ("no signature", vec![], &body),
        ("an empty one", vec![""], &body),
        ("the digits alone", vec![digits], &body),
        ("sha1", vec![&*format!("sha1={}", &digits[..40])], &body),
        ("sha1 of that length", vec![&*format!("sha1={digits}")], &body),
        ("63 digits", vec![&right[..right.len() - 1]], &body),
        ("65 digits", vec![&*format!("{right}0")], &body),
        ("no digits", vec![&*format!("sha256={}", "g".repeat(64))], &body),
        ("zeros", vec![&*format!("sha256={}", "0".repeat(64))], &body),
        ("a space", vec![&*format!("sha256= {digits}")], &body),
        ("SHA256", vec![&*format!("SHA256={digits}")], &body),
        ("another secret", vec![&*sign(&"else".into(), body.as_bytes())], &body),
        ("no secret", vec![&*sign(&"".into(), body.as_bytes())], &body),
        ("two in one", vec![&*format!("{right}, {right}")], &body),
        ("one byte more", vec![&*right], &longer),
        ("a byte order mark", vec![&*right], &with_bom),
    ] {
        let call = api.post("/webhook/meta").raw_json(body.as_bytes());
        let call = headers.into_iter().fold(call, |call, value| call.header("x-hub-signature-256", value));
        call.send().await.assert_refused(401, "unauthenticated", what);
    }
    let in_old_header = api.post("/webhook/meta").header("x-hub-signature", &right).raw_json(body.as_bytes());
    in_old_header.send().await.assert_refused(401, "unauthenticated", "the old header");
    for pair in [[&*right, "sha256=00"], ["sha256=00", &*right], [&*right, &*right]] {
        let call = api.post("/webhook/meta").raw_json(body.as_bytes());
        let call = pair.into_iter().fold(call, |call, value| call.header("x-hub-signature-256", value));
        call.send().await.assert_refused(400, "malformed", "two headers");
    }
    assert_eq!(system.db.contents().await, before);

    // The same bytes, with the signature in either case and any content type.
    for signature in [right.clone(), format!("sha256={}", digits.to_uppercase())] {
        let call = api.post("/webhook/meta").header("x-hub-signature-256", signature);
        assert_eq!(call.bytes(body.as_bytes()).send().await.status, 200);
    }
    assert_eq!(system.machine.queues.depths().await.unwrap().0, 2);
}

#[tokio::test]
async fn the_signature_is_verified_over_the_raw_bytes() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    for body in [
        r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"\u00e9","value":{}}]}]}"#,
        "{ \"entry\" : [ {\"changes\":[{\"value\":{\"\u{1f600}\":1.0e2},\"field\":\"x\"}] , \"id\":1}] }\n\n",
        r#"{"entry":[],"entry":[{"changes":[{"field":"twice"}]}]}"#,
    ] {
        assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200, "{body}");
    }
    assert_eq!(system.machine.queues.depths().await.unwrap().0, 3);
}

#[tokio::test]
async fn a_signed_body_that_is_not_a_webhook_is_refused_without_a_5xx() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let before = system.db.contents().await;
    for body in [
        "",
        "not JSON",
        "{",
        "{}",
        "null",
        "[]",
        "{\"entry\":{}}",
        "{\"entry\":[]} x",
        &deep,
        "\u{1f}\u{8b}\u{8}",
    ] {
        let what: String = body.chars().take(20).collect();
        post_signed(&system, &api, body.as_bytes()).await.assert_refused(400, "malformed", &what);
    }
    post_signed(&system, &api, &[0xff, 0xfe, 0]).await.assert_refused(400, "malformed", "no UTF-8");
    assert_eq!(system.db.contents().await, before);
    for odd in
        [r#"{"entry":[]}"#, r#"{"entry":[1,null,{"changes":[2,{}]}]}"#, r#"{"object":"page","entry":[{}]}"#]
    {
        assert_eq!(post_signed(&system, &api, odd.as_bytes()).await.status, 200, "{odd}");
    }
}

#[tokio::test]
async fn three_megabytes_of_statuses_are_on_the_queue_when_the_webhook_is_answered() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let status = |number: usize| {
        let errors = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
        json!({
            "id": format!("wamid.{number}"), "status": "failed", "timestamp": "1750000000",
            "recipient_id": "15550000001", "errors": errors,
        })
    };
    let statuses: Vec<Value> = (0..22_000).map(status).collect();
    let body = webhook("1", &statuses);
    assert!((3_000_000..WEBHOOK_BODY_BYTES_MAX).contains(&body.len()), "{}", body.len());
    assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200);
    let policy = Policy { visibility: SignedDuration::from_secs(60), receives_max: 5, batch_max: 10_000 };
    let received = system.machine.queues.receive(Queue::Updates, policy).await.unwrap();
    assert!(received.iter().all(|message| message.body.len() < 256 * 1_024), "within the limit of SQS");
    let secrets = system.machine.webhook.app.get().secrets();
    let batches = received.iter().map(|message| serde_json::from_str::<QueuedBatch>(&message.body).unwrap());
    let wamid_of = |update: Update| match update {
        Update::Status(status) => status.wamid.0,
        other => panic!("{other:?}"),
    };
    let all: Vec<String> = batches.flat_map(|batch| batch.decrypt(&secrets).unwrap()).map(wamid_of).collect();
    let wamids: BTreeSet<&String> = all.iter().collect();
    assert_eq!(all.len(), wamids.len(), "each once");
    assert_eq!(wamids.len(), statuses.len());
}

#[tokio::test]
async fn a_webhook_above_the_limit_is_too_large_even_if_it_is_signed() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let at_limit = padded(r#"{"entry":[]}"#, WEBHOOK_BODY_BYTES_MAX);
    assert_eq!(post_signed(&system, &api, at_limit.as_bytes()).await.status, 200);
    let above = format!("{at_limit} ");
    post_signed(&system, &api, above.as_bytes()).await.assert_refused(413, "too-large", "signed");
}

#[tokio::test]
async fn the_handshake_needs_the_verify_token_and_is_answered_in_plain_text() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let app = system.machine.webhook.app.get();
    let token = app.verify_token.expose_secret();
    let ask = |query: String| api.get(&format!("/webhook/meta?{query}")).send();
    for challenge in ["1158201444", "%3Cscript%3Ealert(1)%3C/script%3E", "%7B%22a%22:1%7D", ""] {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge={challenge}&extra=1");
        let answer = ask(query).await;
        let expected =
            challenge.replace("%3C", "<").replace("%3E", ">").replace("%7B", "{").replace("%22", "\"");
        assert_eq!((answer.status, answer.text.clone()), (200, expected.replace("%7D", "}")));
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "a browser must not render it");
    }
    for query in [
        String::new(),
        "hub.mode=subscribe&hub.challenge=1".to_owned(),
        "hub.mode=subscribe&hub.verify_token=&hub.challenge=1".to_owned(),
        "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1".to_owned(),
        format!("hub.mode=subscribe&hub.verify_token={token}x&hub.challenge=1"),
        format!("hub.mode=unsubscribe&hub.verify_token={token}&hub.challenge=1"),
        format!("hub.verify_token={token}&hub.challenge=1"),
        format!("hub.mode=subscribe&hub.verify_token={token}"),
        format!("hub.mode=subscribe&hub.verify_token[]={token}&hub.challenge=1"),
    ] {
        let answer = ask(query.clone()).await;
        answer.assert_refused(403, "handshake-refused", &query);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.starts_with("hub."), "it names what is wrong: {detail}");
        assert!(!answer.text.contains(token), "{query}");
    }
    let twice = format!("hub.mode=subscribe&hub.verify_token=wrong&hub.verify_token={token}&hub.challenge=1");
    ask(twice).await.assert_refused(400, "malformed", "a token twice");
}

/// Sends the head of a webhook and no body, and reads the beginning of the answer.
async fn head_alone(system: &TestSystem, signature: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = system.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /webhook/meta HTTP/1.1\r\nhost: {address}\r\ncontent-length: 3000000\r\n{signature}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1_024];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test]
async fn a_webhook_that_cannot_be_signed_is_refused_before_its_body_comes() {
    let system = TestSystem::start().await;
    for signature in ["", "x-hub-signature-256: sha256=00\r\n", "x-hub-signature-256: none\r\n"] {
        let answer = head_alone(&system, signature).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{signature}: {answer}");
    }
}
