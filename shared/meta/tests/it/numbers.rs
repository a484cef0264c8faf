//! Numbers: what they are, and how they get onto the Cloud API.

use domain::PhoneNumberId;
use meta::{CallbackOverride, CodeMethod, NUMBER_FIELDS, PageQuery, SyncType};
use serde_json::{Value, json};

use crate::server::{Call, Reply, Server};

fn number() -> PhoneNumberId {
    PhoneNumberId("77".to_owned())
}

fn lines(server: &Server) -> Vec<String> {
    server.calls().iter().map(Call::line).collect()
}

#[tokio::test]
async fn a_number_is_read_with_everything_that_meta_tells_and_without_what_it_does_not() {
    let told = json!({"id": "77", "status": "SOMETHING_NEW", "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "username": null, "throughput": {}, "health_status": {"can_send_message": "AVAILABLE"},
        "webhook_configuration": {"application": "https://app", "whatsapp_business_account": "https://waba"}});
    let bare = json!({"id": 77});
    let page = json!({"data": [bare], "paging": {"cursors": {"after": "C"}}});
    let server = Server::answering([told, bare, page].map(|body| Reply::json(200, &body))).await;
    let client = server.client();
    let read = client.number("token", &number(), NUMBER_FIELDS).await.expect("a number");
    assert_eq!(read.status.as_deref(), Some("SOMETHING_NEW"));
    assert_eq!(read.messaging_limit.as_deref(), Some("TIER_2K"));
    assert_eq!((read.username.as_deref(), read.messages_per_second()), (None, 80));
    let webhooks = read.webhooks.as_ref().expect("webhooks");
    assert_eq!(webhooks.effective(), Some("https://waba"), "the nearest counts");
    assert!(read.health.is_some_and(|health| health.may_send() && health.node == "77"));
    let read = client.number("token", &number(), &[]).await.expect("a number");
    assert_eq!((read.id.as_str(), read.display_phone_number.as_deref()), ("77", None));
    let query = PageQuery { fields: &["id"], limit: Some(1), after: Some("B") };
    let page = client.list_numbers("token", "1", &query).await.expect("a page");
    assert_eq!(page.next(), None);
    assert_eq!(page.items, [read]);
    let calls = lines(&server);
    assert_eq!(calls[0], format!("GET /v26.0/77?fields={}", NUMBER_FIELDS.join(",")));
    assert_eq!(calls[1..], ["GET /v26.0/77", "GET /v26.0/1/phone_numbers?after=B&fields=id&limit=1"]);
}

#[tokio::test]
async fn what_is_told_in_a_shape_that_we_do_not_know_costs_nothing_else() {
    let odd = json!({"id": "77", "display_phone_number": "+1", "throughput": "HIGH", "is_on_biz_app": "maybe",
        "webhook_configuration": [], "health_status": {"entities": 5}});
    let server = Server::answering([Reply::json(200, &odd)]).await;
    let read = server.client().number("token", &number(), NUMBER_FIELDS).await.expect("a number");
    assert_eq!(read.display_phone_number.as_deref(), Some("+1"));
    assert_eq!(
        (read.throughput_level, read.is_on_biz_app, read.webhooks, read.health),
        (None, None, None, None)
    );
}

#[tokio::test]
async fn a_number_gets_onto_the_cloud_api_and_off_it() {
    let done = Reply::json(200, &json!({"success": true, "id": "1"}));
    let server = Server::answering(vec![done; 9]).await;
    let (client, number) = (server.client(), number());
    let callback = CallbackOverride {
        override_callback_uri: "https://a/b".to_owned(),
        verify_token: "secret".to_owned(),
    };
    client.request_code("token", &number, CodeMethod::Sms, "en_US").await.expect("sent");
    client.request_code("token", &number, CodeMethod::Voice, "es_ES").await.expect("sent");
    client.verify_code("token", &number, "123456").await.expect("verified");
    client.register("token", &number, "212834").await.expect("registered");
    client.register_in("token", &number, "212834", Some("CH")).await.expect("registered");
    client.set_pin("token", &number, "150954").await.expect("set");
    client.override_number_callback("token", &number, Some(&callback)).await.expect("overridden");
    client.override_number_callback("token", &number, None).await.expect("ended");
    client.deregister("token", &number).await.expect("deregistered");
    let edges = [
        "/request_code",
        "/request_code",
        "/verify_code",
        "/register",
        "/register",
        "",
        "",
        "",
        "/deregister",
    ];
    assert_eq!(lines(&server), edges.map(|edge| format!("POST /v26.0/77{edge}")));
    let bodies: Vec<Value> = server.calls().into_iter().map(|call| call.body).collect();
    let expected = [
        json!({"code_method": "SMS", "language": "en_US"}),
        json!({"code_method": "VOICE", "language": "es_ES"}),
        json!({"code": "123456"}),
        json!({"messaging_product": "whatsapp", "pin": "212834"}),
        json!({"messaging_product": "whatsapp", "pin": "212834", "data_localization_region": "CH"}),
        json!({"pin": "150954"}),
        json!({"webhook_configuration": {"override_callback_uri": "https://a/b", "verify_token": "secret"}}),
        json!({"webhook_configuration": {"override_callback_uri": ""}}),
        Value::Null,
    ];
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn the_business_app_hands_over_what_it_holds() {
    let reply = Reply::json(200, &json!({"messaging_product": "whatsapp", "request_id": "r"}));
    let server = Server::answering([reply.clone(), reply]).await;
    for (sync, word) in [(SyncType::Contacts, "smb_app_state_sync"), (SyncType::History, "history")] {
        let request = server.client().sync_business_app("token", &number(), sync).await;
        assert_eq!(request.expect("a request"), "r");
        let call = server.calls().pop().expect("a call");
        assert_eq!(call.line(), "POST /v26.0/77/smb_app_data");
        assert_eq!(call.body, json!({"messaging_product": "whatsapp", "sync_type": word}));
    }
}

#[tokio::test]
async fn a_username_is_suggested_claimed_read_and_given_up() {
    let replies = [
        json!({"data": [{"username_suggestions": ["a", "b"]}]}),
        json!({"status": "reserved"}),
        json!({"status": "approved"}),
        json!({"username": "a", "status": "approved"}),
        json!({"success": true}),
    ];
    let server = Server::answering(replies.iter().map(|body| Reply::json(200, body))).await;
    let (client, number) = (server.client(), number());
    assert_eq!(client.suggest_usernames("token", &number).await.expect("suggestions"), ["a", "b"]);
    let claimed = client.claim_username("token", &number, "a", false).await.expect("claimed");
    assert_eq!(claimed.status.as_deref(), Some("reserved"));
    client.claim_username("token", &number, "a", true).await.expect("claimed");
    let read = client.username("token", &number).await.expect("a username");
    assert_eq!((read.username.as_deref(), read.status.as_deref()), (Some("a"), Some("approved")));
    client.delete_username("token", &number).await.expect("given up");
    let calls = server.calls();
    let expected = [
        "GET /v26.0/77/username_suggestions",
        "POST /v26.0/77/username",
        "POST /v26.0/77/username",
        "GET /v26.0/77/username",
        "DELETE /v26.0/77/username",
    ];
    assert_eq!(lines(&server), expected);
    assert_eq!(calls[1].body, json!({"username": "a"}));
    assert_eq!(calls[2].body, json!({"username": "a", "transfer_action": "force_transfer"}));
}
