//! A tenant that is suspended: what waits, what goes on, and what follows by itself.

use cloud::Queue;
use domain::TenantId;
use jiff::SignedDuration;
use ops::delivery::call_stats::CallStats;
use serde_json::{Value, json};
use store::Moment;
use tidings::poll::receive_once;

use super::fault_test::FaultTest;
use crate::test_system::{Tenant, TestSystem, rules};

/// Of one dispatch: more than it marks at once, sent at eighty a second.
const MESSAGES: usize = 240;
const RECIPIENT: &str = "+15557000103";
const FAILING: &str = "+15550000002";

/// Puts a tenant into a state, as the platform's owner.
pub async fn put_into(system: &TestSystem, tenant: &Tenant, state: &str) -> Value {
    let body = json!({ "state": state, "reason": "a test" });
    let path = format!("/admin/tenants/{}", tenant.id);
    system.owner().await.patch(&path, &body).await.unwrap().success().unwrap()
}

/// What the platform's owner is shown.
pub async fn shown(system: &TestSystem, tenant: &Tenant) -> Value {
    let path = format!("/admin/tenants/{}", tenant.id);
    system.owner().await.get(&path).await.unwrap().success().unwrap()
}

/// How many e-mails hold these words.
pub fn mailed(system: &TestSystem, words: &[&str]) -> usize {
    let emails = std::fs::read_dir(system.home.join("mail")).unwrap();
    let texts =
        emails.map(|email| std::fs::read_to_string(email.unwrap().path()).unwrap().replace("=\r\n", ""));
    texts.filter(|text| words.iter().all(|word| text.contains(word))).count()
}

async fn schedule(test: &FaultTest, tenant: &Tenant, minutes: i64, count: usize) -> Vec<String> {
    let contact = tenant.contact(RECIPIENT).await;
    let at = test.system.clock.now() + SignedDuration::from_mins(minutes);
    let mut ids = Vec::new();
    for number in 0..count {
        let body = json!({
            "templateId": tenant.template, "contactId": contact, "scheduleTime": at.to_string(),
            "idempotencyKey": format!("{minutes}-{number}"),
        });
        let accepted = tenant.client.post("/messages/schedule", &body).await.unwrap().success().unwrap();
        ids.push(accepted["id"].as_str().unwrap().to_owned());
    }
    ids
}

#[tokio::test]
async fn what_is_due_while_a_tenant_is_suspended_waits_unpaid_and_goes_afterwards_if_it_is_still_valid() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let ids = schedule(&test, &tenant, 5, 2).await;
    let valid_until = test.system.clock.now() + SignedDuration::from_mins(20);
    let short = format!("UPDATE messages SET not_after = '{valid_until}' WHERE message_id = '{}'", ids[1]);
    test.system.db.execute(&short).await;
    put_into(&test.system, &tenant, "SUSPENDED").await;
    for _ in 0..3 {
        test.system.clock.advance(SignedDuration::from_mins(10));
        test.fire_schedules().await;
        test.pass(SignedDuration::from_secs(1)).await;
    }
    let tenant = test.log_in_again(&tenant).await;
    for id in &ids {
        let message = tenant.message(id).await;
        assert_eq!(
            (&message["status"], &message["holds"][0]["reason"]),
            (&json!("PENDING"), &json!("TENANT"))
        );
    }
    assert_eq!(tenant.balance().await, "1.00");
    test.system.assert_clean().await;
    put_into(&test.system, &tenant, "ACTIVE").await;
    test.rest().await;
    let tenant = test.log_in_again(&tenant).await;
    assert_eq!(tenant.message(&ids[0]).await["status"], "READ");
    assert_eq!(tenant.message(&ids[1]).await["status"], "CANCELLED", "its time has passed");
    assert_eq!(tenant.balance().await, "0.988");
    test.assert_at_rest(0).await;
    let told = [
        mailed(&test.system, &["at Tidings is suspended"]),
        mailed(&test.system, &["at Tidings is active again"]),
    ];
    assert_eq!(told, [1, 1]);
}

#[tokio::test]
async fn a_suspended_tenant_still_hears_from_meta_and_gets_its_refund() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let id = tenant.send(FAILING).await;
    receive_once(&test.system.machine, rules(), Queue::WakeUps).await.unwrap();
    assert_eq!(tenant.balance().await, "0.988");
    put_into(&test.system, &tenant, "SUSPENDED").await;
    test.rest().await;
    let tenant = test.log_in_again(&tenant).await;
    assert_eq!(tenant.message(&id).await["status"], "FAILED");
    assert_eq!(tenant.balance().await, "1.00");
    test.assert_at_rest(0).await;
}

