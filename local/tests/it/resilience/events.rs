//! Queue messages and schedules lost, doubled, late, early and out of order: they change when things happen, not what.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use cloud::{CloudError, Message, Queue, Queues, ReceivedMessage, Timers};
use domain::{Batch, TenantId, Timer};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Moment;
use tidings::api;
use tidings::client::text;
use tidings::poll::receive_once;
use tokio::net::TcpListener;

use super::fault_test::FaultTest;
use crate::test_system::{Tenant, TestSystem, rules};

const READS: &str = "+15550000001";
const FAILS: &str = "+15550000002";

/// Sends one that is read and one that fails.
async fn send_both(tenant: &Tenant) -> [(String, &'static str); 2] {
    [(tenant.send(READS).await, "READ"), (tenant.send(FAILS).await, "FAILED")]
}

async fn assert_ends(test: &FaultTest, tenant: &Tenant, sent: &[(String, &str)]) {
    let tenant = test.log_in_again(tenant).await;
    for (id, end) in sent {
        let message = tenant.message(id).await;
        assert_eq!(message["status"], *end, "{message}");
        assert_eq!(message.get("refund").is_some(), *end == "FAILED", "{message}");
    }
}

async fn schedule(system: &TestSystem, tenant: &Tenant, at: Timestamp, key: &str) -> String {
    let body = json!({
        "templateId": tenant.template, "contactId": tenant.contact(READS).await, "scheduleTime": at.to_string(),
        "idempotencyKey": key,
    });
    let accepted = tenant.client.post("/messages/schedule", &body).await.unwrap().success().unwrap();
    assert!(at > system.clock.now());
    text(&accepted, "id").unwrap().to_owned()
}

#[tokio::test]
async fn the_sweeper_replaces_lost_wake_ups_and_refund_jobs() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let sent = send_both(&tenant).await;
    let wake_ups = test.hold(Queue::WakeUps).await;
    test.lose(&wake_ups).await;
    test.work().await;
    assert_eq!(test.system.acceptances().await.len(), 0, "no dispatcher was woken");
    test.system.clock.advance(SignedDuration::from_mins(2));
    test.system.sweep().await;
    // Until the refund is owed, and no further.
    for queue in [Queue::WakeUps, Queue::Updates] {
        while receive_once(&test.system.machine, rules(), queue).await.unwrap() > 0 {}
        test.wait_for_meta().await;
    }
    while receive_once(&test.system.machine, rules(), Queue::Updates).await.unwrap() > 0 {}
    let refunds = test.hold(Queue::Refunds).await;
    test.lose(&refunds).await;
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_ends(&test, &tenant, &sent).await;
}

/// A queue and a scheduler that take connections and never answer.
struct Hangs;

#[async_trait]
impl Queues for Hangs {
    async fn send(&self, _: Queue, _: Vec<Message>, _: Duration) -> Result<(), CloudError> {
        std::future::pending().await
    }

    async fn postpone(&self, _: Queue, _: &str, _: Duration) -> Result<(), CloudError> {
        std::future::pending().await
    }

    async fn park(&self, _: Queue, _: ReceivedMessage, _: &str) -> Result<(), CloudError> {
        std::future::pending().await
    }
}

#[async_trait]
impl Timers for Hangs {
    async fn set(&self, _: Timer) -> Result<(), CloudError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_send_is_answered_while_the_queue_hangs_and_the_sweeper_finds_the_message() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let contact = tenant.contact(READS).await;
    let mut machine = test.system.machine.clone();
    machine.app.platform.cloud.queues = Arc::new(Hangs);
    machine.app.platform.cloud.timers = Arc::new(Hangs);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = tenant.client.at(&format!("http://{}", listener.local_addr().unwrap()));
    let server = tokio::spawn(async move { axum::serve(listener, api::router(&machine)).await.unwrap() });
    let (now, later) = (test.system.clock.now(), SignedDuration::from_mins(5));
    let body = json!({ "templateId": tenant.template, "contactId": contact });
    let mut scheduled = body.clone();
    scheduled["scheduleTime"] = (now + later).to_string().into();
    scheduled["idempotencyKey"] = "later".into();
    for (path, body) in [("/messages", body), ("/messages/schedule", scheduled)] {
        let since = Instant::now();
        client.post(path, &body).await.unwrap().success().unwrap();
        assert!(since.elapsed() < Duration::from_secs(6), "{path}: {:?}", since.elapsed());
    }
    server.abort();
    test.pass(later + SignedDuration::from_mins(2)).await;
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_eq!(test.system.acceptances().await.len(), 2);
}

