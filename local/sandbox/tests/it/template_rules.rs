//! Rules for new templates: each is broken once and refused with Meta's subcode.

use serde_json::{Value, json};

use crate::support::TestSandbox;
use crate::support::body::{code_template, plain, template};

/// `error_subcode` of each rule.
const TOO_LONG: Option<i64> = Some(2_388_040);
const NO_EXAMPLE: Option<i64> = Some(2_388_043);
const BAD_HEADER: Option<i64> = Some(2_388_047);
const BAD_BODY: Option<i64> = Some(2_388_072);
const BAD_FOOTER: Option<i64> = Some(2_388_073);
const TOO_MANY: Option<i64> = Some(2_388_293);
const BAD_POSITION: Option<i64> = Some(2_388_299);

async fn create(sandbox: &TestSandbox, template: &Value) -> crate::support::Reply {
    sandbox.post(&format!("/{}/message_templates", sandbox.account.waba), template).await
}

async fn refused(sandbox: &TestSandbox, template: &Value, subcode: Option<i64>) {
    let reply = create(sandbox, template).await;
    assert_eq!(reply.expect_error(400), 100, "{template}");
    let error = &reply.body["error"];
    assert_eq!(error["error_subcode"].as_i64(), subcode, "{template}: {}", reply.text);
    if subcode.is_some() {
        assert_eq!((&error["message"], &error["is_transient"]), (&json!("Invalid parameter"), &json!(false)));
        assert!(
            error["error_user_title"].is_string() && error["error_user_msg"].is_string(),
            "{}",
            reply.text
        );
    } else {
        let message = error["message"].as_str().expect("an error has a message");
        assert!(message.starts_with("(#100) "), "{message}");
    }
}

fn of_body(text: &str, examples: &Value) -> Value {
    template(
        "rule",
        "UTILITY",
        &json!([{ "type": "BODY", "text": text, "example": { "body_text": [examples] } }]),
    )
}

fn beside_body(component: &Value) -> Value {
    template("rule", "MARKETING", &json!([component, { "type": "BODY", "text": "Our new offer is here." }]))
}

#[tokio::test]
async fn variables_of_a_body_are_apart_and_among_enough_words() {
    let sandbox = TestSandbox::start().await;
    for (text, examples, subcode) in [
        ("{{1}} is on its way to you", json!(["a"]), BAD_POSITION),
        ("On its way to you is {{1}}", json!(["a"]), BAD_POSITION),
        ("On its way {{1}}{{2}} to you today it is", json!(["a", "b"]), BAD_BODY),
        ("On its way {{1}} {{2}} to you today it is", json!(["a", "b"]), BAD_BODY),
        ("Here {{1}} and {{2}} now", json!(["a", "b"]), TOO_MANY),
        ("On its way to {{1}} it is", json!([]), NO_EXAMPLE),
        ("On its way to {{1}} it is", json!([""]), NO_EXAMPLE),
        ("On its way to {{1}} it is", json!(["a", "b"]), NO_EXAMPLE),
        ("On its way to {{2}} it is", json!(["a"]), BAD_BODY),
        ("On its way to {{name}} it is", json!(["a"]), BAD_BODY),
        ("On its way to {{1$}} it is", json!(["a"]), BAD_BODY),
        ("On its way to {{1} it is today", json!(["a"]), BAD_BODY),
        ("", json!([]), BAD_BODY),
        (&"word ".repeat(205), json!([]), TOO_LONG),
    ] {
        refused(&sandbox, &of_body(text, &examples), subcode).await;
    }
    sandbox.caller.create(&sandbox.account, &of_body("Hello {{1}}, welcome!", &json!(["Ada"]))).await;
}

#[tokio::test]
async fn named_variables_are_lower_case_and_occur_once() {
    let sandbox = TestSandbox::start().await;
    let named = |text: &str, name: &str| {
        let mut template = template(
            "rule",
            "UTILITY",
            &json!([{
                "type": "BODY", "text": text,
                "example": { "body_text_named_params": [{ "param_name": name, "example": "Ada" }] },
            }]),
        );
        template["parameter_format"] = json!("NAMED");
        template
    };
    refused(&sandbox, &named("Hello dear {{Name}} and welcome", "Name"), BAD_BODY).await;
    refused(&sandbox, &named("Hello dear {{name}} or {{name}} and welcome here", "name"), BAD_BODY).await;
    refused(&sandbox, &named("Hello dear {{name}} and welcome", "other"), NO_EXAMPLE).await;
    sandbox.caller.create(&sandbox.account, &named("Hello dear {{name}} and welcome", "name")).await;
}

