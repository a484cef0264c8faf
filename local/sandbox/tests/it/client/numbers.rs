//! The phone number: read, registered and deregistered.

use domain::messages::Outcome;
use meta::PageQuery;
use meta::accounts::{NUMBER_FIELDS, RemoteNumber};
use meta::error::ErrorClass;
use serde_json::json;

use super::setup::{RECIPIENT, Setup, class, wamid};

#[tokio::test]
async fn a_number_is_the_same_in_every_read() {
    let setup = Setup::start().await;
    let shown = setup.account().await;
    let number = setup.client.number(&setup.token, &setup.number, NUMBER_FIELDS).await.expect("a number");
    assert_eq!(json!(number.id), shown["phoneNumberId"]);
    assert_eq!(json!(number.display_phone_number), shown["displayPhoneNumber"]);
    assert_eq!(json!(number.verified_name), shown["name"]);
    assert_eq!(
        (number.status.as_deref(), number.platform_type.as_deref()),
        (Some("CONNECTED"), Some("CLOUD_API"))
    );
    assert_eq!((number.is_on_biz_app, number.messages_per_second()), (Some(false), 80));

    let query = PageQuery { fields: NUMBER_FIELDS, limit: Some(1), after: None };
    let page = setup.client.list_numbers(&setup.token, &setup.waba, &query).await.expect("a page");
    assert_eq!((page.items.as_slice(), page.next()), ([number.clone()].as_slice(), None));
    let after = PageQuery { after: page.last_cursor.as_deref(), ..query };
    let rest = setup.client.list_numbers(&setup.token, &setup.waba, &after).await.expect("a page");
    assert_eq!((rest.items, rest.has_next), (Vec::new(), false));
    let all = setup.client.phone_numbers(&setup.token, &setup.waba).await.expect("numbers");
    assert_eq!(all, [number]);
}

#[tokio::test]
async fn an_ordered_change_of_a_number_is_read() {
    let setup = Setup::start().await;
    let read = async |fields: &[&str]| -> RemoteNumber {
        setup.client.number(&setup.token, &setup.number, fields).await.expect("a number")
    };
    let order = json!({ "quality": "YELLOW", "throughput": "HIGH", "messagingLimit": "TIER_10K", "status": "FLAGGED" });
    setup.sandbox.order("numbers", &order).await;
    let number = read(NUMBER_FIELDS).await;
    assert_eq!(
        (number.quality_rating.as_deref(), number.status.as_deref()),
        (Some("YELLOW"), Some("FLAGGED"))
    );
    assert_eq!(number.messaging_limit.as_deref(), Some("TIER_10K"));
    assert_eq!(number.messages_per_second(), 1_000);
    setup.sandbox.order("numbers", &json!({ "onBusinessApp": true })).await;
    assert_eq!(read(NUMBER_FIELDS).await.messages_per_second(), 20);
    setup.sandbox.order("numbers", &json!({ "name": { "requested": "New", "decision": "PENDING" } })).await;
    assert_eq!(read(NUMBER_FIELDS).await.new_name_status.as_deref(), Some("PENDING_REVIEW"));
    let health = read(&["health_status"]).await.health.expect("its health");
    assert!(health.may_send());
}

#[tokio::test]
async fn a_number_sends_while_it_is_registered() {
    let setup = Setup::start().await;
    let (token, number) = (&setup.token, &setup.number);
    setup.client.deregister(token, number).await.expect("it is deregistered");
    assert_eq!(setup.account().await["registered"], false);
    let Outcome::Rejected(error) = setup.send_text(RECIPIENT, "too early").await else {
        panic!("it is refused")
    };
    assert_eq!(error.code, 133_010);
    assert_eq!(class(setup.client.deregister(token, number).await), ErrorClass::Registration);

    assert_eq!(class(setup.client.register(token, number, "654321").await), ErrorClass::Registration);
    assert_eq!(class(setup.client.register(token, number, "12").await), ErrorClass::RequestInvalid);
    assert_eq!(setup.account().await["registered"], false, "a wrong PIN registers nothing");
    setup.client.register(token, number, "123456").await.expect("it is registered");
    assert_eq!(setup.account().await["registered"], true);
    wamid(&setup.send_text(RECIPIENT, "in time").await);
}
