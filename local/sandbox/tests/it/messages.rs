//! Messages of every type: their required members, and the codes of refusals.

use serde_json::{Value, json};

use crate::support::TestSandbox;
use crate::support::body::message;

const TO: &str = "+4915112345678";

async fn accepted(sandbox: &TestSandbox, kind: &str, content: &Value) {
    let reply = sandbox.message(&message(TO, kind, content)).await;
    reply.wamid();
    assert_eq!(reply.body["messaging_product"], "whatsapp");
    assert_eq!(reply.body["contacts"], json!([{ "input": TO, "wa_id": "4915112345678" }]));
    assert!(reply.body["messages"][0]["message_status"].is_null(), "only templates have one");
}

async fn refused(sandbox: &TestSandbox, kind: &str, content: &Value, code: i64) {
    let reply = sandbox.message(&message(TO, kind, content)).await;
    assert_eq!(reply.expect_error(400), code, "{kind} {content}: {}", reply.text);
    if code >= 130_000 {
        assert!(reply.body["error"]["error_data"]["details"].is_string(), "{}", reply.text);
    }
}

#[tokio::test]
async fn media_are_sent_by_an_id_or_a_link() {
    let sandbox = TestSandbox::start().await;
    for kind in ["image", "video", "document", "audio", "sticker"] {
        accepted(&sandbox, kind, &json!({ "id": "1602186516975000" })).await;
        accepted(&sandbox, kind, &json!({ "link": "https://example.org/a" })).await;
        refused(&sandbox, kind, &json!({}), 131_008).await;
        refused(&sandbox, kind, &json!({ "link": "example.org/a" }), 131_009).await;
        refused(&sandbox, kind, &json!({ "id": "a picture" }), 131_009).await;
        refused(&sandbox, kind, &json!({ "id": "1", "link": "https://example.org/a" }), 131_009).await;
        refused(&sandbox, kind, &Value::Null, 131_008).await;
    }
    accepted(&sandbox, "image", &json!({ "id": "1", "caption": "Look" })).await;
    refused(&sandbox, "audio", &json!({ "id": "1", "caption": "Listen" }), 131_009).await;
    refused(&sandbox, "image", &json!({ "id": "1", "caption": "x".repeat(1_025) }), 131_009).await;
    accepted(&sandbox, "document", &json!({ "id": "1", "filename": "receipt.pdf" })).await;
}

#[tokio::test]
async fn a_reaction_needs_its_message_and_can_be_removed() {
    let sandbox = TestSandbox::start().await;
    accepted(&sandbox, "reaction", &json!({ "message_id": "wamid.1", "emoji": "👍" })).await;
    accepted(&sandbox, "reaction", &json!({ "message_id": "wamid.1", "emoji": "" })).await;
    refused(&sandbox, "reaction", &json!({ "emoji": "👍" }), 131_008).await;
    refused(&sandbox, "reaction", &json!({ "message_id": "wamid.1" }), 131_008).await;
    refused(&sandbox, "reaction", &json!({ "message_id": "wamid.1", "emoji": 1 }), 131_009).await;
}

#[tokio::test]
async fn a_location_needs_latitude_and_longitude() {
    let sandbox = TestSandbox::start().await;
    accepted(&sandbox, "location", &json!({ "latitude": 52.5, "longitude": 13.4, "name": "Here" })).await;
    accepted(&sandbox, "location", &json!({ "latitude": "52.5", "longitude": "-13.4" })).await;
    refused(&sandbox, "location", &json!({ "latitude": 52.5 }), 131_008).await;
    refused(&sandbox, "location", &json!({ "latitude": 91, "longitude": 0 }), 131_009).await;
    refused(&sandbox, "location", &json!({ "latitude": "north", "longitude": 0 }), 131_009).await;
}

