//! The outbox empties in seconds, loses no event, and keeps the order of each tenant's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use cloud::{CloudError, Events};
use domain::events::DomainEvent;
use jiff::SignedDuration;
use ops::Platform;
use ops::kernel::events::publish_events;
use store::Moment;

use super::fault_test::FaultTest;

/// An event bus that records what is published.
#[derive(Clone, Default)]
struct Bus(Arc<Mutex<Vec<DomainEvent>>>);

#[async_trait]
impl Events for Bus {
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError> {
        // Another publisher may run meanwhile.
        tokio::task::yield_now().await;
        self.0.lock().unwrap().extend_from_slice(events);
        Ok(())
    }
}

impl Bus {
    /// The numbers of each tenant's events as they were published first.
    fn numbers(&self) -> BTreeMap<String, Vec<usize>> {
        let mut numbers = BTreeMap::<String, Vec<usize>>::new();
        for event in self.0.lock().unwrap().iter() {
            let DomainEvent::UserInvited { tenant_id, email, .. } = event else { panic!("{event:?}") };
            let number = email.split('@').next().unwrap().parse().unwrap();
            let seen = numbers.entry(tenant_id.to_string()).or_default();
            if !seen.contains(&number) {
                seen.push(number);
            }
        }
        numbers
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A test system with a number of tenants and of events for each, written in turn.
async fn test_with(tenants: usize, events_each: usize) -> FaultTest {
    let test = FaultTest::start().await;
    for tenant in 0..tenants {
        test.system.tenant(&format!("outbox-{tenant}"), "0").await;
    }
    test
        .system
        .db
        .execute(&format!(
            "INSERT INTO outbox (tenant_id, event_id, event, created_at)
             SELECT t.tenant_id, gen_random_uuid(), jsonb_build_object('type', 'UserInvited', 'tenantId', t.tenant_id,
                    'userId', gen_random_uuid(), 'email', n || '@outbox.test'), now()
               FROM generate_series(1, {events_each}) AS n, tenants t WHERE t.slug LIKE 'outbox-%' ORDER BY n"
        ))
        .await;
    test
}

fn with_bus(test: &FaultTest) -> (Platform, Bus) {
    let (bus, mut platform) = (Bus::default(), test.platform().clone());
    platform.cloud.events = Arc::new(bus.clone());
    (platform, bus)
}

async fn rows(test: &FaultTest, table: &str) -> i64 {
    test.system.db.contents().await[table].0
}

#[tokio::test]
async fn one_sweep_publishes_ten_thousand_events_in_seconds() {
    let test = test_with(2, 5_000).await;
    let (since, before) = (Instant::now(), rows(&test, "queue_messages").await);
    assert_eq!(test.system.sweep().await.events, 10_000);
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
    assert_eq!(rows(&test, "outbox").await, 0);
    assert_eq!(rows(&test, "queue_messages").await - before, 10_000);
}

#[tokio::test]
async fn publishers_at_once_publish_every_event_once_and_each_tenants_in_order() {
    let test = test_with(5, 300).await;
    let (platform, bus) = with_bus(&test);
    let until = test.system.end_of_shift();
    let publish = || publish_events(&platform, until);
    let counts = tokio::join!(publish(), publish(), publish(), publish());
    let counts = <[_; 4]>::from(counts);
    let mut published: usize = counts.into_iter().map(Result::unwrap).sum();
    // Events that one publisher had claimed when the others found none.
    published += publish().await.unwrap();
    assert_eq!((published, bus.count()), (1_500, 1_500));
    let numbers = bus.numbers();
    assert_eq!(numbers.len(), 5);
    for (tenant, numbers) in numbers {
        assert!(numbers.is_sorted() && numbers.len() == 300, "{tenant}: {numbers:?}");
    }
}

#[tokio::test]
async fn a_publisher_that_fails_loses_no_event_and_no_order() {
    for (operation, moment) in [
        ("claim_events", Moment::AfterCommit),
        ("events_published", Moment::BeforeCommit),
        ("events_published", Moment::AfterCommit),
    ] {
        let test = test_with(2, 400).await;
        let (platform, bus) = with_bus(&test);
        let publish = || publish_events(&platform, test.system.end_of_shift());
        test.faults.arm(operation, moment, 2);
        assert!(publish().await.is_err());
        assert_eq!(test.faults.disarm(), Vec::<String>::new());
        // The claim of the failed publisher ends before the next sweep.
        test.system.clock.advance(SignedDuration::from_mins(1));
        publish().await.unwrap();
        assert_eq!(rows(&test, "outbox").await, 0, "{operation} {moment:?}");
        assert!((800..=1_000).contains(&bus.count()), "{operation} {moment:?}: {}", bus.count());
        for (tenant, numbers) in bus.numbers() {
            assert!(
                numbers.is_sorted() && numbers.len() == 400,
                "{operation} {moment:?} {tenant}: {numbers:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_publisher_stops_at_its_deadline_and_the_next_sweep_publishes_the_rest() {
    let test = test_with(1, 500).await;
    let (platform, bus) = with_bus(&test);
    let published = publish_events(&platform, test.system.clock.now()).await.unwrap();
    assert!(published > 0 && published < 500, "{published}");
    let rest = publish_events(&platform, test.system.end_of_shift()).await.unwrap();
    assert_eq!((published + rest, bus.count()), (500, 500));
}
