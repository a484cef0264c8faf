//! A connection whose token cannot be read is paused with the reason, once, until it is connected again.

use jiff::SignedDuration;
use serde_json::{Value, json};
use store::Moment;
use tidings::client::text;

use super::fault_test::FaultTest;
use crate::test_system::Tenant;

/// What may become of a stored token.
const SPOILED: [&str; 2] = ["token_key_id = 'gone'", "token_sealed = decode(repeat('00', 40), 'hex')"];

async fn spoil(test: &FaultTest, how: &str) {
    test.system.db.execute(&format!("UPDATE whatsapp_accounts SET {how}")).await;
}

async fn connect_again(tenant: &Tenant) {
    let again = json!({ "code": tenant.id });
    tenant.client.post("/whatsapp/connect", &again).await.unwrap().success().unwrap();
}

/// The events that were published on this machine's bus.
async fn paused_events(test: &FaultTest) -> usize {
    let bodies = test.hold(cloud::Queue::Mail).await.bodies();
    let paused = |body: &&String| serde_json::from_str::<Value>(body).unwrap()["type"] == "WhatsappPaused";
    bodies.iter().filter(paused).count()
}

#[tokio::test]
async fn a_token_that_cannot_be_read_pauses_its_connection_with_the_reason() {
    for how in SPOILED {
        let test = FaultTest::start().await;
        let tenant = test.system.tenant("acme", "1.00").await;
        spoil(&test, how).await;
        let id = tenant.send("+15550000001").await;
        test.work().await;
        let shown = tenant.message(&id).await;
        assert_eq!(
            (&shown["status"], &shown["holds"][0]["kind"]),
            (&json!("PENDING"), &json!("ACCOUNT")),
            "{shown}"
        );
        assert!(
            shown["holds"][0]["detail"].as_str().unwrap().contains("connect the account again"),
            "{shown}"
        );
        for minute in 0..5 {
            test.system.clock.advance(SignedDuration::from_mins(1));
            assert_eq!(test.system.sweep().await.overdue, 0, "the sweeper wakes it in minute {minute}");
        }
        assert_eq!(paused_events(&test).await, 1, "subscribers learn it once");
        connect_again(&tenant).await;
        test.rest().await;
        assert_eq!(test.states().await, [("ACCEPTED".to_owned(), 1)]);
        test.system.assert_clean().await;
    }
}

#[tokio::test]
async fn a_template_for_a_token_that_cannot_be_read_is_refused_and_pauses_the_connection() {
    for how in SPOILED {
        let test = FaultTest::start().await;
        let tenant = test.system.tenant("acme", "1.00").await;
        spoil(&test, how).await;
        let template = json!({ "name": "offer", "content": "An offer for you." });
        let refused = tenant.client.post("/templates", &template).await.unwrap();
        assert_eq!(refused.status.as_u16(), 422, "{}", refused.body);
        assert!(text(&refused.body, "detail").unwrap().contains("connect the account again"));
        test.system.clock.advance(SignedDuration::from_mins(2));
        test.system.sweep().await;
        assert_eq!(paused_events(&test).await, 1);
        connect_again(&tenant).await;
        tenant.client.post("/templates", &template).await.unwrap().success().unwrap();
        test.system.assert_clean().await;
    }
}

#[tokio::test]
async fn a_pause_that_is_cut_is_made_by_a_later_dispatch() {
    for moment in [Moment::BeforeCommit, Moment::AfterCommit] {
        let test = FaultTest::start().await;
        let tenant = test.system.tenant("acme", "1.00").await;
        spoil(&test, SPOILED[0]).await;
        let id = tenant.send("+15550000001").await;
        test.faults.arm("pause_account", moment, 1);
        test.rest().await;
        assert!(test.faults.disarm().is_empty(), "it did not run");
        let tenant = test.log_in_again(&tenant).await;
        assert_eq!(tenant.message(&id).await["holds"][0]["kind"], "ACCOUNT");
        connect_again(&tenant).await;
        test.rest().await;
        test.assert_at_rest(0).await;
    }
}
