//! Tokens, the account, its subscription, its health.

use domain::Category;
use domain::messages::Outcome;
use meta::PageQuery;
use meta::accounts::{ACCOUNT_FIELDS, Availability, Side};
use meta::error::ErrorClass;
use secrecy::ExposeSecret;
use serde_json::json;

use super::pair::{ANYBODY, Pair, class, client_with};
use crate::support::{APP_ID, TIMEOUT};

#[tokio::test]
async fn a_code_is_exchanged_for_the_token_of_its_account() {
    let pair = Pair::open().await;
    let exchanged = pair.client.exchange_code("another code").await.expect("a token");
    assert_eq!(exchanged.expires_in, None, "it does not end by itself");
    let account = pair.sandbox.caller.account("another code").await;
    assert_eq!(exchanged.access_token.expose_secret(), account.token);
    let again = pair.client.exchange_code("a code").await.expect("a token");
    assert_eq!(again.access_token.expose_secret(), pair.token.expose_secret());
}

#[tokio::test]
async fn a_token_tells_what_it_opens_and_why_it_does_not() {
    let pair = Pair::open().await;
    let info = pair.client.debug_token(&pair.token).await.expect("a token's account");
    assert!(info.is_valid && info.never_expires());
    assert_eq!((info.app_id.as_str(), info.kind.as_deref()), (APP_ID, Some("SYSTEM_USER")));
    assert_eq!(info.waba_ids, [pair.waba.as_str()]);
    let scopes = ["whatsapp_business_management", "whatsapp_business_messaging"];
    assert!(scopes.iter().all(|scope| info.scopes.iter().any(|own| own == scope)), "{info:?}");

    pair.sandbox.order("accounts", &json!({ "scopes": [scopes[1]] })).await;
    let info = pair.client.debug_token(&pair.token).await.expect("a token's account");
    assert!(info.waba_ids.is_empty() && !info.scopes.iter().any(|scope| scope == scopes[0]), "{info:?}");

    for (state, subcode) in [("EXPIRED", 463), ("INVALIDATED", 467), ("PASSWORD_CHANGED", 460)] {
        pair.sandbox.order("accounts", &json!({ "token": state })).await;
        let info = pair.client.debug_token(&pair.token).await.expect("a token's account");
        let error = info.error.expect("a reason");
        assert_eq!((info.is_valid, error.code, error.subcode), (false, Some(190), Some(subcode)));
    }
    let stranger = pair.client.debug_token(&"a token of nobody's".into()).await.expect("an answer");
    assert!(!stranger.is_valid && stranger.app_id.is_empty() && stranger.error.is_some());
}

#[tokio::test]
async fn a_token_opens_nothing_without_the_proof_of_the_apps_secret() {
    let mut pair = Pair::open().await;
    pair.client = client_with("a secret of another app", &pair.sandbox.running.base_url(), TIMEOUT);
    let Outcome::Rejected(error) = pair.say(ANYBODY, "stolen").await else { panic!("it is refused") };
    assert!(error.code == 100 && error.text.contains("appsecret_proof"), "{error:?}");
    assert_eq!(pair.accepted("stolen").await, None);
    let numbers = pair.client.phone_numbers(&pair.token, &pair.waba).await;
    assert_eq!(class(numbers), ErrorClass::RequestInvalid);
    assert_eq!(class(pair.client.debug_token(&pair.token).await), ErrorClass::AccountAuth);
    assert!(pair.client.exchange_code("a code").await.is_err());
}

#[tokio::test]
async fn a_subscription_begins_is_listed_and_ends() {
    let pair = Pair::open().await;
    let (token, waba) = (&pair.token, &pair.waba);
    pair.client.unsubscribe_app(token, waba).await.expect("it ends");
    assert_eq!(pair.held().await["subscribed"], false);
    assert_eq!(pair.client.subscribed_apps(token, waba).await.expect("a list"), []);
    pair.client.subscribe_app(token, waba).await.expect("it begins");
    assert_eq!(pair.held().await["subscribed"], true);
    let apps = pair.client.subscribed_apps(token, waba).await.expect("a list");
    let [app] = apps.as_slice() else { panic!("one app: {apps:?}") };
    assert_eq!((app.id.as_deref(), app.override_callback_uri.as_deref()), (Some(APP_ID), None));
}

#[tokio::test]
async fn an_account_is_read_alone_and_among_those_of_its_business() {
    let pair = Pair::open().await;
    let held = pair.held().await;
    let account = pair.client.account(&pair.token, &pair.waba, ACCOUNT_FIELDS).await.expect("an account");
    assert_eq!((json!(account.id), json!(account.name)), (held["wabaId"].clone(), held["name"].clone()));
    assert_eq!(account.account_review_status.as_deref(), Some("APPROVED"));
    for part in [&account.timezone_id, &account.currency, &account.country, &account.ownership_type] {
        assert!(part.is_some(), "everything that is asked for is told: {account:?}");
    }
    assert!(account.message_template_namespace.is_some() && account.business_verification_status.is_some());

    let business = held["businessId"].as_str().expect("an id");
    for side in [Side::Owned, Side::Client] {
        let query = PageQuery { fields: ACCOUNT_FIELDS, ..PageQuery::default() };
        let page = pair.client.list_accounts(&pair.token, (business, side), &query).await.expect("a page");
        assert_eq!((page.items.as_slice(), page.next()), ([account.clone()].as_slice(), None));
    }
    let elsewhere = pair.client.account(&pair.token, "1", ACCOUNT_FIELDS).await;
    assert_eq!(class(elsewhere), ErrorClass::NotFoundOrNoAccess);
}

#[tokio::test]
async fn health_follows_what_becomes_of_account_number_and_template() {
    let pair = Pair::open().await;
    let template = pair.offer("arrived", Category::Utility).await;
    let nodes = [pair.number.0.as_str(), pair.waba.as_str(), template.as_str()];
    for node in nodes {
        let health = pair.client.health(&pair.token, node).await.expect("its health");
        assert_eq!((health.node.as_str(), &health.overall), (node, &Availability::Available));
        assert!(health.may_send() && health.entities.iter().all(|entity| entity.problems.is_empty()));
    }
    pair.sandbox.order("numbers", &json!({ "quality": "RED" })).await;
    let limited = pair.client.health(&pair.token, nodes[0]).await.expect("its health");
    assert!(limited.overall == Availability::Limited && limited.may_send(), "{limited:?}");

    pair.sandbox.order("accounts", &json!({ "state": "UNPAID" })).await;
    pair.sandbox.order("templates", &json!({ "id": template, "status": "PAUSED" })).await;
    for (node, kind, code) in
        [(nodes[0], "WABA", 141_006), (nodes[1], "WABA", 141_006), (nodes[2], "MESSAGE_TEMPLATE", 141_002)]
    {
        let health = pair.client.health(&pair.token, node).await.expect("its health");
        assert!(health.overall == Availability::Blocked && !health.may_send(), "{health:?}");
        let blocked = health.entities.iter().find(|one| one.can_send_message == Availability::Blocked);
        let blocked = blocked.expect("something that blocks");
        assert_eq!((blocked.kind.as_str(), blocked.problems[0].code), (kind, code));
    }
}