#[tokio::test]
async fn headers_and_footers_are_short_and_plain() {
    let sandbox = TestSandbox::start().await;
    let header = |text: &str| json!({ "type": "HEADER", "format": "TEXT", "text": text });
    let with_example = |text: &str, examples: Value| json!({ "type": "HEADER", "format": "TEXT", "text": text, "example": { "header_text": examples } });
    for (component, subcode) in [
        (header(""), BAD_HEADER),
        (header("*Bold*"), BAD_HEADER),
        (header("Two\nlines"), BAD_HEADER),
        (header(&"x".repeat(61)), TOO_LONG),
        (header("Our {{1}} is on"), NO_EXAMPLE),
        (with_example("Our {{1}} and {{2}} are on", json!(["a", "b"])), BAD_HEADER),
        (json!({ "type": "HEADER", "format": "SMELL" }), BAD_HEADER),
        (json!({ "type": "HEADER", "format": "VIDEO", "example": { "header_handle": [] } }), NO_EXAMPLE),
        (json!({ "type": "FOOTER", "text": "" }), BAD_FOOTER),
        (json!({ "type": "FOOTER", "text": "Bye {{1}}" }), BAD_FOOTER),
        (json!({ "type": "FOOTER", "text": "x".repeat(61) }), TOO_LONG),
        (json!({ "type": "BODY", "text": "Another body" }), None),
    ] {
        refused(&sandbox, &beside_body(&component), subcode).await;
    }
    sandbox
        .caller
        .create(&sandbox.account, &beside_body(&with_example("Our {{1}} is on", json!(["Sale"]))))
        .await;
}

#[tokio::test]
async fn buttons_are_counted_grouped_and_complete() {
    let sandbox = TestSandbox::start().await;
    let with = |buttons: Value| beside_body(&json!({ "type": "BUTTONS", "buttons": buttons }));
    let reply = json!({ "type": "QUICK_REPLY", "text": "Yes" });
    let url = json!({ "type": "URL", "text": "Look", "url": "https://example.org" });
    let call = json!({ "type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550100000" });
    let coupon = json!({ "type": "COPY_CODE", "example": "25OFF" });
    for (buttons, subcode) in [
        (json!([]), None),
        (json!(vec![reply.clone(); 11]), None),
        (json!([url, url, url]), None),
        (json!([call, call]), None),
        (json!([coupon, coupon]), None),
        (json!([reply, url, reply]), None),
        (json!([{ "type": "QUICK_REPLY" }]), None),
        (json!([{ "type": "QUICK_REPLY", "text": "x".repeat(26) }]), TOO_LONG),
        (json!([{ "type": "URL", "text": "Look" }]), None),
        (
            json!([{ "type": "URL", "text": "Look", "url": format!("https://{}", "x".repeat(2_000)) }]),
            TOO_LONG,
        ),
        (json!([{ "type": "URL", "text": "Look", "url": "https://example.org/{{1}}" }]), NO_EXAMPLE),
        (json!([{ "type": "URL", "text": "Look", "url": "https://{{1}}.org", "example": ["a"] }]), None),
        (json!([{ "type": "PHONE_NUMBER", "text": "Call" }]), None),
        (json!([{ "type": "PHONE_NUMBER", "text": "Call", "phone_number": "1".repeat(21) }]), TOO_LONG),
        (json!([{ "type": "COPY_CODE" }]), NO_EXAMPLE),
        (json!([{ "type": "COPY_CODE", "example": "x".repeat(21) }]), TOO_LONG),
        (json!([{ "type": "FLOW", "text": "Start" }]), None),
        (json!([{ "type": "OTP", "otp_type": "COPY_CODE" }]), None),
        (json!([{ "type": "BELL", "text": "Ring" }]), None),
    ] {
        refused(&sandbox, &with(buttons), subcode).await;
    }
    let flow = json!({ "type": "flow", "text": "Start", "flow_id": "1" });
    sandbox.caller.create(&sandbox.account, &with(json!([reply, reply, url, url, call, coupon, flow]))).await;
}

