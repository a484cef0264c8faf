//! A call that gets no answer holds nothing but itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cloud::Queue;
use domain::TenantId;
use jiff::SignedDuration;
use ops::delivery::call_stats::CallStats;
use serde_json::{Value, json};
use tidings::machine::Machine;
use tidings::poll::receive_once;
use tokio::task::JoinHandle;

use super::fault_test::FaultTest;
use crate::test_system::{Tenant, rules};

const HUNG: &str = "+15557000102";
const NEXT: &str = "+15557000103";
const CODE: &str = "+15557000104";
/// How soon the next message must be called.
const SOON: Duration = Duration::from_millis(500);
/// How long a test waits at most.
const LIMIT: Duration = Duration::from_mins(1);

/// Workers on the wake-up queue, until they are dropped.
struct Workers {
    is_over: Arc<AtomicBool>,
    running: Vec<JoinHandle<()>>,
}

impl Workers {
    fn start(test: &FaultTest) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let running =
            (0..4).map(|_| tokio::spawn(work(test.system.machine.clone(), Arc::clone(&is_over)))).collect();
        Self { is_over, running }
    }

    async fn end(self) {
        self.is_over.store(true, Ordering::SeqCst);
        for worker in self.running {
            worker.await.unwrap();
        }
    }
}

async fn work(machine: Machine, is_over: Arc<AtomicBool>) {
    while !is_over.load(Ordering::SeqCst) {
        if receive_once(&machine, rules(), Queue::WakeUps).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Waits until Meta has accepted that many messages to a number.
async fn wait_for(test: &FaultTest, to: &str, count: usize) {
    let accepted = async {
        while test.accepted(to).await < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let in_time = tokio::time::timeout(LIMIT, accepted).await;
    assert!(in_time.is_ok(), "Meta did not accept {count} messages to {to}");
}

/// An approved template in the first lane.
async fn code_template(tenant: &Tenant) -> String {
    let template = json!({
        "name": "code", "category": "AUTHENTICATION", "content": "{{1}} is your verification code.",
        "variables": ["code"],
    });
    let template = tenant.client.post("/templates", &template).await.unwrap().success().unwrap();
    template["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_without_an_answer_does_not_hold_up_the_next_messages_of_its_number() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let mut contacts = Vec::new();
    for phone in [NEXT, CODE] {
        contacts.push(tenant.contact(phone).await);
    }
    let templates = [tenant.template.clone(), code_template(&tenant).await];
    test.fault(HUNG, json!({ "kind": "hang" })).await;
    let workers = Workers::start(&test);
    let hung = tenant.send(HUNG).await;
    wait_for(&test, HUNG, 1).await;
    for ((phone, contact), template) in [NEXT, CODE].iter().zip(&contacts).zip(&templates) {
        let variables = if phone == &CODE { json!({ "code": "123456" }) } else { json!({}) };
        let body = json!({ "templateId": template, "contactId": contact, "variables": variables });
        let sent = tenant.client.post("/messages", &body).await.unwrap().success().unwrap();
        let since = Instant::now();
        wait_for(&test, phone, 1).await;
        let called = since.elapsed();
        let id = sent["id"].as_str().unwrap();
        while tenant.message(id).await["status"] == "SENDING" {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let recorded = since.elapsed();
        println!("{phone}: called after {called:?}, recorded after {recorded:?}");
        assert!(called < SOON, "called after {called:?}");
        assert!(recorded < SOON + Duration::from_millis(250), "recorded after {recorded:?}");
    }
    assert_eq!(tenant.message(&hung).await["status"], "SENDING", "it is still in flight");
    workers.end().await;
    test.rest().await;
    test.assert_at_rest(0).await;
}

/// Messages to one contact that are due together, from a number that sends 80 a second; some of them hang.
async fn schedule(test: &FaultTest, tenant: &Tenant, messages: usize, hung: usize) {
    let contact = tenant.contact(NEXT).await;
    let hanging = tenant.contact(HUNG).await;
    test.fault(HUNG, json!({ "kind": "hang", "times": hung })).await;
    let at = test.system.clock.now() + SignedDuration::from_mins(5);
    let every = messages / hung;
    for number in 0..messages {
        let to = if number % every == every - 2 { &hanging } else { &contact };
        let body = json!({
            "templateId": tenant.template, "contactId": to, "scheduleTime": at.to_string(), "idempotencyKey": number.to_string(),
        });
        tenant.client.post("/messages/schedule", &body).await.unwrap().success().unwrap();
    }
    test.system.clock.advance(SignedDuration::from_mins(5) + SignedDuration::from_secs(1));
}

/// Enough for two claims. The last call that hangs in the first is still in flight when the second is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_call_in_a_hundred_without_an_answer_leaves_no_gap_in_a_numbers_sending() {
    const MESSAGES: usize = 500;
    const HUNG_CALLS: usize = MESSAGES / 100;
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "100.00").await;
    schedule(&test, &tenant, MESSAGES, HUNG_CALLS).await;
    let (platform, until) = (test.platform().clone(), test.system.end_of_shift());
    let (id, since) = (tenant.id.parse::<TenantId>().unwrap(), Instant::now());
    let sending = tokio::spawn(async move {
        ops::delivery::dispatch::dispatch(&platform, id, until, &CallStats::default()).await.unwrap()
    });
    wait_for(&test, NEXT, MESSAGES - HUNG_CALLS).await;
    let taken = since.elapsed();
    sending.await.unwrap();
    let times: Vec<_> = test.system.acceptances().await.into_iter().map(|one| one.time).collect();
    let gap = times.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap();
    println!("{MESSAGES} messages, one in a hundred without an answer: {taken:?}, the longest gap {gap:?}");
    // A claim that waited for its calls would leave one as long as a call may take: two seconds.
    assert!(gap < SignedDuration::from_secs(1), "{gap:?}");
    test.rest().await;
    test.assert_at_rest(0).await;
}

/// Every outcome is recorded while its neighbour hangs: a process that is killed then knows nothing that the rows do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn answers_are_recorded_while_a_neighbour_hangs() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    schedule(&test, &tenant, 20, 1).await;
    let (platform, until) = (test.platform().clone(), test.system.end_of_shift());
    let id = tenant.id.parse::<TenantId>().unwrap();
    let sending = tokio::spawn(async move {
        ops::delivery::dispatch::dispatch(&platform, id, until, &CallStats::default()).await.unwrap()
    });
    wait_for(&test, NEXT, 19).await;
    let since = Instant::now();
    let recorded = [("ACCEPTED".to_owned(), 19_i64), ("SENDING".to_owned(), 1)];
    while test.states().await != recorded {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    println!("recorded {:?} after the last answer", since.elapsed());
    assert!(!sending.is_finished(), "the hung call is still in flight");
    // Killed here: only the call without an answer is unknown.
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    test.pass(SignedDuration::from_mins(2)).await;
    let unknown: Value = json!(test.states().await);
    assert!(unknown.as_array().unwrap().len() <= 2, "{unknown}");
    test.rest().await;
    test.assert_at_rest(0).await;
}
