//! The number: how it is read, registered and taken off.

use domain::messages::Outcome;
use meta::PageQuery;
use meta::accounts::{NUMBER_FIELDS, RemoteNumber};
use meta::error::ErrorClass;
use serde_json::json;

use super::pair::{ANYBODY, Pair, class, wamid};

#[tokio::test]
async fn a_number_is_the_same_alone_on_a_page_and_among_all() {
    let pair = Pair::open().await;
    let held = pair.held().await;
    let number = pair.client.number(&pair.token, &pair.number, NUMBER_FIELDS).await.expect("a number");
    assert_eq!(json!(number.id), held["phoneNumberId"]);
    assert_eq!(json!(number.display_phone_number), held["displayPhoneNumber"]);
    assert_eq!(json!(number.verified_name), held["name"]);
    assert_eq!(
        (number.status.as_deref(), number.platform_type.as_deref()),
        (Some("CONNECTED"), Some("CLOUD_API"))
    );
    assert_eq!((number.is_on_biz_app, number.messages_per_second()), (Some(false), 80));

    let query = PageQuery { fields: NUMBER_FIELDS, limit: Some(1), after: None };
    let page = pair.client.list_numbers(&pair.token, &pair.waba, &query).await.expect("a page");
    assert_eq!((page.items.as_slice(), page.next()), ([number.clone()].as_slice(), None));
    let after = PageQuery { after: page.last_cursor.as_deref(), ..query };
    let rest = pair.client.list_numbers(&pair.token, &pair.waba, &after).await.expect("a page");
    assert_eq!((rest.items, rest.has_next), (Vec::new(), false));
    let all = pair.client.phone_numbers(&pair.token, &pair.waba).await.expect("numbers");
    assert_eq!(all, [number]);
}

#[tokio::test]
async fn what_an_order_makes_of_a_number_is_what_the_client_reads() {
    let pair = Pair::open().await;
    let read = async |fields: &[&str]| -> RemoteNumber {
        pair.client.number(&pair.token, &pair.number, fields).await.expect("a number")
    };
    let order = json!({ "quality": "YELLOW", "throughput": "HIGH", "messagingLimit": "TIER_10K", "status": "FLAGGED" });
    pair.sandbox.order("numbers", &order).await;
    let number = read(NUMBER_FIELDS).await;
    assert_eq!(
        (number.quality_rating.as_deref(), number.status.as_deref()),
        (Some("YELLOW"), Some("FLAGGED"))
    );
    assert_eq!(number.messaging_limit.as_deref(), Some("TIER_10K"));
    assert_eq!(number.messages_per_second(), 1_000);
    pair.sandbox.order("numbers", &json!({ "onBusinessApp": true })).await;
    assert_eq!(read(NUMBER_FIELDS).await.messages_per_second(), 20);
    pair.sandbox.order("numbers", &json!({ "name": { "requested": "New", "decision": "PENDING" } })).await;
    assert_eq!(read(NUMBER_FIELDS).await.new_name_status.as_deref(), Some("PENDING_REVIEW"));
    let health = read(&["health_status"]).await.health.expect("its health");
    assert!(health.may_send());
}

#[tokio::test]
async fn a_number_sends_while_it_is_registered() {
    let pair = Pair::open().await;
    let (token, number) = (&pair.token, &pair.number);
    pair.client.deregister(token, number).await.expect("it is taken off");
    assert_eq!(pair.held().await["registered"], false);
    let Outcome::Rejected(error) = pair.say(ANYBODY, "too early").await else { panic!("it is refused") };
    assert_eq!(error.code, 133_010);
    assert_eq!(class(pair.client.deregister(token, number).await), ErrorClass::Registration);

    assert_eq!(class(pair.client.register(token, number, "654321").await), ErrorClass::Registration);
    assert_eq!(class(pair.client.register(token, number, "12").await), ErrorClass::RequestInvalid);
    assert_eq!(pair.held().await["registered"], false, "a wrong PIN registers nothing");
    pair.client.register(token, number, "123456").await.expect("it is registered");
    assert_eq!(pair.held().await["registered"], true);
    wamid(&pair.say(ANYBODY, "in time").await);
}