#[tokio::test]
async fn carousels_have_two_to_ten_cards_with_the_same_components() {
    let sandbox = TestSandbox::start().await;
    let card = |format: &str, buttons: Value| {
        json!({ "components": [
            { "type": "HEADER", "format": format, "example": { "header_handle": ["4::a"] } },
            { "type": "BUTTONS", "buttons": buttons },
        ]})
    };
    let reply = json!({ "type": "QUICK_REPLY", "text": "More" });
    let good = card("IMAGE", json!([reply]));
    let with = |cards: Value| beside_body(&json!({ "type": "CAROUSEL", "cards": cards }));
    for cards in [
        json!([good]),
        json!(vec![good.clone(); 11]),
        json!([good, card("VIDEO", json!([reply]))]),
        json!([good, card("IMAGE", json!([reply, reply]))]),
        json!([card("IMAGE", json!([reply, reply, reply])), card("IMAGE", json!([reply, reply, reply]))]),
        json!([card("TEXT", json!([reply])), card("TEXT", json!([reply]))]),
        json!([{ "components": [] }, { "components": [] }]),
    ] {
        refused(&sandbox, &with(cards), None).await;
    }
    let mut long = good.clone();
    long["components"]
        .as_array_mut()
        .expect("components")
        .push(json!({ "type": "BODY", "text": "x".repeat(161) }));
    refused(&sandbox, &with(json!([long, long])), TOO_LONG).await;
    sandbox.caller.create(&sandbox.account, &with(json!([good, good]))).await;
}

#[tokio::test]
async fn limited_time_offers_are_short_and_for_marketing_only() {
    let sandbox = TestSandbox::start().await;
    let offer = |text: &str| json!({ "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": text, "has_expiration": true } });
    refused(&sandbox, &beside_body(&offer("")), None).await;
    refused(&sandbox, &beside_body(&offer("seventeen letters")), TOO_LONG).await;
    let mut utility = beside_body(&offer("Ends soon"));
    utility["category"] = json!("UTILITY");
    refused(&sandbox, &utility, None).await;
    let mut long = beside_body(&offer("Ends soon"));
    long["components"][1]["text"] = json!("word ".repeat(121));
    refused(&sandbox, &long, TOO_LONG).await;
    let footer =
        json!([offer("Ends soon"), { "type": "BODY", "text": "Here." }, { "type": "FOOTER", "text": "Bye" }]);
    refused(&sandbox, &template("rule", "MARKETING", &footer), None).await;
    sandbox.caller.create(&sandbox.account, &beside_body(&offer("Ends soon"))).await;
}

#[tokio::test]
async fn an_authentication_template_is_shown_with_metas_words() {
    let sandbox = TestSandbox::start().await;
    let button = json!({ "type": "OTP", "otp_type": "COPY_CODE" });
    let mut template = code_template("code", &button);
    template["components"][0]["add_security_recommendation"] = json!(true);
    template["components"][1]["code_expiration_minutes"] = json!(5);
    sandbox.caller.create(&sandbox.account, &template).await;
    let path = format!("/{}/message_templates?name=code", sandbox.account.waba);
    let shown = sandbox.get(&path).await.expect_status(200);
    let components = &shown["data"][0]["components"];
    let words = "*{{1}}* is your verification code. For your security, do not share this code.";
    assert_eq!(components[0]["text"], words);
    assert_eq!(components[1]["text"], "This code expires in 5 minutes.");
    assert_eq!(components[2]["buttons"][0]["type"], "URL");
}

