//! Connecting an account: the code, the token, the number, the subscription; and how Graph refuses a caller.

use reqwest::Method;
use serde_json::json;

use crate::support::caller::read;
use crate::support::{APP_ID, APP_SECRET, Receiver, Stage, VERIFY_TOKEN, begin, options};

#[tokio::test]
async fn the_same_code_gives_the_same_account_in_every_sandbox() {
    let (first, second) = (begin(options(None, None)).await, begin(options(None, None)).await);
    let (here, there) =
        (crate::support::Caller::new(&first.base_url()), crate::support::Caller::new(&second.base_url()));
    there.account("someone else's code").await;
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
    let stage = Stage::open().await;
    let path = "/v26.0/oauth/access_token";
    let form = format!("client_id={APP_ID}&client_secret={}&code=a%20code", APP_SECRET.replace(' ', "%20"));
    let json = json!({ "client_id": APP_ID, "client_secret": APP_SECRET, "code": "a code" }).to_string();
    for body in [form, json] {
        let reply = read(stage.caller.request(Method::POST, path).body(body)).await.expect_status(200);
        assert_eq!(reply["access_token"], *stage.account.token);
    }
}

#[tokio::test]
async fn bad_codes_and_strangers_are_refused() {
    let stage = Stage::open().await;
    let used = stage.caller.exchange("bad code").await;
    assert_eq!((used.expect_error(400), &used.body["error"]["error_subcode"]), (100, &json!(36_009)));
    assert_eq!(stage.caller.exchange("").await.expect_error(400), 100);
    for (id, secret, code) in [(APP_ID, "wrong", 1), ("2", APP_SECRET, 101), ("", APP_SECRET, 101)] {
        let query = [("client_id", id), ("client_secret", secret), ("code", "a code")];
        let request = stage.caller.request(Method::GET, "/v26.0/oauth/access_token").query(&query);
        assert_eq!(read(request).await.expect_error(400), code);
    }
    let accounts = stage.caller.look("accounts").await.expect_status(200);
    assert_eq!(accounts["accounts"].as_array().map(Vec::len), Some(1), "a refused code makes no account");
}

#[tokio::test]
async fn a_token_tells_what_it_is_to_the_app_alone() {
    let stage = Stage::open().await;
    let app_token = format!("{APP_ID}|{APP_SECRET}");
    let path = format!("/debug_token?input_token={}", stage.account.token);
    let data = stage.caller.get(&app_token, &path).await.expect_status(200)["data"].clone();
    assert_eq!((&data["is_valid"], &data["app_id"]), (&json!(true), &json!(APP_ID)));
    assert_eq!(data["granular_scopes"][0]["scope"], "whatsapp_business_management");
    assert_eq!(data["granular_scopes"][0]["target_ids"], json!([stage.account.waba]));
    let unknown =
        stage.caller.get(&app_token, "/debug_token?input_token=EAAunknown").await.expect_status(200);
    assert_eq!(
        (&unknown["data"]["is_valid"], &unknown["data"]["error"]["code"]),
        (&json!(false), &json!(190))
    );
    assert_eq!(stage.caller.get(&app_token, "/debug_token").await.expect_error(400), 100);
    assert_eq!(stage.caller.get(&stage.account.token, &path).await.expect_error(401), 190);
}

#[tokio::test]
async fn the_number_is_listed_and_registered_by_its_pin() {
    let stage = Stage::open().await;
    let account = stage.caller.account("a new code").await;
    let list = format!("/{}/phone_numbers", account.waba);
    let listed = stage.caller.get(&account.token, &list).await.expect_status(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&listed["data"][0]["id"], &listed["data"][0]["status"]),
        (&json!(account.phone_id), &json!("PENDING"))
    );
    let shown = listed["data"][0]["display_phone_number"].as_str().expect("a number is shown");
    assert_eq!(shown.replace([' ', '-'], ""), account.phone, "in groups, as Meta shows it");
    assert_eq!(stage.caller.send(&account, "+15550000001", "early").await.expect_error(400), 133_010);

    let register = format!("/{}/register", account.phone_id);
    for body in [
        json!({ "pin": "123456" }),
        json!({ "messaging_product": "whatsapp" }),
        json!({ "messaging_product": "whatsapp", "pin": "12345" }),
        json!({ "messaging_product": "whatsapp", "pin": "12345a" }),
    ] {
        assert_eq!(
            stage.caller.post(&account.token, &register, &body).await.expect_error(400),
            100,
            "{body}"
        );
    }
    let body = json!({ "messaging_product": "whatsapp", "pin": "123456" });
    let registered = stage.caller.post(&account.token, &register, &body).await.expect_status(200);
    assert_eq!(registered, json!({ "success": true }));
    let path = format!("/{}?fields=status,verified_name", account.phone_id);
    let number = stage.caller.get(&account.token, &path).await.expect_status(200);
    assert_eq!(number["status"], "CONNECTED");
    assert!(number["quality_rating"].is_null(), "`fields` narrows");
    stage.caller.send(&account, "+15550000001", "now").await.wamid();
    let waba = stage.caller.get(&account.token, &format!("/{}", account.waba)).await.expect_status(200);
    assert_eq!((&waba["id"], &waba["currency"]), (&json!(account.waba), &json!("USD")));
}

