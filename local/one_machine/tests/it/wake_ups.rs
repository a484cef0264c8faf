//! One wake-up of a tenant that was not received yet is enough.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloud::{Cloud, Queue, WakeUp};
use domain::{Clock, TenantId};
use futures_util::future::join_all;
use one_machine::Received;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

use crate::place::Place;

const QUEUE: Queue = Queue::WakeUps;

fn tenant() -> TenantId {
    TenantId::at(Clock::System.now())
}

async fn wake(cloud: &Cloud, tenant: TenantId, delay: Duration) {
    cloud.send(&WakeUp { tenant }, delay).await.unwrap();
}

async fn connect(place: &Place) -> (Client, JoinHandle<()>) {
    let (client, connection) = tokio_postgres::connect(place.db.url(), NoTls).await.unwrap();
    (client, tokio::spawn(async move { connection.await.unwrap() }))
}

#[tokio::test]
async fn a_burst_of_one_tenant_leaves_one_wake_up_for_now_and_one_for_each_second_to_come() {
    let (place, first, second) = (Place::new().await, tenant(), tenant());
    let cloud = place.machine.cloud();
    let burst = (0..50).map(|_| wake(&cloud, first, Duration::ZERO));
    join_all(burst).await;
    assert_eq!(place.waiting().await, 1);
    wake(&cloud, second, Duration::ZERO).await;
    assert_eq!(place.waiting().await, 2);
    for seconds in [20, 40] {
        join_all((0..20).map(|_| wake(&cloud, first, Duration::from_secs(seconds)))).await;
    }
    // A burst takes a moment, so it may touch two seconds.
    assert!((4..=6).contains(&place.waiting().await), "{}", place.waiting().await);
}

#[tokio::test]
async fn of_two_wake_ups_for_one_second_the_later_time_counts() {
    let (place, tenant) = (Place::new().await, tenant());
    let cloud = place.machine.cloud();
    for millis in [1_000, 1_200, 1_400, 1_600, 1_800, 2_000] {
        wake(&cloud, tenant, Duration::from_millis(millis)).await;
    }
    let check = "DO $$ BEGIN IF (SELECT max(visible_at) FROM queue_messages) < now() + interval '1500 ms'
        THEN RAISE EXCEPTION 'one of the wake-ups comes too early'; END IF; END $$";
    place.db.execute(check).await;
    assert!(place.waiting().await <= 3);
}

#[tokio::test]
async fn a_wake_up_that_is_sent_while_one_is_worked_on_is_received_after_it() {
    let (place, tenant) = (Place::new().await, tenant());
    let cloud = place.machine.cloud();
    wake(&cloud, tenant, Duration::ZERO).await;
    let worked_on = place.receive(QUEUE, 10).await;
    wake(&cloud, tenant, Duration::ZERO).await;
    wake(&cloud, tenant, Duration::ZERO).await;
    place.acknowledge(QUEUE, &worked_on, true).await;
    assert_eq!(place.receive(QUEUE, 10).await.len(), 1);
}

#[tokio::test]
async fn a_wake_up_that_is_sent_while_one_is_being_received_waits_for_that_and_is_added() {
    let (place, tenant) = (Place::new().await, tenant());
    let cloud = place.machine.cloud();
    wake(&cloud, tenant, Duration::ZERO).await;
    let (client, driver) = connect(&place).await;
    // A transaction sees the activity of the moment when it first looked.
    let (watcher, watching) = connect(&place).await;
    // What a receive does, up to its commit.
    let receive = "BEGIN; UPDATE queue_messages SET turn = NULL, receipt = gen_random_uuid(),
        visible_at = now() + interval '1 min'";
    client.batch_execute(receive).await.unwrap();
    let sending = tokio::spawn(async move { wake(&cloud, tenant, Duration::ZERO).await });
    let waits =
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while watcher.query(waits, &[]).await.unwrap().is_empty() {
        assert!(!sending.is_finished(), "it did not wait for the receive");
        tokio::task::yield_now().await;
    }
    client.batch_execute("COMMIT").await.unwrap();
    sending.await.unwrap();
    assert_eq!((place.waiting().await, place.receive(QUEUE, 10).await.len()), (2, 1));
    drop((client, watcher));
    driver.await.unwrap();
    watching.await.unwrap();
}

#[tokio::test]
async fn what_was_committed_before_a_wake_up_was_sent_is_seen_by_work_that_begins_later() {
    const TENANTS: usize = 150;
    let place = Place::new().await;
    let cloud = place.machine.cloud();
    let tenants: Vec<(TenantId, AtomicU64, AtomicU64)> =
        (0..TENANTS).map(|_| (tenant(), AtomicU64::new(0), AtomicU64::new(0))).collect();
    let accept = async |(tenant, accepted, _): &(TenantId, AtomicU64, AtomicU64)| {
        accepted.fetch_add(1, Ordering::SeqCst);
        wake(&cloud, *tenant, Duration::ZERO).await;
    };
    let send_all = async || {
        for of_tenant in &tenants {
            join_all((0..3).map(|_| accept(of_tenant))).await;
        }
    };
    let is_all_seen = || {
        let seen = |(_, accepted, seen): &(_, AtomicU64, AtomicU64)| {
            (accepted.load(Ordering::SeqCst), seen.load(Ordering::SeqCst)) == (3, 3)
        };
        tenants.iter().all(seen)
    };
    let see = |received: &[Received]| {
        for message in received {
            let wake_up: WakeUp = serde_json::from_str(&message.body).unwrap();
            let (_, accepted, seen) = tenants.iter().find(|(id, ..)| *id == wake_up.tenant).unwrap();
            seen.store(accepted.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    };
    let work = async || {
        while !is_all_seen() {
            let received = place.receive(QUEUE, 2).await;
            see(&received);
            place.acknowledge(QUEUE, &received, true).await;
        }
    };
    let all = async { tokio::join!(send_all(), work(), work()) };
    let seen = tokio::time::timeout(Duration::from_mins(1), all).await;
    assert!(seen.is_ok(), "a wake-up was lost");
}

#[tokio::test]
async fn a_wake_up_that_failed_gives_way_to_one_that_was_sent_meanwhile() {
    let (place, tenant) = (Place::new().await, tenant());
    let cloud = place.machine.cloud();
    wake(&cloud, tenant, Duration::ZERO).await;
    let failed = place.receive(QUEUE, 1).await;
    wake(&cloud, tenant, Duration::ZERO).await;
    place.acknowledge(QUEUE, &failed, false).await;
    assert_eq!(place.waiting().await, 1);
    let again = place.receive(QUEUE, 1).await;
    place.acknowledge(QUEUE, &again, false).await;
    wake(&cloud, tenant, Duration::ZERO).await;
    assert_eq!(place.waiting().await, 1, "one that waits for its next try is enough");
    assert_eq!(place.receive(QUEUE, 10).await[0].receive_count, 2);
}