#[tokio::test]
async fn contacts_have_formatted_names() {
    let sandbox = TestSandbox::start().await;
    let ada = json!({ "name": { "formatted_name": "Ada" }, "phones": [{ "phone": "+15550100000" }] });
    accepted(&sandbox, "contacts", &json!([ada])).await;
    refused(&sandbox, "contacts", &json!([]), 131_008).await;
    refused(&sandbox, "contacts", &json!([ada, { "name": { "first_name": "Ada" } }]), 131_008).await;
    refused(&sandbox, "contacts", &ada, 131_009).await;
}

fn buttons(buttons: &Value) -> Value {
    json!({ "type": "button", "body": { "text": "Well?" }, "action": { "buttons": buttons } })
}

fn reply_button(id: &str, title: &str) -> Value {
    json!({ "type": "reply", "reply": { "id": id, "title": title } })
}

#[tokio::test]
async fn interactive_buttons_are_one_to_three_and_different() {
    let sandbox = TestSandbox::start().await;
    let (yes, no) = (reply_button("yes", "Yes"), reply_button("no", "No"));
    accepted(&sandbox, "interactive", &buttons(&json!([yes, no]))).await;
    for (wrong, code) in [
        (json!([]), 131_009),
        (json!([yes, no, reply_button("a", "A"), reply_button("b", "B")]), 131_009),
        (json!([yes, yes]), 131_009),
        (json!([reply_button("yes", "a title that is too long")]), 131_009),
        (json!([reply_button("", "Yes")]), 131_008),
    ] {
        refused(&sandbox, "interactive", &buttons(&wrong), code).await;
    }
    let without_body = json!({ "type": "button", "action": { "buttons": [yes] } });
    refused(&sandbox, "interactive", &without_body, 131_008).await;
    refused(&sandbox, "interactive", &json!({ "type": "button", "body": { "text": "Well?" } }), 131_008)
        .await;
    let mut framed = buttons(&json!([yes]));
    framed["header"] = json!({ "type": "text", "text": "Hello" });
    framed["footer"] = json!({ "text": "Bye" });
    accepted(&sandbox, "interactive", &framed).await;
    framed["footer"] = json!({ "text": "x".repeat(61) });
    refused(&sandbox, "interactive", &framed, 131_009).await;
    framed["footer"] = json!({ "text": "Bye" });
    framed["header"] = json!({ "type": "image", "image": {} });
    refused(&sandbox, "interactive", &framed, 131_008).await;
}

#[tokio::test]
async fn interactive_lists_have_sections_and_rows() {
    let sandbox = TestSandbox::start().await;
    let list = |sections: Value| {
        json!({
            "type": "list", "body": { "text": "Which?" },
            "action": { "button": "Choose", "sections": sections },
        })
    };
    let row = |id: &str| json!({ "id": id, "title": "A row", "description": "of many" });
    accepted(&sandbox, "interactive", &list(json!([{ "rows": [row("a"), row("b")] }]))).await;
    let many: Vec<Value> = (0..11).map(|number| row(&number.to_string())).collect();
    for (wrong, code) in [
        (json!([]), 131_009),
        (json!([{ "rows": many }]), 131_009),
        (json!([{ "rows": [row("a"), row("a")] }]), 131_009),
        (json!([{ "rows": [row("a")] }, { "rows": [row("b")] }]), 131_008),
        (json!([{ "rows": [{ "id": "a" }] }]), 131_008),
    ] {
        refused(&sandbox, "interactive", &list(wrong), code).await;
    }
}

#[tokio::test]
async fn other_interactive_messages_are_accepted_by_their_type() {
    let sandbox = TestSandbox::start().await;
    let link = |url: &str| {
        json!({
            "type": "cta_url", "body": { "text": "Look" },
            "action": { "name": "cta_url", "parameters": { "display_text": "Open", "url": url } },
        })
    };
    accepted(&sandbox, "interactive", &link("https://example.org")).await;
    refused(&sandbox, "interactive", &link("example"), 131_009).await;
    let request = |kind: &str| json!({ "type": kind, "body": { "text": "Where?" }, "action": { "name": "send_location" } });
    for kind in ["location_request_message", "order_details", "order_status"] {
        accepted(&sandbox, "interactive", &request(kind)).await;
    }
    refused(&sandbox, "interactive", &request("poem"), 131_009).await;
    refused(&sandbox, "interactive", &request(""), 131_008).await;
}

