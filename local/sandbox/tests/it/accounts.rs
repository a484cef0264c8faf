//! Connecting an account: code, token, number and subscription; refused callers.

use reqwest::Method;
use serde_json::json;

use crate::support::caller::read;
use crate::support::{APP_ID, APP_SECRET, Receiver, TestSandbox, VERIFY_TOKEN, options, start_sandbox};

#[tokio::test]
async fn the_same_code_gives_the_same_account_in_every_sandbox() {
    let (first, second) =
        (start_sandbox(options(None, None)).await, start_sandbox(options(None, None)).await);
    let (here, there) =
        (crate::support::Caller::new(&first.base_url()), crate::support::Caller::new(&second.base_url()));
    there.account("an unrelated code").await;
    let (one, other) = (here.account("a code").await, there.account("a code").await);
    assert_eq!((&one.waba, &one.phone_id, &one.token), (&other.waba, &other.phone_id, &other.token));
    let again = here.exchange("a code").await.expect_status(200);
    assert_eq!(again["access_token"], *one.token);
    assert_eq!(again["token_type"], "bearer");
    let different = here.account("another code").await;
    assert_ne!(different.waba, one.waba);
    assert_ne!(different.phone_id, one.phone_id);
    assert_ne!(different.token, one.token);
    assert_ne!(different.phone, one.phone);
}

#[tokio::test]
async fn a_code_is_exchanged_by_query_form_and_json_alike() {
    let sandbox = TestSandbox::start().await;
    let path = "/v26.0/oauth/access_token";
    let form = format!("client_id={APP_ID}&client_secret={}&code=a%20code", APP_SECRET.replace(' ', "%20"));
    let json = json!({ "client_id": APP_ID, "client_secret": APP_SECRET, "code": "a code" }).to_string();
    for body in [form, json] {
        let reply = read(sandbox.caller.request(Method::POST, path).body(body)).await.expect_status(200);
        assert_eq!(reply["access_token"], *sandbox.account.token);
    }
}

#[tokio::test]
async fn invalid_codes_and_unknown_apps_are_refused() {
    let sandbox = TestSandbox::start().await;
    let used = sandbox.caller.exchange("bad code").await;
    assert_eq!((used.expect_error(400), &used.body["error"]["error_subcode"]), (100, &json!(36_009)));
    assert_eq!(sandbox.caller.exchange("").await.expect_error(400), 100);
    for (id, secret, code) in [(APP_ID, "wrong", 1), ("2", APP_SECRET, 101), ("", APP_SECRET, 101)] {
        let query = [("client_id", id), ("client_secret", secret), ("code", "a code")];
        let request = sandbox.caller.request(Method::GET, "/v26.0/oauth/access_token").query(&query);
        assert_eq!(read(request).await.expect_error(400), code);
    }
    let accounts = sandbox.caller.show("accounts").await.expect_status(200);
    assert_eq!(accounts["accounts"].as_array().map(Vec::len), Some(1), "a refused code creates no account");
}

#[tokio::test]
async fn only_the_app_can_debug_a_token() {
    let sandbox = TestSandbox::start().await;
    let app_token = format!("{APP_ID}|{APP_SECRET}");
    let path = format!("/debug_token?input_token={}", sandbox.account.token);
    let data = sandbox.caller.get(&app_token, &path).await.expect_status(200)["data"].clone();
    assert_eq!((&data["is_valid"], &data["app_id"]), (&json!(true), &json!(APP_ID)));
    assert_eq!(data["granular_scopes"][0]["scope"], "whatsapp_business_management");
    assert_eq!(data["granular_scopes"][0]["target_ids"], json!([sandbox.account.waba]));
    let unknown =
        sandbox.caller.get(&app_token, "/debug_token?input_token=EAAunknown").await.expect_status(200);
    assert_eq!(
        (&unknown["data"]["is_valid"], &unknown["data"]["error"]["code"]),
        (&json!(false), &json!(190))
    );
    assert_eq!(sandbox.caller.get(&app_token, "/debug_token").await.expect_error(400), 100);
    assert_eq!(sandbox.caller.get(&sandbox.account.token, &path).await.expect_error(401), 190);
}

#[tokio::test]
async fn the_number_is_listed_and_registered_by_its_pin() {
    let sandbox = TestSandbox::start().await;
    let account = sandbox.caller.account("a new code").await;
    let list = format!("/{}/phone_numbers", account.waba);
    let listed = sandbox.caller.get(&account.token, &list).await.expect_status(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&listed["data"][0]["id"], &listed["data"][0]["status"]),
        (&json!(account.phone_id), &json!("PENDING"))
    );
    let shown = listed["data"][0]["display_phone_number"].as_str().expect("a number is shown");
    assert_eq!(shown.replace([' ', '-'], ""), account.phone, "in groups of digits, as Meta shows it");
    assert_eq!(sandbox.caller.send(&account, "+15550000001", "early").await.expect_error(400), 133_010);

    let register = format!("/{}/register", account.phone_id);
    for body in [
        json!({ "pin": "123456" }),
        json!({ "messaging_product": "whatsapp" }),
        json!({ "messaging_product": "whatsapp", "pin": "12345" }),
        json!({ "messaging_product": "whatsapp", "pin": "12345a" }),
    ] {
        assert_eq!(
            sandbox.caller.post(&account.token, &register, &body).await.expect_error(400),
            100,
            "{body}"
        );
    }
    let body = json!({ "messaging_product": "whatsapp", "pin": "123456" });
    let registered = sandbox.caller.post(&account.token, &register, &body).await.expect_status(200);
    assert_eq!(registered, json!({ "success": true }));
    let path = format!("/{}?fields=status,verified_name", account.phone_id);
    let number = sandbox.caller.get(&account.token, &path).await.expect_status(200);
    assert_eq!(number["status"], "CONNECTED");
    assert!(number["quality_rating"].is_null(), "only the requested fields");
    sandbox.caller.send(&account, "+15550000001", "now").await.wamid();
    let waba = sandbox.caller.get(&account.token, &format!("/{}", account.waba)).await.expect_status(200);
    assert_eq!((&waba["id"], &waba["currency"]), (&json!(account.waba), &json!("USD")));
}