#[tokio::test]
async fn authentication_templates_have_fixed_texts_and_one_button() {
    let sandbox = TestSandbox::start().await;
    let app = json!({ "package_name": "com.example.app", "signature_hash": "K8a/AINcGX7" });
    let button =
        |kind: &str| json!({ "type": "OTP", "otp_type": kind, "text": "Copy", "supported_apps": [app] });
    let with_body = |body: Value| {
        let buttons = json!({ "type": "BUTTONS", "buttons": [button("COPY_CODE")] });
        template("rule", "AUTHENTICATION", &json!([body, buttons]))
    };
    let minutes = |minutes: Value| {
        let mut template = code_template("rule", &button("COPY_CODE"));
        template["components"][1]["code_expiration_minutes"] = minutes;
        template
    };
    for wrong in [
        with_body(json!({ "type": "BODY", "text": "Your code is here." })),
        template("rule", "AUTHENTICATION", &json!([{ "type": "BODY" }])),
        template(
            "rule",
            "AUTHENTICATION",
            &json!([
                { "type": "HEADER", "format": "TEXT", "text": "Code" },
                { "type": "BODY" },
                { "type": "BUTTONS", "buttons": [button("COPY_CODE")] },
            ]),
        ),
        minutes(json!(0)),
        minutes(json!(91)),
        code_template("rule", &button("TWO_TAP")),
        code_template("rule", &json!({ "type": "QUICK_REPLY", "text": "Not me" })),
        code_template("rule", &json!({ "type": "OTP", "otp_type": "ONE_TAP" })),
        code_template(
            "rule",
            &json!({ "type": "OTP", "otp_type": "ONE_TAP", "supported_apps": [{ "package_name": "a" }] }),
        ),
        code_template("rule", &button("ZERO_TAP")),
    ] {
        refused(&sandbox, &wrong, None).await;
    }
    let legacy = json!({ "type": "otp", "otp_type": "one_tap", "package_name": "com.example.app", "signature_hash": "K8a" });
    sandbox.caller.create(&sandbox.account, &code_template("legacy", &legacy)).await;
    let mut zero_tap = button("zero_tap");
    zero_tap["zero_tap_terms_accepted"] = json!(true);
    let id = sandbox.caller.create(&sandbox.account, &code_template("zero_tap", &zero_tap)).await;
    let shown = sandbox.get(&format!("/{id}")).await.expect_status(200);
    assert_eq!(shown["components"][2]["buttons"][0]["otp_type"], "ZERO_TAP", "in upper case");
}

#[tokio::test]
async fn names_categories_and_times_to_live_are_limited() {
    let sandbox = TestSandbox::start().await;
    let mut named = plain("Rule", "UTILITY");
    refused(&sandbox, &named, Some(2_388_046)).await;
    named["name"] = json!("x".repeat(513));
    refused(&sandbox, &named, Some(2_388_046)).await;
    for (category, seconds, fits) in [
        ("UTILITY", 29, false),
        ("UTILITY", 43_201, false),
        ("UTILITY", -1, true),
        ("MARKETING", -1, false),
        ("MARKETING", 43_199, false),
        ("MARKETING", 43_200, true),
    ] {
        let name = format!("rule_{}_{}", category.to_ascii_lowercase(), i64::unsigned_abs(seconds));
        let mut template = plain(&name, category);
        template["message_send_ttl_seconds"] = json!(seconds);
        if fits {
            let id = sandbox.caller.create(&sandbox.account, &template).await;
            let shown = sandbox.get(&format!("/{id}")).await.expect_status(200);
            assert_eq!(shown["message_send_ttl_seconds"], seconds);
        } else {
            refused(&sandbox, &template, None).await;
        }
    }
    for (key, value) in [
        ("category", json!("TRANSACTIONAL")),
        ("language", json!("")),
        ("components", json!("none")),
        ("message_send_ttl_seconds", json!("soon")),
    ] {
        let mut template = plain("rule", "UTILITY");
        template[key] = value;
        refused(&sandbox, &template, None).await;
    }
}

#[tokio::test]
async fn a_template_can_request_payment_or_permission_to_call() {
    let sandbox = TestSandbox::start().await;
    let button = json!({ "type": "ORDER_DETAILS", "text": "Pay" });
    for (name, component) in [
        ("pay", json!({ "type": "BUTTONS", "buttons": [button] })),
        ("call", json!({ "type": "CALL_PERMISSION_REQUEST" })),
    ] {
        let mut asked = beside_body(&component);
        asked["name"] = json!(name);
        sandbox.caller.create(&sandbox.account, &asked).await;
    }
}
