//! Sends that fill templates: what each template requires, and the codes of refusals.

use serde_json::{Value, json};

use crate::support::TestSandbox;
use crate::support::body::{button, code_template, template, template_message, texts};

const TO: &str = "+4915112345678";
const BODY: &str = "Use code {{1}} to get {{2}} off your order.";

async fn make(sandbox: &TestSandbox, category: &str, components: Value) {
    sandbox.caller.create(&sandbox.account, &template("first", category, &components)).await;
}

async fn send(sandbox: &TestSandbox, components: &Value) -> crate::support::Reply {
    sandbox.message(&template_message(TO, "first", components)).await
}

fn body() -> Value {
    json!({ "type": "BODY", "text": BODY, "example": { "body_text": [["25OFF", "25%"]] } })
}

#[tokio::test]
async fn a_wrong_parameter_count_is_refused_with_both_numbers() {
    let sandbox = TestSandbox::start().await;
    make(&sandbox, "MARKETING", json!([body()])).await;
    let text = "body: number of localizable_params (1) does not match the expected number of params (2)";
    send(&sandbox, &json!([texts("body", &["25OFF"])])).await.expect_refusal(400, (132_000, None), text);
    let header = json!([texts("header", &["Hi"]), texts("body", &["25OFF", "25%"])]);
    let text = "header: number of localizable_params (1) does not match the expected number of params (0)";
    send(&sandbox, &header).await.expect_refusal(400, (132_000, None), text);
    send(&sandbox, &json!([texts("body", &["25OFF", "25%"])])).await.wamid();
}

#[tokio::test]
async fn a_template_that_is_missing_in_a_language_is_refused() {
    let sandbox = TestSandbox::start().await;
    make(&sandbox, "MARKETING", json!([body()])).await;
    let mut message = template_message(TO, "first", &json!([texts("body", &["a", "b"])]));
    message["template"]["language"] = json!({ "code": "de" });
    let text = "template name (first) does not exist in de";
    sandbox.message(&message).await.expect_refusal(404, (132_001, None), text);
    message["template"]["language"] = json!({ "code": "en", "policy": "fallback" });
    sandbox.message(&message).await.expect_refusal(400, (100, None), "policy");
    message["template"]["language"] = json!({ "code": "en", "policy": "deterministic" });
    sandbox.message(&message).await.wamid();
}

#[tokio::test]
async fn parameters_need_the_type_and_the_text_format_of_the_template() {
    let sandbox = TestSandbox::start().await;
    make(&sandbox, "MARKETING", json!([body()])).await;
    let with =
        |first: Value| json!([{ "type": "body", "parameters": [first, { "type": "text", "text": "25%" }] }]);
    let image = with(json!({ "type": "image", "image": { "id": "1" } }));
    send(&sandbox, &image).await.expect_refusal(400, (132_012, None), "expected TEXT, received IMAGE");
    let empty = with(json!({ "type": "text", "text": "" }));
    send(&sandbox, &empty).await.expect_refusal(400, (131_008, None), "missing text value");
    let broken = with(json!({ "type": "text", "text": "a\tb" }));
    send(&sandbox, &broken).await.expect_refusal(400, (132_018, None), "new-line/tab");
    let long = with(json!({ "type": "text", "text": "x".repeat(1_000) }));
    send(&sandbox, &long).await.expect_refusal(400, (132_005, None), "longer than 1024");
    let currency = json!({ "type": "currency", "currency": { "code": "USD", "amount_1000": 1, "fallback_value": "$1" } });
    send(&sandbox, &with(currency)).await.wamid();
    send(&sandbox, &with(json!({ "type": "currency" }))).await.expect_refusal(
        400,
        (131_008, None),
        "fallback_value",
    );
}

#[tokio::test]
async fn a_filled_text_counts_a_variable_as_often_as_it_is_used() {
    let sandbox = TestSandbox::start().await;
    let header = json!({
        "type": "HEADER", "format": "TEXT", "text": "For {{1}}", "example": { "header_text": ["you"] },
    });
    let text = "Use {{1}} today: {{1}} saves {{2}} off an order of yours.";
    let body = json!({ "type": "BODY", "text": text, "example": { "body_text": [["25OFF", "25%"]] } });
    make(&sandbox, "MARKETING", json!([header, body])).await;
    let filled = |name: usize, code: usize| {
        json!([texts("header", &[&"n".repeat(name)]), texts("body", &[&"c".repeat(code), "1"])])
    };
    let fixed = text.len() - "{{1}}{{1}}{{2}}".len();
    let fits = (1_024 - fixed - 1) / 2;
    send(&sandbox, &filled(56, fits)).await.wamid();
    send(&sandbox, &filled(57, fits)).await.expect_refusal(400, (132_005, None), "header: the filled text");
    send(&sandbox, &filled(56, fits + 1)).await.expect_refusal(400, (132_005, None), "body: the filled text");
    send(&sandbox, &json!([texts("header", &["x"]), texts("body", &[" ", "1"])])).await.expect_refusal(
        400,
        (131_008, None),
        "missing text value",
    );
}