#[tokio::test]
async fn queue_messages_that_come_twice_late_and_out_of_order_change_nothing() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let sent = send_both(&tenant).await;
    let mut seen: Vec<(Queue, Vec<String>)> = Vec::new();
    for queue in [Queue::WakeUps, Queue::Updates, Queue::Refunds] {
        let bodies = test.hold(queue).await.bodies();
        // Two copies now; the held one comes back as a third when its visibility ends.
        test.put(queue, bodies.iter().chain(&bodies).cloned().collect()).await;
        while receive_once(&test.system.machine, rules(), queue).await.unwrap() > 0 {}
        test.wait_for_meta().await;
        seen.push((queue, bodies));
    }
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_ends(&test, &tenant, &sent).await;
    let before = (test.system.books(true).await.sums, test.system.acceptances().await.len());
    for (queue, bodies) in seen.into_iter().rev() {
        test.put(queue, bodies.into_iter().rev().collect()).await;
    }
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_ends(&test, &tenant, &sent).await;
    assert_eq!((test.system.books(true).await.sums, test.system.acceptances().await.len()), before);
}

#[tokio::test]
async fn a_webhook_whose_200_was_lost_is_delivered_again_and_takes_effect_once() {
    for moment in [Moment::BeforeCommit, Moment::AfterCommit] {
        let test = FaultTest::start().await;
        let tenant = test.system.tenant("acme", "1.00").await;
        let sent = send_both(&tenant).await;
        // The next body that is put on a queue is Meta's.
        test.faults.arm("send", moment, 1);
        test.work().await;
        assert_eq!(test.faults.injected(), 1);
        test.rest().await;
        test.assert_at_rest(0).await;
        assert_ends(&test, &tenant, &sent).await;
    }
}

#[tokio::test]
async fn without_any_schedule_every_message_is_sent_by_the_sweeper_and_none_before_it_is_due() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    test.faults.arm_always("set_timer", Moment::BeforeCommit);
    let start = test.system.clock.now();
    let mut sent = Vec::new();
    for minutes in 5..25 {
        let at = start + SignedDuration::from_mins(minutes);
        sent.push((schedule(&test.system, &tenant, at, &minutes.to_string()).await, "READ"));
    }
    assert!(test.faults.injected() >= 20);
    assert_eq!(test.system.machine.queues.due_timers().await.unwrap(), []);
    for minutes in 1..30_i64 {
        test.pass(SignedDuration::from_mins(1)).await;
        let accepted = i64::try_from(test.system.acceptances().await.len()).unwrap();
        // The message of minute 5 may leave from then on, and so on.
        assert!(accepted <= (minutes - 4).max(0), "{accepted} were sent by minute {minutes}");
        assert!(accepted >= (minutes - 7).clamp(0, 20), "only {accepted} were sent by minute {minutes}");
    }
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_ends(&test, &tenant, &sent).await;
}

