//! Faults that earlier versions had, each as the test that shows it.

use domain::messages::Outcome;
use domain::updates::{UnhandledUpdate, Update, UpdateBatch};
use domain::{Act, AttemptId, ClaimId, MessageId, PhoneNumberId, TenantId};
use jiff::SignedDuration;
use ops::delivery::claim::ClaimDue;
use ops::delivery::record::{Sent, record};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::delivery::claims::ClaimRequest;
use tidings::home::Home;

use super::fault_test::FaultTest;
use crate::test_system::Tenant;

/// Accepted without further statuses: the test sends each status itself.
const SILENT: &str = "+15550000003";

async fn number(test: &FaultTest) -> PhoneNumberId {
    let url = format!("{}/sandbox/accounts", test.system.sandbox_url);
    let accounts: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    PhoneNumberId(accounts["accounts"][0]["phoneNumberId"].as_str().unwrap().to_owned())
}

/// The only attempt so far.
async fn attempt(test: &FaultTest) -> (MessageId, AttemptId) {
    let books = test.system.books(true).await;
    assert_eq!(books.ledgered.len(), 1);
    (books.ledgered[0].message_id, books.ledgered[0].attempt_id)
}

/// The dispatcher that recorded an unsent message pauses before its commit returns. Another has claimed the message
/// when it goes on and records once more.
#[tokio::test]
async fn an_outcome_recorded_again_does_not_take_the_message_from_a_later_claim() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    test.fault("+15550000001", json!({ "kind": "refuse", "code": 131_056 })).await;
    tenant.send("+15550000001").await;
    test.work().await;
    assert_eq!(test.states().await, [("RESERVED".to_owned(), 1)]);
    let (message, attempt) = attempt(&test).await;
    let (tenant, platform) = (tenant.id.parse::<TenantId>().unwrap(), test.platform());
    test.system.clock.advance(SignedDuration::from_mins(2));
    let now = platform.clock.now();
    let request = ClaimRequest {
        number: number(&test).await,
        claim_id: ClaimId::at(now),
        limit: 10,
        lease_until: now + platform.timings.lease,
        before: None,
    };
    let taken = platform.store.perform(&Act::of_system(tenant, now), &ClaimDue { request }).await.unwrap();
    assert_eq!(taken.funded.len(), 1);
    let outcome = Outcome::KnownUnsent { wait: None, error: None };
    let sent = Sent { message, attempt, outcome, other_number: None };
    record(platform, tenant, vec![sent], Vec::new()).await.unwrap();
    // The claim's holder fails; the message must be claimed again.
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_eq!(test.states().await, [("ACCEPTED".to_owned(), 1)]);
}

/// An accepted message without statuses: its id, and the webhook entry for `read`.
async fn silent(test: &FaultTest, tenant: &Tenant) -> (String, Value) {
    let id = tenant.send(SILENT).await;
    test.work().await;
    let number = number(test).await;
    let status = json!({
        "id": test.system.acceptances().await[0].wamid, "status": "read", "timestamp": "1750000000",
        "recipient_id": "15550000003",
    });
    let value = json!({
        "messaging_product": "whatsapp", "metadata": { "phone_number_id": number.0 }, "statuses": [status],
    });
    (id, json!({ "id": "1", "changes": [{ "field": "messages", "value": value }] }))
}

async fn post_signed(test: &FaultTest, body: String) -> u16 {
    let secret = Home::open(&test.system.home).unwrap().secrets().unwrap().sandbox_app_secret;
    let signature = meta::signature::sign(&SecretString::from(secret), body.as_bytes());
    let request =
        reqwest::Client::builder().build().unwrap().post(format!("{}/webhook/meta", test.system.url));
    let request = request.header("x-hub-signature-256", signature).body(body);
    request.send().await.unwrap().status().as_u16()
}

/// A recipient wrote a NUL, which Postgres cannot store in a text; Meta sends it together with a status.
#[tokio::test]
async fn a_webhook_with_a_nul_is_stored_completely_and_its_statuses_take_effect() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let (id, read) = silent(&test, &tenant).await;
    let wrote = json!({ "from": "15551", "id": "wamid.\0", "type": "text", "text": { "body": "a\0b" } });
    let value = json!({ "messaging_product": "whatsapp", "messages": [wrote], "odd\0": "\0" });
    let inbound = json!({ "id": "1\0", "changes": [{ "field": "messages", "value": value }] });
    let odd = json!({ "id": "wamid.\0", "status": "failed", "errors": [{ "code": 1, "title": "\0" }] });
    let mut odd_entry = read.clone();
    odd_entry["changes"][0]["value"]["statuses"] = json!([odd]);
    let body = json!({ "object": "whatsapp_business_account", "entry": [inbound, odd_entry, read] });
    assert_eq!(post_signed(&test, body.to_string()).await, 200);
    test.work().await;
    assert_eq!(tenant.message(&id).await["status"], "READ");
    test.rest().await;
    test.assert_at_rest(0).await;
}

/// An update that cannot be stored becomes a dead letter, and the others of its record are applied.
#[tokio::test]
async fn an_update_that_cannot_be_stored_does_not_block_the_others_of_its_record() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let (id, read) = silent(&test, &tenant).await;
    let body = json!({ "object": "whatsapp_business_account", "entry": [read] }).to_string();
    let mut updates = meta::webhook::parse(body.as_bytes()).unwrap();
    updates.push(Update::Unhandled(UnhandledUpdate { reason: "messages".to_owned(), raw: json!("a\0b") }));
    let record = serde_json::to_string(&UpdateBatch { updates }).unwrap();
    test.put(cloud::Queue::Updates, vec![record]).await;
    test.rest().await;
    test.assert_at_rest(1).await;
    let tenant = test.log_in_again(&tenant).await;
    assert_eq!(tenant.message(&id).await["status"], "READ");
}