/// What is claimed and not marked is held, not withdrawn: it stays paid for, and goes later.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dispatch_in_flight_stops_at_a_suspension_and_its_messages_go_later_and_once() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "100.00").await;
    schedule(&test, &tenant, 5, MESSAGES).await;
    test.system.clock.advance(SignedDuration::from_mins(6));
    let (platform, until) = (test.platform().clone(), test.system.end_of_shift());
    let id = tenant.id.parse::<TenantId>().unwrap();
    let sending = tokio::spawn(async move {
        ops::delivery::dispatch::dispatch(&platform, id, until, &CallStats::default()).await.unwrap()
    });
    while test.accepted(RECIPIENT).await < 5 {
        tokio::task::yield_now().await;
    }
    put_into(&test.system, &tenant, "SUSPENDED").await;
    sending.await.unwrap();
    let sent = test.accepted(RECIPIENT).await;
    assert!(sent < MESSAGES, "all {sent} were sent");
    test.pass(SignedDuration::from_mins(2)).await;
    test.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(test.accepted(RECIPIENT).await, sent, "nothing is sent while it is suspended");
    let states = test.states().await;
    assert!(
        states.iter().all(|(state, _)| ["ACCEPTED", "RESERVED", "PENDING"].contains(&state.as_str())),
        "{states:?}"
    );
    put_into(&test.system, &tenant, "ACTIVE").await;
    test.rest().await;
    assert_eq!(test.accepted(RECIPIENT).await, MESSAGES);
    let tenant = test.log_in_again(&tenant).await;
    assert_eq!(tenant.balance().await, "97.12");
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_week_of_grace_is_followed_by_a_suspension_once_however_many_sweeps_there_are() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    put_into(&test.system, &tenant, "GRACE").await;
    test.pass(SignedDuration::from_hours(7 * 24 - 1)).await;
    assert_eq!(shown(&test.system, &tenant).await["state"], "GRACE", "an hour is left");
    test.system.clock.advance(SignedDuration::from_hours(1));
    let swept = futures_util::future::join_all((0..4).map(|_| test.system.sweep())).await;
    assert_eq!(swept.iter().map(|swept| swept.states).sum::<usize>(), 1);
    test.work().await;
    let shown = shown(&test.system, &tenant).await;
    assert_eq!(
        (&shown["state"], &shown["states"][0]["by"], &shown["states"][0]["reason"]),
        (&json!("SUSPENDED"), &json!("system"), &json!("it was GRACE for 7 days"))
    );
    let told = [
        mailed(&test.system, &["at Tidings will be suspended"]),
        mailed(&test.system, &["acme at Tidings is suspended"]),
    ];
    assert_eq!(told, [1, 1]);
}

#[tokio::test]
async fn a_change_that_is_cut_off_is_made_once_when_it_is_repeated_or_followed() {
    let test = FaultTest::start().await;
    for (operation, moment) in [
        ("change_tenant", Moment::BeforeCommit),
        ("change_tenant", Moment::AfterCommit),
        ("follow_state", Moment::BeforeCommit),
        ("follow_state", Moment::AfterCommit),
    ] {
        let slug = format!("{operation}-{moment:?}").to_lowercase().replace('_', "-");
        let tenant = test.system.tenant(&slug, "1.00").await;
        test.faults.arm(operation, moment, 1);
        let body = json!({ "plan": "Pro", "state": "GRACE", "reason": "a test" });
        let path = format!("/admin/tenants/{}", tenant.id);
        while !test.system.owner().await.patch(&path, &body).await.unwrap().status.is_success() {}
        for _ in 0..2 {
            test.pass(SignedDuration::from_hours(7 * 24)).await;
        }
        assert!(test.faults.disarm().is_empty(), "{slug}: it was not cut");
        let shown = shown(&test.system, &tenant).await;
        let states = shown["states"].as_array().unwrap();
        let after: Vec<&Value> = states.iter().map(|step| &step["after"]).collect();
        assert_eq!(json!(after), json!(["SUSPENDED", "GRACE", "ACTIVE"]), "{slug}");
        assert_eq!(shown["plan"], "Pro");
        assert_eq!(mailed(&test.system, &[&slug, "at Tidings is suspended"]), 1, "{slug}");
    }
}