#[tokio::test]
async fn a_schedule_that_fires_early_sends_nothing_and_one_that_fires_twice_sends_once() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let at = test.system.clock.now() + SignedDuration::from_mins(5);
    let sent = [(schedule(&test.system, &tenant, at, "later").await, "READ")];
    let batch = Batch::of(tenant.id.parse::<TenantId>().unwrap(), at);
    test.system.clock.advance(SignedDuration::from_mins(4));
    dispatch::on_schedule(cloud::Scheduled::now(batch.timer()), test.platform(), test.system.end_of_shift())
        .await
        .unwrap();
    test.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(test.accepted(READS).await, 0);
    test.system.clock.advance(SignedDuration::from_mins(2));
    let fire = || {
        dispatch::on_schedule(
            cloud::Scheduled::now(batch.timer()),
            test.platform(),
            test.system.end_of_shift(),
        )
    };
    let (first, second) = tokio::join!(fire(), fire());
    first.unwrap();
    second.unwrap();
    test.fire_schedules().await;
    test.rest().await;
    assert_eq!(test.accepted(READS).await, 1);
    test.assert_at_rest(0).await;
    assert_ends(&test, &tenant, &sent).await;
}

#[tokio::test]
async fn poison_messages_become_dead_letters_and_affect_no_other_message() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let sent = send_both(&tenant).await;
    let stranger = json!({ "tenant": TenantId::at(test.system.clock.now()), "messageIds": [] }).to_string();
    let poison = [
        (Queue::WakeUps, "no JSON".to_owned()),
        (Queue::Updates, json!({ "updates": [{ "kind": "unknownKind" }] }).to_string()),
        (Queue::Refunds, json!({ "tenant": 7 }).to_string()),
        // Can be parsed, but never done.
        (Queue::Refunds, stranger),
        (Queue::Mail, "[]".to_owned()),
    ];
    for (queue, body) in poison {
        test.put(queue, vec![body]).await;
    }
    test.rest().await;
    // An e-mail is tried for more than a day.
    for _ in 0..cloud::MAIL_RECEIVES_MAX {
        test.system.clock.advance(SignedDuration::from_mins(16));
        receive_once(&test.system.machine, rules(), Queue::Mail).await.unwrap();
    }
    test.assert_at_rest(5).await;
    assert_ends(&test, &tenant, &sent).await;
}

#[tokio::test]
async fn a_worker_that_panics_loses_and_doubles_nothing() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let mut sent = Vec::new();
    for operation in ["acquire_number", "claim", "record", "apply_statuses", "refund"] {
        test.faults.arm_panic(operation);
        sent.extend(send_both(&test.log_in_again(&tenant).await).await);
        test.work().await;
        assert_eq!(test.faults.injected(), 1, "{operation} did not panic");
        test.rest().await;
        test.assert_at_rest(0).await;
    }
    assert_ends(&test, &tenant, &sent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_up_that_is_received_again_while_its_work_goes_on_sends_nothing_twice() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let sent = send_both(&tenant).await;
    for phone in [READS, FAILS] {
        test.fault(phone, json!({ "kind": "accept", "delayMs": 300 })).await;
    }
    let receive = || receive_once(&test.system.machine, rules(), Queue::WakeUps);
    let again = async {
        // Not before Meta has been called.
        while test.states().await != [("SENDING".to_owned(), 2)] {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        test.system.clock.advance(rules().visibility + SignedDuration::from_secs(1));
        while receive().await.unwrap() > 0 {}
    };
    let (first, ()) = tokio::join!(receive(), again);
    first.unwrap();
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_ends(&test, &tenant, &sent).await;
}

#[tokio::test]
async fn an_e_mail_whose_mailer_fails_is_sent_by_the_next_and_its_link_works() {
    let test = FaultTest::start().await;
    let owner = test.system.owner().await;
    test.faults.arm("begin_email", Moment::AfterCommit, 1);
    let invited: Value = json!({
        "tenantName": "Invited", "slug": "invited", "adminName": "Ivy", "adminEmail": "ivy@invited.test",
    });
    owner.post("/admin/create-tenant", &invited).await.unwrap().success().unwrap();
    test.work().await;
    assert!(test.links_mailed_to("ivy@invited.test").is_empty());
    test.rest().await;
    let links = test.links_mailed_to("ivy@invited.test");
    assert_eq!(links.len(), 1);
    let chosen = json!({ "secret": links[0], "password": "a-password-of-her-own" });
    test.system.anonymous().post("/auth/set-password", &chosen).await.unwrap().success().unwrap();
    test.assert_at_rest(0).await;
}