#[tokio::test]
async fn every_named_parameter_is_filled_once() {
    let sandbox = TestSandbox::start().await;
    let mut named = template(
        "first",
        "UTILITY",
        &json!([{
            "type": "BODY",
            "text": "Hello {{first_name}}, your order {{order_number}} is on its way.",
            "example": { "body_text_named_params": [
                { "param_name": "first_name", "example": "Ada" },
                { "param_name": "order_number", "example": "17" },
            ]},
        }]),
    );
    named["parameter_format"] = json!("named");
    sandbox.caller.create(&sandbox.account, &named).await;
    let filled = |names: &[&str]| {
        let parameters: Vec<Value> =
            names.iter().map(|name| json!({ "type": "text", "parameter_name": name, "text": "a" })).collect();
        json!([{ "type": "body", "parameters": parameters }])
    };
    send(&sandbox, &filled(&["order_number", "first_name"])).await.wamid();
    send(&sandbox, &filled(&["first_name"])).await.expect_refusal(400, (132_000, None), "(1)");
    let twice = filled(&["first_name", "first_name"]);
    send(&sandbox, &twice).await.expect_refusal(400, (100, None), "first_name");
    let unnamed = json!([texts("body", &["a", "b"])]);
    send(&sandbox, &unnamed).await.expect_refusal(400, (100, None), "Parameter name is missing or empty");
}

#[tokio::test]
async fn a_media_header_needs_its_medium() {
    let sandbox = TestSandbox::start().await;
    let header = json!({ "type": "HEADER", "format": "DOCUMENT", "example": { "header_handle": ["4::a"] } });
    make(&sandbox, "MARKETING", json!([header, body()])).await;
    let with = |parameter: Value| json!([{ "type": "header", "parameters": [parameter] }, texts("body", &["25OFF", "25%"])]);
    let body_only = json!([texts("body", &["25OFF", "25%"])]);
    let text = "header: Format mismatch, expected DOCUMENT, received UNKNOWN";
    send(&sandbox, &body_only).await.expect_refusal(400, (132_012, None), text);
    let image = with(json!({ "type": "image", "image": { "id": "1" } }));
    send(&sandbox, &image).await.expect_refusal(400, (132_012, None), "received IMAGE");
    let empty = with(json!({ "type": "document", "document": {} }));
    send(&sandbox, &empty).await.expect_refusal(400, (131_008, None), "id or link");
    send(&sandbox, &with(json!({ "type": "document", "document": { "id": "1", "filename": "a.pdf" } })))
        .await
        .wamid();
}

#[tokio::test]
async fn a_location_header_needs_latitude_and_longitude() {
    let sandbox = TestSandbox::start().await;
    make(&sandbox, "UTILITY", json!([{ "type": "HEADER", "format": "LOCATION" }, body()])).await;
    let with = |location: Value| {
        let parameter = json!({ "type": "location", "location": location });
        json!([{ "type": "header", "parameters": [parameter] }, texts("body", &["25OFF", "25%"])])
    };
    send(&sandbox, &with(json!({ "latitude": "37.4", "longitude": "-122.1" }))).await.wamid();
    send(&sandbox, &with(json!({ "latitude": "37.4" }))).await.expect_refusal(
        400,
        (131_008, None),
        "longitude",
    );
}

