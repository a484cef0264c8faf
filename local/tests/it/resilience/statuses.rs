//! Signed statuses in every order and number: what is shown and refunded depends only on their set.

use serde_json::{Value, json};

use super::fault_test::FaultTest;
use crate::test_system::{Tenant, TestSystem};

/// Accepted without further statuses: the test sends each status itself.
const SILENT: &str = "+15550000003";

/// The statuses in their order, what is shown in the end, and whether it is refunded and written off.
const SEQUENCES: [(&[&str], &str, bool, bool); 20] = [
    (&["sent", "delivered", "read"], "READ", false, false),
    (&["sent", "read", "delivered"], "READ", false, false),
    (&["delivered", "sent", "read"], "READ", false, false),
    (&["delivered", "read", "sent"], "READ", false, false),
    (&["read", "sent", "delivered"], "READ", false, false),
    (&["read", "delivered", "sent"], "READ", false, false),
    (&["read"], "READ", false, false),
    (&["delivered"], "DELIVERED", false, false),
    (&["sent"], "SENT", false, false),
    (&["failed"], "FAILED", true, false),
    (&["sent", "failed"], "FAILED", true, false),
    (&["failed", "sent"], "FAILED", true, false),
    (&["failed", "failed:131000"], "FAILED", true, false),
    (&["failed", "sent", "failed:131000", "sent"], "FAILED", true, false),
    (&["delivered", "failed"], "DELIVERED", false, false),
    (&["read", "failed", "failed:131000"], "READ", false, false),
    (&["sent", "delivered", "failed", "read"], "READ", false, false),
    (&["failed", "delivered"], "DELIVERED", true, true),
    (&["failed", "read", "delivered"], "READ", true, true),
    (&["sent", "failed", "delivered", "failed:131000", "read"], "READ", true, true),
];

async fn post_status(test: &FaultTest, wamid: &str, status: &str, more: Value) {
    let (status, code) = status.split_once(':').unwrap_or((status, "131026"));
    let mut order = more;
    order["wamid"] = json!(wamid);
    order["status"] = json!(status);
    if status == "failed" {
        order["errorCode"] = json!(code.parse::<i64>().unwrap());
    }
    test.system.order("statuses", &order).await;
    test.work().await;
}

/// Sends to the recipient without statuses; returns the message's id and Meta's id of it.
async fn accepted(test: &FaultTest, tenant: &Tenant) -> (String, String) {
    let before = test.system.acceptances().await.len();
    let id = tenant.send(SILENT).await;
    test.work().await;
    let acceptances = test.system.acceptances().await;
    assert_eq!(acceptances.len(), before + 1);
    (id, acceptances[before].wamid.clone())
}

async fn write_offs(system: &TestSystem) -> i64 {
    system.books(true).await.sums.write_offs
}

#[tokio::test]
async fn what_is_shown_and_refunded_depends_on_the_set_of_statuses_and_not_on_their_order() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    for (sequence, shown, is_refunded, is_written_off) in SEQUENCES {
        let written_off = write_offs(&test.system).await;
        let (id, wamid) = accepted(&test, &tenant).await;
        for status in sequence {
            post_status(&test, &wamid, status, json!({ "copies": 2 })).await;
        }
        // Everything once more, as when a webhook is delivered again.
        let (before, sums) = (tenant.message(&id).await, test.system.books(true).await.sums);
        for status in sequence {
            post_status(&test, &wamid, status, json!({})).await;
        }
        let message = tenant.message(&id).await;
        assert_eq!(message["status"], shown, "{sequence:?}: {message}");
        assert_eq!(message.get("refund").is_some(), is_refunded, "{sequence:?}: {message}");
        assert_eq!(write_offs(&test.system).await - written_off, i64::from(is_written_off), "{sequence:?}");
        assert_eq!(test.system.books(true).await.sums, sums, "{sequence:?} again moves no money");
        assert_eq!(message["history"], before["history"], "{sequence:?} again leaves the history");
    }
    test.rest().await;
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_status_that_is_received_again_with_another_error_changes_nothing() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let (id, wamid) = accepted(&test, &tenant).await;
    post_status(&test, &wamid, "failed:131026", json!({})).await;
    let before = tenant.message(&id).await;
    assert_eq!(before["error"]["code"], 131_026);
    post_status(&test, &wamid, "failed:131000", json!({})).await;
    let after = tenant.message(&id).await;
    assert_eq!(after["error"], before["error"], "the message and its history show the same error");
}

#[tokio::test]
async fn statuses_of_an_unknown_message_are_parked_and_applied_once_it_is_known() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    test.fault(SILENT, json!({ "kind": "reset" })).await;
    let (id, wamid) = accepted(&test, &tenant).await;
    // Neither Meta's id nor ours is known yet.
    for status in ["delivered", "sent", "delivered"] {
        post_status(&test, &wamid, status, json!({ "omitOpaque": true })).await;
    }
    assert_eq!(tenant.message(&id).await["status"], "UNKNOWN");
    post_status(&test, &wamid, "sent", json!({})).await;
    assert_eq!(tenant.message(&id).await["status"], "SENT");
    test.rest().await;
    let tenant = test.log_in_again(&tenant).await;
    assert_eq!(tenant.message(&id).await["status"], "DELIVERED");
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_status_that_overtakes_the_answer_is_stored_and_decides_the_message() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let mut sent = Vec::new();
    for _ in 0..10 {
        // Its first status is delivered before its answer is written.
        sent.push(tenant.send("+15550000008").await);
    }
    test.work().await;
    for id in sent {
        assert_eq!(tenant.message(&id).await["status"], "READ");
    }
    test.rest().await;
    test.assert_at_rest(0).await;
}