#[tokio::test]
async fn an_unknown_message_type_is_refused() {
    let sandbox = TestSandbox::start().await;
    let reply = sandbox.message(&message(TO, "poem", &json!({}))).await;
    reply.expect_refusal(400, (131_051, None), "Unsupported message type");
    let mut group = message(TO, "text", &json!({ "body": "Hello" }));
    group["recipient_type"] = json!("crowd");
    sandbox.message(&group).await.expect_refusal(400, (131_009, None), "recipient_type");
    group["recipient_type"] = json!("group");
    sandbox.message(&group).await.expect_refusal(400, (131_020, None), "no groups");
    let mut answer = message(TO, "text", &json!({ "body": "Hello" }));
    answer["context"] = json!({ "message_id": "wamid.1" });
    sandbox.message(&answer).await.wamid();
    answer["context"] = json!({});
    sandbox.message(&answer).await.expect_refusal(400, (131_008, None), "message_id");
    let mut untyped = message(TO, "text", &json!({ "body": "Hello" }));
    untyped.as_object_mut().expect("an object").remove("type");
    sandbox.message(&untyped).await.wamid();
}

#[tokio::test]
async fn a_business_scoped_user_id_has_a_country_and_a_bound() {
    let sandbox = TestSandbox::start().await;
    let to = |id: &str| json!({ "messaging_product": "whatsapp", "recipient": id, "type": "text", "text": { "body": "Hello" } });
    sandbox.message(&to("US.ENT.11815799212886844830")).await.wamid();
    for wrong in ["13491208655302741918", "us.1349", "US.", "US.13-49", &format!("US.{}", "1".repeat(129))] {
        sandbox.message(&to(wrong)).await.expect_refusal(400, (131_009, None), "business-scoped");
    }
    let mut both = to("US.13491208655302741918");
    both["to"] = json!(TO);
    let reply = sandbox.message(&both).await;
    assert_eq!(reply.body["contacts"][0]["wa_id"], "4915112345678", "the number takes precedence");
}

#[tokio::test]
async fn a_message_is_marked_read_without_being_a_send() {
    let sandbox = TestSandbox::start().await;
    let mark = |id: &str| json!({ "messaging_product": "whatsapp", "status": "read", "message_id": id });
    assert_eq!(sandbox.message(&mark("wamid.1")).await.expect_status(200), json!({ "success": true }));
    sandbox.message(&mark("")).await.expect_refusal(400, (100, None), "message_id");
    sandbox.message(&mark("1")).await.expect_refusal(400, (131_009, None), "message_id");
    assert_eq!(sandbox.caller.acceptances().await, Vec::<Value>::new());
}

#[tokio::test]
async fn service_messages_are_free_a_thousand_times_a_month_and_billed_after() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("auto", &json!({ "on": false })).await;
    sandbox.caller.send_thousand(&sandbox.account, &[TO]).await;
    sandbox.order("auto", &json!({ "on": true })).await;
    let billed = sandbox.send(TO, "one more").await.wamid();
    sandbox.receiver.wait_for_statuses(&billed, 3).await;
    let pricing = sandbox.receiver.statuses()[0].raw["pricing"].clone();
    let expected =
        json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "service" });
    assert_eq!(pricing, expected);
    let other = sandbox.caller.connect("another code").await;
    let free = sandbox.caller.send(&other, TO, "free").await.wamid();
    sandbox.receiver.wait_for_statuses(&free, 3).await;
    let status = sandbox.receiver.statuses().into_iter().find(|status| status.wamid == free);
    let pricing = status.expect("the free one").raw["pricing"].clone();
    assert_eq!((&pricing["billable"], &pricing["type"]), (&json!(false), &json!("free_customer_service")));
}
