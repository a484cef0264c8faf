//! The send call: accepted and refused messages.

use serde_json::{Value, json};

use crate::support::caller::text_to;
use crate::support::{TIMEOUT, TestSandbox};

fn positional(name: &str) -> Value {
    json!({
        "name": name,
        "language": "en_US",
        "category": "MARKETING",
        "components": [{
            "type": "BODY",
            "text": "Hello {{1}}, your order {{2}} is ready to be picked up today.",
            "example": { "body_text": [["Ada", "17"]] },
        }],
    })
}

fn filled(name: &str, components: &Value) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "to": "+15550000001",
        "type": "template",
        "template": { "name": name, "language": { "code": "en_US" }, "components": components },
        "biz_opaque_callback_data": "attempt",
    })
}

fn body(values: &[&str]) -> Value {
    let parameters: Vec<Value> =
        values.iter().map(|value| json!({ "type": "text", "text": value })).collect();
    json!([{ "type": "body", "parameters": parameters }])
}

#[tokio::test]
async fn a_filled_template_is_accepted_and_priced_by_its_category() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &positional("pick_up")).await;
    let reply = sandbox.caller.message(&sandbox.account, &filled("pick_up", &body(&["Ada", "17"]))).await;
    assert_eq!(reply.body["messages"][0]["message_status"], "accepted");
    let wamid = reply.wamid();
    sandbox.receiver.wait_for_statuses(&wamid, 3).await;
    let pricing = sandbox.receiver.statuses()[0].raw["pricing"].clone();
    let expected =
        json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "marketing" });
    assert_eq!(pricing, expected);
    let acceptance = &sandbox.caller.acceptances().await[0];
    assert_eq!((&acceptance["template"], &acceptance["wamid"]), (&json!("pick_up"), &json!(wamid)));
}

#[tokio::test]
async fn a_missing_or_wrongly_filled_template_is_refused() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &positional("pick_up")).await;
    let long = "far     apart";
    let cases = [
        (filled("pick_up", &body(&["Ada"])), 400, 132_000),
        (filled("pick_up", &json!([])), 400, 132_000),
        (filled("pick_up", &body(&["Ada", "17", "more"])), 400, 132_000),
        (filled("pick_up", &body(&["Ada", ""])), 400, 131_008),
        (filled("pick_up", &body(&["Ada", "1\n7"])), 400, 132_018),
        (filled("pick_up", &body(&["Ada", long])), 400, 132_018),
        (filled("never_made", &json!([])), 404, 132_001),
    ];
    for (message, status, code) in cases {
        assert_eq!(
            sandbox.caller.message(&sandbox.account, &message).await.expect_error(status),
            code,
            "{message}"
        );
    }
    assert_eq!(sandbox.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn named_variables_are_filled_by_their_names() {
    let sandbox = TestSandbox::start().await;
    let template = json!({
        "name": "greeting", "language": "en_US", "category": "utility", "parameter_format": "named",
        "components": [{
            "type": "body",
            "text": "Hello {{first_name}}, your order is on its way.",
            "example": { "body_text_named_params": [{ "param_name": "first_name", "example": "Ada" }] },
        }],
    });
    sandbox.caller.create(&sandbox.account, &template).await;
    let named = |name: Option<&str>| {
        let mut parameter = json!({ "type": "text", "text": "Ada" });
        if let Some(name) = name {
            parameter["parameter_name"] = json!(name);
        }
        filled("greeting", &json!([{ "type": "body", "parameters": [parameter] }]))
    };
    sandbox.caller.message(&sandbox.account, &named(Some("first_name"))).await.wamid();
    assert_eq!(
        sandbox.caller.message(&sandbox.account, &named(Some("last_name"))).await.expect_error(400),
        100
    );
    assert_eq!(sandbox.caller.message(&sandbox.account, &named(None)).await.expect_error(400), 100);
}

#[tokio::test]
async fn headers_and_buttons_are_filled_too() {
    let sandbox = TestSandbox::start().await;
    let template = json!({
        "name": "offer", "language": "en_US", "category": "MARKETING",
        "components": [
            { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["4::aW1hZ2U="] } },
            { "type": "BODY", "text": "Our new offer is here." },
            { "type": "BUTTONS", "buttons": [
                { "type": "QUICK_REPLY", "text": "No" },
                { "type": "URL", "text": "Look", "url": "https://example.org/{{1}}", "example": ["a"] },
            ]},
        ],
    });
    sandbox.caller.create(&sandbox.account, &template).await;
    let image = json!({ "type": "header", "parameters": [{ "type": "image", "image": { "link": "https://example.org/a" } }] });
    let text = json!({ "type": "header", "parameters": [{ "type": "text", "text": "a" }] });
    let button = |index: Value| json!({ "type": "button", "sub_type": "url", "index": index, "parameters": [{ "type": "text", "text": "a" }] });
    for components in [json!([image, button(json!("1"))]), json!([image, button(json!(1))])] {
        sandbox.caller.message(&sandbox.account, &filled("offer", &components)).await.wamid();
    }
    let cases = [
        (json!([button(json!(1))]), 132_012),
        (json!([text, button(json!(1))]), 132_012),
        (json!([image]), 131_008),
        (json!([image, button(json!(0))]), 131_008),
    ];
    for (components, code) in cases {
        let reply = sandbox.caller.message(&sandbox.account, &filled("offer", &components)).await;
        assert_eq!(reply.expect_error(400), code, "{components}");
    }
}

