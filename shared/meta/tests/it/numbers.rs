//! Numbers: their data and their registration.

use domain::PhoneNumberId;
use meta::PageQuery;
use meta::accounts::NUMBER_FIELDS;
use serde_json::{Value, json};

use crate::server::{Call, Reply, Server, token};

fn number() -> PhoneNumberId {
    PhoneNumberId("77".to_owned())
}

fn lines(server: &Server) -> Vec<String> {
    server.calls().iter().map(Call::line).collect()
}

#[tokio::test]
async fn every_returned_field_of_a_number_is_read_and_missing_ones_are_absent() {
    let full = json!({"id": "77", "status": "SOMETHING_NEW", "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "throughput": {}, "health_status": {"can_send_message": "AVAILABLE"}});
    let bare = json!({"id": 77});
    let page = json!({"data": [bare], "paging": {"cursors": {"after": "C"}}});
    let server = Server::answering([full, bare, page].map(|body| Reply::json(200, &body))).await;
    let client = server.client();
    let read = client.number(&token(), &number(), NUMBER_FIELDS).await.expect("a number");
    assert_eq!(read.status.as_deref(), Some("SOMETHING_NEW"));
    assert_eq!(read.messaging_limit.as_deref(), Some("TIER_2K"));
    assert_eq!(read.messages_per_second(), 80);
    assert!(read.health.is_some_and(|health| health.may_send() && health.node == "77"));
    let read = client.number(&token(), &number(), &[]).await.expect("a number");
    assert_eq!((read.id.as_str(), read.display_phone_number.as_deref()), ("77", None));
    let query = PageQuery { fields: &["id"], limit: Some(1), after: Some("B") };
    let page = client.list_numbers(&token(), "1", &query).await.expect("a page");
    assert_eq!(page.next(), None);
    assert_eq!(page.items, [read]);
    let calls = lines(&server);
    assert_eq!(calls[0], format!("GET /v26.0/77?fields={}", NUMBER_FIELDS.join(",")));
    assert_eq!(calls[1..], ["GET /v26.0/77", "GET /v26.0/1/phone_numbers?after=B&fields=id&limit=1"]);
}

#[tokio::test]
async fn a_field_of_unknown_shape_does_not_affect_the_others() {
    let odd = json!({"id": "77", "display_phone_number": "+1", "throughput": "HIGH", "is_on_biz_app": "maybe", "health_status": {"entities": 5}});
    let server = Server::answering([Reply::json(200, &odd)]).await;
    let read = server.client().number(&token(), &number(), NUMBER_FIELDS).await.expect("a number");
    assert_eq!(read.display_phone_number.as_deref(), Some("+1"));
    assert_eq!((read.throughput_level, read.is_on_biz_app, read.health), (None, None, None));
}

#[tokio::test]
async fn a_number_is_registered_and_deregistered() {
    let done = Reply::json(200, &json!({"success": true, "id": "1"}));
    let server = Server::answering(vec![done; 2]).await;
    let (client, number) = (server.client(), number());
    client.register(&token(), &number, "212834").await.expect("registered");
    client.deregister(&token(), &number).await.expect("deregistered");
    assert_eq!(lines(&server), ["register", "deregister"].map(|edge| format!("POST /v26.0/77/{edge}")));
    let bodies: Vec<Value> = server.calls().into_iter().map(|call| call.body).collect();
    let expected = [json!({"messaging_product": "whatsapp", "pin": "212834"}), Value::Null];
    assert_eq!(bodies, expected);
}