#[tokio::test]
async fn webhooks_come_while_the_app_is_subscribed() {
    let stage = Stage::open().await;
    let path = format!("/{}/subscribed_apps", stage.account.waba);
    let token = &stage.account.token;
    let shown = stage.caller.get(token, &path).await.expect_status(200);
    assert_eq!(shown["data"][0]["whatsapp_business_api_data"]["id"], APP_ID);
    assert_eq!(stage.receiver.handshakes(), 1);

    stage.caller.delete(token, &path).await.expect_status(200);
    assert_eq!(stage.caller.get(token, &path).await.expect_status(200)["data"], json!([]));
    let unheard = stage.send("+15550000001", "unheard").await.wamid();
    stage.caller.post(token, &path, &json!({})).await.expect_status(200);
    let heard = stage.send("+15550000001", "heard").await.wamid();
    assert_eq!(stage.receiver.words_of(&heard, 3).await.len(), 3);
    assert_eq!(stage.receiver.words(&unheard), Vec::<String>::new());
    assert_eq!(stage.receiver.handshakes(), 2);
}

#[tokio::test]
async fn a_receiver_that_fails_the_handshake_is_not_subscribed() {
    let receiver = Receiver::start().await;
    let mut wrong = options(Some(receiver.url()), None);
    wrong.verify_token = format!("not {VERIFY_TOKEN}");
    let sandbox = begin(wrong).await;
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
async fn only_the_owner_of_a_token_gets_in() {
    let stage = Stage::open().await;
    let other = stage.caller.connect("another code").await;
    let body = json!({});
    for path in ["messages", "register"] {
        let path = format!("/{}/{path}", stage.account.phone_id);
        assert_eq!(stage.caller.post("EAAwrong", &path, &body).await.expect_error(401), 190);
        let foreign = stage.caller.post(&other.token, &path, &body).await;
        assert_eq!((foreign.expect_error(400), &foreign.body["error"]["error_subcode"]), (100, &json!(33)));
        let nobody = read(stage.caller.request(Method::POST, &format!("/v26.0{path}"))).await;
        assert_eq!(nobody.expect_error(401), 104);
    }
    for path in ["phone_numbers", "subscribed_apps", "message_templates"] {
        let path = format!("/{}/{path}", stage.account.waba);
        assert_eq!(stage.caller.get("EAAwrong", &path).await.expect_error(401), 190);
        assert_eq!(stage.caller.get(&other.token, &path).await.expect_error(400), 100);
        let by_query = format!("/v26.0{path}?access_token={}", stage.account.token);
        read(stage.caller.request(Method::GET, &by_query)).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_proof_of_the_secret_is_checked_when_it_is_given() {
    let stage = Stage::open().await;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    let proof = hex::encode(aws_lc_rs::hmac::sign(&key, stage.account.token.as_bytes()));
    let path = |proof: &str| format!("/{}?appsecret_proof={proof}", stage.account.waba);
    stage.caller.get(&stage.account.token, &path(&proof)).await.expect_status(200);
    let wrong = stage.caller.get(&stage.account.token, &path(&proof.replace(['a', '1'], "2"))).await;
    assert_eq!(wrong.expect_error(400), 100);
}

#[tokio::test]
async fn every_version_is_served_and_the_dead_ones_by_the_oldest_alive() {
    let stage = Stage::open().await;
    for (asked, served) in [("v26.0", "v26.0"), ("v23.0", "v23.0"), ("v19.0", "v21.0"), ("v2.12", "v21.0")] {
        let path = format!("/{asked}/{}?access_token={}", stage.account.waba, stage.account.token);
        let reply = read(stage.caller.request(Method::GET, &path)).await;
        assert_eq!(reply.version.as_deref(), Some(served));
        reply.expect_status(200);
    }
    for path in ["/26.0/me/messages", "/v26.0/me/messages/more", "/v26/me", "/", "/v26.0/me/unknown"] {
        let reply = read(stage.caller.request(Method::GET, path)).await;
        assert_eq!(reply.expect_error(400), 2_500, "{path}");
    }
}