#[tokio::test]
async fn webhooks_are_sent_while_the_app_is_subscribed() {
    let sandbox = TestSandbox::start().await;
    let path = format!("/{}/subscribed_apps", sandbox.account.waba);
    let token = &sandbox.account.token;
    let shown = sandbox.caller.get(token, &path).await.expect_status(200);
    assert_eq!(shown["data"][0]["whatsapp_business_api_data"]["id"], APP_ID);
    assert_eq!(sandbox.receiver.handshakes(), 1);

    sandbox.caller.delete(token, &path).await.expect_status(200);
    assert_eq!(sandbox.caller.get(token, &path).await.expect_status(200)["data"], json!([]));
    let before = sandbox.send("+15550000001", "before").await.wamid();
    sandbox.caller.post(token, &path, &json!({})).await.expect_status(200);
    let after = sandbox.send("+15550000001", "after").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&after, 3).await.len(), 3);
    assert_eq!(sandbox.receiver.statuses_of(&before), Vec::<String>::new());
    assert_eq!(sandbox.receiver.handshakes(), 2);
}

#[tokio::test]
async fn a_receiver_that_fails_the_handshake_is_not_subscribed() {
    let receiver = Receiver::start().await;
    let mut wrong = options(Some(receiver.url()), None);
    wrong.verify_token = format!("not {VERIFY_TOKEN}");
    let sandbox = start_sandbox(wrong).await;
    let caller = crate::support::Caller::new(&sandbox.base_url());
    let account = caller.account("a code").await;
    let path = format!("/{}/subscribed_apps", account.waba);
    assert_eq!(caller.post(&account.token, &path, &json!({})).await.expect_error(422), 100);
    assert_eq!(receiver.handshakes(), 1);
    assert_eq!(caller.get(&account.token, &path).await.expect_status(200)["data"], json!([]));
    let overriding = json!({ "override_callback_uri": receiver.url(), "verify_token": VERIFY_TOKEN });
    assert_eq!(caller.post(&account.token, &path, &overriding).await.expect_error(400), 100);
}

#[tokio::test]
async fn a_token_gives_access_to_its_own_account_only() {
    let sandbox = TestSandbox::start().await;
    let other = sandbox.caller.connect("another code").await;
    let body = json!({});
    for path in ["messages", "register"] {
        let path = format!("/{}/{path}", sandbox.account.phone_id);
        assert_eq!(sandbox.caller.post("EAAwrong", &path, &body).await.expect_error(401), 190);
        let foreign = sandbox.caller.post(&other.token, &path, &body).await;
        assert_eq!((foreign.expect_error(400), &foreign.body["error"]["error_subcode"]), (100, &json!(33)));
        let without_token = read(sandbox.caller.request(Method::POST, &format!("/v26.0{path}"))).await;
        assert_eq!(without_token.expect_error(401), 104);
    }
    for path in ["phone_numbers", "subscribed_apps", "message_templates"] {
        let path = format!("/{}/{path}", sandbox.account.waba);
        assert_eq!(sandbox.caller.get("EAAwrong", &path).await.expect_error(401), 190);
        assert_eq!(sandbox.caller.get(&other.token, &path).await.expect_error(400), 100);
        let by_query = format!("/v26.0{path}?access_token={}", sandbox.account.token);
        read(sandbox.caller.request(Method::GET, &by_query)).await.expect_status(200);
    }
}

#[tokio::test]
async fn the_appsecret_proof_is_checked_when_it_is_given() {
    let sandbox = TestSandbox::start().await;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    let proof = hex::encode(aws_lc_rs::hmac::sign(&key, sandbox.account.token.as_bytes()));
    let path = |proof: &str| format!("/{}?appsecret_proof={proof}", sandbox.account.waba);
    sandbox.caller.get(&sandbox.account.token, &path(&proof)).await.expect_status(200);
    let wrong = sandbox.caller.get(&sandbox.account.token, &path(&proof.replace(['a', '1'], "2"))).await;
    assert_eq!(wrong.expect_error(400), 100);
}

#[tokio::test]
async fn ended_versions_are_served_as_the_oldest_one() {
    let sandbox = TestSandbox::start().await;
    for (requested, served) in
        [("v26.0", "v26.0"), ("v23.0", "v23.0"), ("v19.0", "v21.0"), ("v2.12", "v21.0")]
    {
        let path = format!("/{requested}/{}?access_token={}", sandbox.account.waba, sandbox.account.token);
        let reply = read(sandbox.caller.request(Method::GET, &path)).await;
        assert_eq!(reply.version.as_deref(), Some(served));
        reply.expect_status(200);
    }
    for path in ["/26.0/me/messages", "/v26.0/me/messages/more", "/v26/me", "/", "/v26.0/me/unknown"] {
        let reply = read(sandbox.caller.request(Method::GET, path)).await;
        assert_eq!(reply.expect_error(400), 2_500, "{path}");
    }
}
