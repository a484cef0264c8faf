//! Tokens, the account, its subscription, its health.

use domain::Category;
use domain::messages::Outcome;
use meta::PageQuery;
use meta::accounts::{ACCOUNT_FIELDS, Availability, Side};
use meta::error::ErrorClass;
use secrecy::ExposeSecret;
use serde_json::json;

use super::setup::{RECIPIENT, Setup, class, client_with};
use crate::support::{APP_ID, TIMEOUT};

#[tokio::test]
async fn a_code_is_exchanged_for_the_token_of_its_account() {
    let setup = Setup::start().await;
    let exchanged = setup.client.exchange_code("another code").await.expect("a token");
    assert_eq!(exchanged.expires_in, None, "it does not end by itself");
    let account = setup.sandbox.caller.account("another code").await;
    assert_eq!(exchanged.access_token.expose_secret(), account.token);
    let again = setup.client.exchange_code("a code").await.expect("a token");
    assert_eq!(again.access_token.expose_secret(), setup.token.expose_secret());
}

#[tokio::test]
async fn a_token_shows_its_permissions_and_why_it_is_invalid() {
    let setup = Setup::start().await;
    let info = setup.client.debug_token(&setup.token).await.expect("a token's account");
    assert!(info.is_valid && info.never_expires());
    assert_eq!((info.app_id.as_str(), info.kind.as_deref()), (APP_ID, Some("SYSTEM_USER")));
    assert_eq!(info.waba_ids, [setup.waba.as_str()]);
    let scopes = ["whatsapp_business_management", "whatsapp_business_messaging"];
    assert!(scopes.iter().all(|scope| info.scopes.iter().any(|own| own == scope)), "{info:?}");

    setup.sandbox.order("accounts", &json!({ "scopes": [scopes[1]] })).await;
    let info = setup.client.debug_token(&setup.token).await.expect("a token's account");
    assert!(info.waba_ids.is_empty() && !info.scopes.iter().any(|scope| scope == scopes[0]), "{info:?}");

    for (state, subcode) in [("EXPIRED", 463), ("INVALIDATED", 467), ("PASSWORD_CHANGED", 460)] {
        setup.sandbox.order("accounts", &json!({ "token": state })).await;
        let info = setup.client.debug_token(&setup.token).await.expect("a token's account");
        let error = info.error.expect("a reason");
        assert_eq!((info.is_valid, error.code, error.subcode), (false, Some(190), Some(subcode)));
    }
    let unknown = setup.client.debug_token(&"an unknown token".into()).await.expect("an answer");
    assert!(!unknown.is_valid && unknown.app_id.is_empty() && unknown.error.is_some());
}

#[tokio::test]
async fn a_call_with_a_wrong_appsecret_proof_is_refused() {
    let mut setup = Setup::start().await;
    setup.client = client_with("a secret of another app", &setup.sandbox.running.base_url(), TIMEOUT);
    let Outcome::Rejected(error) = setup.send_text(RECIPIENT, "stolen").await else {
        panic!("it is refused")
    };
    assert!(error.code == 100 && error.text.contains("appsecret_proof"), "{error:?}");
    assert_eq!(setup.accepted("stolen").await, None);
    let numbers = setup.client.phone_numbers(&setup.token, &setup.waba).await;
    assert_eq!(class(numbers), ErrorClass::RequestInvalid);
    assert_eq!(class(setup.client.debug_token(&setup.token).await), ErrorClass::AccountAuth);
    assert!(setup.client.exchange_code("a code").await.is_err());
}

#[tokio::test]
async fn a_subscription_is_made_listed_and_removed() {
    let setup = Setup::start().await;
    let (token, waba) = (&setup.token, &setup.waba);
    setup.client.unsubscribe_app(token, waba).await.expect("it ends");
    assert_eq!(setup.account().await["subscribed"], false);
    assert_eq!(setup.client.subscribed_apps(token, waba).await.expect("a list"), []);
    setup.client.subscribe_app(token, waba).await.expect("it begins");
    assert_eq!(setup.account().await["subscribed"], true);
    let apps = setup.client.subscribed_apps(token, waba).await.expect("a list");
    let [app] = apps.as_slice() else { panic!("one app: {apps:?}") };
    assert_eq!((app.id.as_deref(), app.override_callback_uri.as_deref()), (Some(APP_ID), None));
}

#[tokio::test]
async fn an_account_is_read_and_listed_by_its_business() {
    let setup = Setup::start().await;
    let shown = setup.account().await;
    let account = setup.client.account(&setup.token, &setup.waba, ACCOUNT_FIELDS).await.expect("an account");
    assert_eq!((json!(account.id), json!(account.name)), (shown["wabaId"].clone(), shown["name"].clone()));
    assert_eq!(account.account_review_status.as_deref(), Some("APPROVED"));
    for part in [&account.timezone_id, &account.currency, &account.country, &account.ownership_type] {
        assert!(part.is_some(), "every requested field is set: {account:?}");
    }
    assert!(account.message_template_namespace.is_some() && account.business_verification_status.is_some());

    let business = shown["businessId"].as_str().expect("an id");
    for side in [Side::Owned, Side::Client] {
        let query = PageQuery { fields: ACCOUNT_FIELDS, ..PageQuery::default() };
        let page = setup.client.list_accounts(&setup.token, (business, side), &query).await.expect("a page");
        assert_eq!((page.items.as_slice(), page.next()), ([account.clone()].as_slice(), None));
    }
    let elsewhere = setup.client.account(&setup.token, "1", ACCOUNT_FIELDS).await;
    assert_eq!(class(elsewhere), ErrorClass::NotFoundOrNoAccess);
}

#[tokio::test]
async fn health_follows_the_state_of_account_number_and_template() {
    let setup = Setup::start().await;
    let template = setup.create_template("arrived", Category::Utility).await;
    let nodes = [setup.number.0.as_str(), setup.waba.as_str(), template.as_str()];
    for node in nodes {
        let health = setup.client.health(&setup.token, node).await.expect("its health");
        assert_eq!((health.node.as_str(), &health.overall), (node, &Availability::Available));
        assert!(health.may_send() && health.entities.iter().all(|entity| entity.problems.is_empty()));
    }
    setup.sandbox.order("numbers", &json!({ "quality": "RED" })).await;
    let limited = setup.client.health(&setup.token, nodes[0]).await.expect("its health");
    assert!(limited.overall == Availability::Limited && limited.may_send(), "{limited:?}");

    setup.sandbox.order("accounts", &json!({ "state": "UNPAID" })).await;
    setup.sandbox.order("templates", &json!({ "id": template, "status": "PAUSED" })).await;
    for (node, kind, code) in
        [(nodes[0], "WABA", 141_006), (nodes[1], "WABA", 141_006), (nodes[2], "MESSAGE_TEMPLATE", 141_002)]
    {
        let health = setup.client.health(&setup.token, node).await.expect("its health");
        assert!(health.overall == Availability::Blocked && !health.may_send(), "{health:?}");
        let blocked = health.entities.iter().find(|entity| entity.can_send_message == Availability::Blocked);
        let blocked = blocked.expect("something that blocks");
        assert_eq!((blocked.kind.as_str(), blocked.problems[0].code), (kind, code));
    }
}
