//! Accounts: their data, subscriptions and health.

use meta::PageQuery;
use meta::accounts::{Availability, Side};
use serde_json::json;

use crate::server::{Call, Reply, Server, token};

fn lines(server: &Server) -> Vec<String> {
    server.calls().iter().map(Call::line).collect()
}

#[tokio::test]
async fn an_account_is_read_by_id_and_accounts_are_listed_by_owner() {
    let one = json!({"id": 7, "name": "Lucky Shrub", "timezone_id": 1, "account_review_status": "APPROVED"});
    let none = json!({"data": []});
    let replies = [one.clone(), json!({"data": [one]}), none].map(|body| Reply::json(200, &body));
    let server = Server::answering(replies).await;
    let client = server.client();
    let account = client.account(&token(), "7", &["id", "name"]).await.expect("an account");
    assert_eq!(
        (account.id.as_str(), account.timezone_id.as_deref(), account.account_review_status.as_deref()),
        ("7", Some("1"), Some("APPROVED"))
    );
    let query = PageQuery { fields: &[], limit: Some(2), after: None };
    let owned = client.list_accounts(&token(), ("5", Side::Owned), &query).await.expect("accounts");
    assert_eq!(owned.items, [account]);
    let shared = client.list_accounts(&token(), ("5", Side::Client), &PageQuery::default()).await;
    assert_eq!(shared.expect("accounts").items, []);
    let expected = [
        "GET /v26.0/7?fields=id,name",
        "GET /v26.0/5/owned_whatsapp_business_accounts?limit=2",
        "GET /v26.0/5/client_whatsapp_business_accounts",
    ];
    assert_eq!(lines(&server), expected);
}

#[tokio::test]
async fn subscriptions_are_listed_and_ended() {
    let app = json!({"whatsapp_business_api_data": {"id": 5, "name": "App"}, "override_callback_uri": "https://a/b"});
    let replies = [json!({"data": [app, {}]}), json!({"success": true})];
    let server = Server::answering(replies.iter().map(|body| Reply::json(200, body))).await;
    let client = server.client();
    let apps = client.subscribed_apps(&token(), "1").await.expect("apps");
    assert_eq!((apps[0].id.as_deref(), apps[0].name.as_deref()), (Some("5"), Some("App")));
    assert_eq!(apps[0].override_callback_uri.as_deref(), Some("https://a/b"));
    assert_eq!((apps.len(), apps[1].id.as_deref()), (2, None));
    client.unsubscribe_app(&token(), "1").await.expect("ended");
    let edge = "/v26.0/1/subscribed_apps";
    assert_eq!(lines(&server), ["GET", "DELETE"].map(|method| format!("{method} {edge}")));
}

#[tokio::test]
async fn a_number_with_only_calls_blocked_may_still_send() {
    let entity = |kind: &str, can: &str| json!({"entity_type": kind, "id": 1, "can_send_message": can});
    let calls_only = json!({"id": "77", "health_status": {"can_send_message": "BLOCKED", "entities": [
        entity("PHONE_NUMBER", "AVAILABLE"),
        {"entity_type": "APP", "can_send_message": "LIMITED", "additional_info": ["soon"],
            "errors": [{"error_code": 138_025, "error_description": "no SIP server"}]},
    ]}});
    let blocked =
        json!({"health_status": {"can_send_message": "BLOCKED", "entities": [entity("WABA", "BLOCKED")]}});
    let unknown = json!({"health_status": {"can_send_message": "SOMETHING_NEW"}});
    let server = Server::answering([calls_only, blocked, unknown].map(|body| Reply::json(200, &body))).await;
    let client = server.client();
    let health = client.health(&token(), "77").await.expect("health");
    assert_eq!(
        (health.node.as_str(), &health.overall, health.may_send()),
        ("77", &Availability::Blocked, true)
    );
    let app = &health.entities[1];
    assert_eq!((&app.can_send_message, app.problems[0].code), (&Availability::Limited, 138_025));
    assert_eq!(app.additional_info, ["soon"]);
    let health = client.health(&token(), "78").await.expect("health");
    assert_eq!((health.node.as_str(), health.may_send()), ("78", false), "the node of the request");
    let health = client.health(&token(), "78").await.expect("health");
    assert_eq!((health.overall.as_str(), health.may_send()), ("SOMETHING_NEW", true));
    assert_eq!(lines(&server)[0], "GET /v26.0/77?fields=health_status");
}
