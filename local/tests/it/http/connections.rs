//! Connecting to WhatsApp: the token must be ours and sufficient, the account chosen and free, and its id an id.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::http::Uri;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::actors::tenant_actor;
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

const APP: &str = "1000000000000001";
const SCOPES: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];

/// A Meta that says of every token what it is to say, and writes down what it is asked.
struct Meta {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Meta {
    async fn saying(token: Value) -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let paths = Arc::clone(&asked);
        let router = axum::Router::new().fallback(move |uri: Uri| {
            let path = uri.path().trim_start_matches("/v26.0").to_owned();
            let answer = match path.as_str() {
                "/oauth/access_token" => json!({ "access_token": "EAA" }),
                "/debug_token" => json!({ "data": token }),
                path if path.ends_with("/phone_numbers") => {
                    json!({ "data": [{ "id": format!("9{}", path.len()) }] })
                }
                _ => json!({ "success": true }),
            };
            paths.lock().unwrap_or_else(PoisonError::into_inner).push(path);
            async move { Json(answer) }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked }
    }

    /// What it was asked beyond the token.
    fn asked_of_accounts(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        asked
            .into_iter()
            .filter(|path| !["/oauth/access_token", "/debug_token"].contains(&path.as_str()))
            .collect()
    }
}

fn token(accounts: &Value) -> Value {
    let granular: Vec<Value> =
        SCOPES.iter().map(|scope| json!({ "scope": scope, "target_ids": accounts })).collect();
    json!({ "app_id": APP, "is_valid": true, "scopes": SCOPES, "granular_scopes": granular })
}

async fn connect(system: &TestSystem, meta: &Meta, token: &str, body: &Value) -> Answer {
    let mut machine = system.machine.clone();
    machine.app.platform.meta = meta::Client::new(meta::Config {
        base_url: meta.url.clone(),
        version: "v26.0".to_owned(),
        app_id: APP.to_owned(),
        app_secret: "secret".into(),
        call_timeout: Duration::from_secs(2),
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = tidings::api::router(&machine);
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let api = RawApi::at(&url);
    let answer = api.post("/whatsapp/connect").bearer(token).json(body).may_fail().send().await;
    server.abort();
    answer
}

#[tokio::test]
async fn a_token_of_another_app_or_without_a_scope_connects_nothing() {
    let system = TestSystem::start().await;
    let home = tenant_actor(&RawApi::of(&system), "home").await;
    let mut foreign = token(&json!(["77"]));
    foreign["app_id"] = json!("2");
    let mut lacking = token(&json!(["77"]));
    lacking["scopes"] = json!([SCOPES[0], "public_profile"]);
    for (told, words) in [(foreign, "another Meta app"), (lacking, "whatsapp_business_messaging")] {
        let meta = Meta::saying(told).await;
        let answer = connect(&system, &meta, &home.token, &json!({ "code": "a-code" })).await;
        answer.assert_refused(422, "not-possible", words);
        assert!(answer.text.contains(words), "{}", answer.text);
        assert_eq!(meta.asked_of_accounts(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn of_several_accounts_none_is_chosen_silently() {
    let system = TestSystem::start().await;
    let home = tenant_actor(&RawApi::of(&system), "home").await;
    // Beside the one of the sandbox.
    system.allow("phone_numbers_max", 2).await;
    let meta = Meta::saying(token(&json!(["78", "77"]))).await;
    let several = connect(&system, &meta, &home.token, &json!({ "code": "a-code" })).await;
    several.assert_invalid("wabaId", "several accounts");
    assert!(several.text.contains("78, 77"), "{}", several.text);
    for wrong in ["79", "../78", "", "78/phone_numbers"] {
        let body = json!({ "code": "a-code", "wabaId": wrong });
        connect(&system, &meta, &home.token, &body).await.assert_invalid("wabaId", wrong);
    }
    assert_eq!(meta.asked_of_accounts(), Vec::<String>::new());
    let body = json!({ "code": "a-code", "wabaId": "77" });
    let chosen = connect(&system, &meta, &home.token, &body).await;
    assert_eq!(chosen.success()["wabaId"], "77");
}

#[tokio::test]
async fn meta_is_asked_nothing_about_an_account_of_another_tenant() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (ours, theirs) = (tenant_actor(&api, "ours").await, tenant_actor(&api, "theirs").await);
    // Beside those of the sandbox.
    system.allow("phone_numbers_max", 2).await;
    let meta = Meta::saying(token(&json!(["77"]))).await;
    connect(&system, &meta, &theirs.token, &json!({ "code": "a-code" })).await.success();
    let before = meta.asked_of_accounts().len();
    let taken = connect(&system, &meta, &ours.token, &json!({ "code": "a-code" })).await;
    taken.assert_refused(409, "conflict", "an account of another tenant");
    assert_eq!(meta.asked_of_accounts().len(), before);
    // The account is free, and its number is not: nothing is changed at Meta.
    let shared = Meta::saying(token(&json!(["78"]))).await;
    connect(&system, &shared, &ours.token, &json!({ "code": "a-code" })).await.assert_refused(
        409,
        "conflict",
        "a number of another tenant",
    );
    assert_eq!(shared.asked_of_accounts(), ["/78/phone_numbers"]);
}

#[tokio::test]
async fn an_id_that_is_a_path_reaches_no_other_address() {
    let system = TestSystem::start().await;
    let home = tenant_actor(&RawApi::of(&system), "home").await;
    for id in ["..", "../77", "77/phone_numbers", ""] {
        let meta = Meta::saying(token(&json!([id]))).await;
        let answer = connect(&system, &meta, &home.token, &json!({ "code": "a-code" })).await;
        assert!(answer.status >= 400, "{id}: {}", answer.text);
        assert_eq!(meta.asked_of_accounts(), Vec::<String>::new(), "{id}");
    }
}