#[tokio::test]
async fn coupons_need_their_code_and_offers_their_expiration() {
    let sandbox = TestSandbox::start().await;
    let offer = json!({ "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "Ends soon", "has_expiration": true } });
    let buttons = json!({ "type": "BUTTONS", "buttons": [{ "type": "COPY_CODE", "example": "25OFF" }] });
    make(&sandbox, "MARKETING", json!([offer, body(), buttons])).await;
    let expires = |ms: Value| {
        let inner =
            json!({ "type": "limited_time_offer", "limited_time_offer": { "expiration_time_ms": ms } });
        json!({ "type": "limited_time_offer", "parameters": [inner] })
    };
    let texts = texts("body", &["25OFF", "25%"]);
    let coupon = |code: &str| button("copy_code", 0, &json!({ "type": "coupon_code", "coupon_code": code }));
    let complete = json!([expires(json!(1_900_000_000_000_u64)), texts, coupon("25OFF")]);
    send(&sandbox, &complete).await.wamid();
    for (components, code, text) in [
        (json!([texts, coupon("25OFF")]), 131_008, "expiration_time_ms"),
        (json!([expires(json!("soon")), texts, coupon("25OFF")]), 131_008, "expiration_time_ms"),
        (
            json!([expires(json!(1)), texts]),
            131_008,
            "Button at index 0 of type CopyCode requires a parameter",
        ),
        (json!([expires(json!(1)), texts, coupon("")]), 131_008, "coupon_code"),
        (json!([expires(json!(1)), texts, coupon(&"x".repeat(21))]), 132_018, "longer than 20"),
        (
            json!([expires(json!(1)), texts, coupon("25OFF"), button("url", 1, &json!({}))]),
            131_009,
            "no button at index 1",
        ),
    ] {
        send(&sandbox, &components).await.expect_refusal(400, (code, None), text);
    }
}

#[tokio::test]
async fn a_one_time_password_fills_body_and_button_and_is_sent_to_phone_numbers_only() {
    let sandbox = TestSandbox::start().await;
    let copy = json!({ "type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code" });
    sandbox.caller.create(&sandbox.account, &code_template("first", &copy)).await;
    let filled = |code: &str| {
        json!([texts("body", &[code]), button("url", 0, &json!({ "type": "text", "text": code }))])
    };
    let reply = send(&sandbox, &filled("123456")).await;
    let wamid = reply.wamid();
    sandbox.receiver.wait_for_statuses(&wamid, 3).await;
    assert_eq!(sandbox.receiver.statuses()[0].raw["pricing"]["category"], "authentication");
    let text = "Button at index 0 of type Url requires a parameter";
    send(&sandbox, &json!([texts("body", &["123456"])])).await.expect_refusal(400, (131_008, None), text);
    send(&sandbox, &filled(&"1".repeat(16))).await.expect_refusal(400, (132_018, None), "15 characters");
    for code in ["https://a.b", "www.a.b", "12\u{1f600}", "1\u{20e3}"] {
        send(&sandbox, &filled(code)).await.expect_refusal(400, (132_018, None), "links, media or emoji");
    }
    let mut scoped = template_message(TO, "first", &filled("123456"));
    scoped.as_object_mut().expect("an object").remove("to");
    scoped["recipient"] = json!("US.13491208655302741918");
    sandbox.message(&scoped).await.expect_refusal(400, (131_062, None), "Recipient not addressable");
}

#[tokio::test]
async fn every_card_of_a_carousel_is_filled() {
    let sandbox = TestSandbox::start().await;
    let card = json!({ "components": [
        { "type": "header", "format": "image", "example": { "header_handle": ["4::a"] } },
        { "type": "buttons", "buttons": [
            { "type": "quick_reply", "text": "More" },
            { "type": "url", "text": "Shop", "url": "https://example.org/{{1}}", "example": ["a"] },
        ]},
    ]});
    make(&sandbox, "MARKETING", json!([body(), { "type": "carousel", "cards": [card, card] }])).await;
    let filled = |index: u64, image: Value| {
        json!({ "card_index": index, "components": [
            { "type": "header", "parameters": [{ "type": "image", "image": image }] },
            button("quick_reply", 0, &json!({ "type": "payload", "payload": "more" })),
            button("url", 1, &json!({ "type": "text", "text": "a" })),
        ]})
    };
    let with = |cards: Value| json!([texts("body", &["a", "b"]), { "type": "carousel", "cards": cards }]);
    let image = json!({ "id": "1" });
    send(&sandbox, &with(json!([filled(0, image.clone()), filled(1, image.clone())]))).await.wamid();
    let one = with(json!([filled(0, image.clone())]));
    send(&sandbox, &one).await.expect_refusal(400, (132_000, None), "number of cards (1)");
    let twice = with(json!([filled(0, image.clone()), filled(0, image.clone())]));
    send(&sandbox, &twice).await.expect_refusal(400, (131_008, None), "card_index 1");
    let incomplete = with(json!([filled(0, image), filled(1, json!({}))]));
    send(&sandbox, &incomplete).await.expect_refusal(400, (131_008, None), "id or link");
}

#[tokio::test]
async fn the_marketing_messages_api_accepts_marketing_templates_only() {
    let sandbox = TestSandbox::start().await;
    make(&sandbox, "MARKETING", json!([{ "type": "BODY", "text": "Our sale is on." }])).await;
    let parcel = template("parcel", "UTILITY", &json!([{ "type": "BODY", "text": "It is on its way." }]));
    sandbox.caller.create(&sandbox.account, &parcel).await;
    let path = format!("/{}/marketing_messages", sandbox.account.phone_id);
    let reply = sandbox.post(&path, &template_message(TO, "first", &json!([]))).await;
    assert_eq!(reply.body["success"], true);
    let wamid = reply.wamid();
    sandbox.receiver.wait_for_statuses(&wamid, 3).await;
    assert_eq!(sandbox.receiver.statuses()[0].raw["pricing"]["category"], "marketing_lite");
    let utility = template_message(TO, "parcel", &json!([]));
    sandbox.post(&path, &utility).await.expect_refusal(400, (131_055, None), "marketing");
    let text = crate::support::caller::text_to(TO, "attempt");
    assert_eq!(sandbox.post(&path, &text).await.expect_error(400), 131_055);
}