#[tokio::test]
async fn an_invalid_message_is_refused() {
    let sandbox = TestSandbox::start().await;
    let with = |key: &str, value: Value| {
        let mut message = text_to("+15550000001", "attempt");
        message[key] = value;
        message
    };
    let cases = [
        (with("messaging_product", json!("sms")), 100),
        (with("to", json!("12")), 131_009),
        (with("to", json!(15_550_000_001_u64)), 100),
        (with("to", json!(sandbox.account.phone)), 131_021),
        (with("type", json!("poem")), 131_051),
        (with("text", json!({})), 100),
        (with("text", json!({ "body": "x".repeat(4_097) })), 100),
        (with("biz_opaque_callback_data", json!("x".repeat(513))), 100),
        (
            json!({ "messaging_product": "whatsapp", "type": "text", "text": { "body": "without a recipient" } }),
            100,
        ),
    ];
    for (message, code) in cases {
        assert_eq!(
            sandbox.caller.message(&sandbox.account, &message).await.expect_error(400),
            code,
            "{message}"
        );
    }
    let path = format!("/{}/messages", sandbox.account.phone_id);
    assert_eq!(sandbox.caller.post(&sandbox.account.token, &path, &json!([1])).await.expect_error(400), 100);
    assert_eq!(sandbox.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_can_be_sent_to_a_business_scoped_user_id() {
    let sandbox = TestSandbox::start().await;
    let message = json!({
        "messaging_product": "whatsapp", "recipient": "US.13491208655302741918",
        "type": "text", "text": { "body": "Good morning" },
    });
    let reply = sandbox.caller.message(&sandbox.account, &message).await;
    assert_eq!(reply.body["contacts"][0]["user_id"], "US.13491208655302741918");
    let wamid = reply.wamid();
    sandbox.receiver.wait_for_statuses(&wamid, 3).await;
    let status = sandbox.receiver.statuses()[0].clone();
    assert_eq!(status.raw["recipient_user_id"], "US.13491208655302741918");
    assert!(status.raw["recipient_id"].is_null() && status.opaque.is_none());
}

#[tokio::test]
async fn the_same_request_twice_is_two_messages() {
    let sandbox = TestSandbox::start().await;
    let first = sandbox.send("+15550000001", "attempt").await.wamid();
    let second = sandbox.send("+15550000001", "attempt").await.wamid();
    assert_ne!(first, second);
    assert_eq!(sandbox.caller.attempts().await, ["attempt", "attempt"]);
}

#[tokio::test]
async fn hundreds_of_concurrent_sends_are_accepted_once_each_and_their_statuses_share_posts() {
    const MESSAGES: usize = 400;
    let sandbox = TestSandbox::start().await;
    let mut sends = tokio::task::JoinSet::new();
    for number in 0..MESSAGES {
        let (caller, account) = (sandbox.caller.clone(), sandbox.account.clone());
        sends.spawn(async move {
            caller.send(&account, "+15550000001", &format!("attempt {number}")).await.wamid()
        });
    }
    let sent = tokio::time::timeout(TIMEOUT, sends.join_all()).await.expect("all sends are answered");
    sandbox.receiver.wait_until("every status", |receiver| receiver.statuses().len() == 3 * MESSAGES).await;
    let posts = sandbox.receiver.posts().len();
    assert!(posts < MESSAGES, "{posts} POSTs for {} statuses", 3 * MESSAGES);
    let acceptances = sandbox.caller.acceptances().await;
    let indices: Vec<u64> =
        acceptances.iter().filter_map(|acceptance| acceptance["index"].as_u64()).collect();
    assert_eq!(indices, (1..=400).collect::<Vec<u64>>(), "the indices have no gap");
    let mut known: Vec<&str> =
        acceptances.iter().filter_map(|acceptance| acceptance["wamid"].as_str()).collect();
    let mut answered: Vec<&str> = sent.iter().map(String::as_str).collect();
    known.sort_unstable();
    answered.sort_unstable();
    assert_eq!(known, answered);
    answered.dedup();
    assert_eq!(answered.len(), MESSAGES, "no wamid is used twice");
}
