//! A balance that falls below a threshold is announced once, whoever races for it (I33).

use domain::billing::RefundReason;
use domain::{Act, Actor, Money, UserId};
use serde_json::{Value, json};
use store::billing::{ledger, low_balance, refunds};
use store::{Operation, Store, StoreError, TenantTx};
use testkit::TestDb;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use crate::claims::try_to_claim;
use crate::fixtures::{PRICE, World, assert_audit_is_clean, noon, world};

const fn times(messages: i64) -> Money {
    Money::from_micros(PRICE.micros() * messages)
}

enum Step<'a> {
    Warn(&'a [Money]),
    Refund,
    TopUp(Money),
    Adjust(Money),
}

struct Do<'a>(&'a World, Step<'a>);

impl Operation for Do<'_> {
    const NAME: &'static str = "step";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let World { messages, .. } = self.0;
        match &self.1 {
            Step::Warn(amounts) => low_balance::set(tx, amounts).await,
            Step::Refund => {
                refunds::promise(tx, messages, RefundReason::Failed).await?;
                refunds::pay(tx, messages).await.map(drop)
            }
            Step::TopUp(amount) => ledger::top_up(tx, *amount, None).await.map(drop),
            Step::Adjust(amount) => {
                ledger::adjust(tx, *amount, "a correction", Some(1)).await?;
                low_balance::announce(tx).await
            }
        }
    }
}

async fn step(store: &Store, world: &World, step: Step<'_>) {
    let actor = Actor::User(UserId::at(noon()));
    let act = Act { actor, ..Act::of_system(world.tenant, noon()) };
    store.perform(&act, &Do(world, step)).await.unwrap();
}

async fn claim(store: &Store, world: &World, limit: i64) -> usize {
    try_to_claim(store, world, limit).await.unwrap().funded.len()
}

async fn claim_until_nothing_is_due(store: Store, world: World) {
    while claim(&store, &world, 7).await > 0 {}
}

/// The events of the outbox in the order of writing.
async fn events(db: &TestDb) -> Vec<Value> {
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let rows = client.query("SELECT event FROM outbox ORDER BY seq", &[]).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn low(world: &World, threshold: Money, balance: Money) -> Value {
    json!({ "type": "BalanceLow", "tenantId": world.tenant, "threshold": threshold, "balance": balance })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_claims_that_race_below_a_threshold_exactly_one_announces_it() {
    let db = testkit::database().await;
    let world = world(&db.store, 300, times(300)).await;
    step(&db.store, &world, Step::Warn(&[times(200), times(100), times(50)])).await;
    let store = db.another_store(40);
    let mut workers = JoinSet::new();
    for _ in 0..40 {
        let (store, world) = (store.clone(), world.clone());
        workers.spawn(claim_until_nothing_is_due(store, world));
    }
    workers.join_all().await;
    let events = events(&db).await;
    let announced: Vec<Money> =
        events.iter().map(|event| serde_json::from_value(event["threshold"].clone()).unwrap()).collect();
    assert_eq!(announced, [times(200), times(100), times(50)], "{events:?}");
    for (event, threshold) in events.iter().zip(announced) {
        let balance: Money = serde_json::from_value(event["balance"].clone()).unwrap();
        assert!(balance < threshold && balance >= Money::from_micros(threshold.micros() - times(7).micros()));
    }
    assert_audit_is_clean(&store, false).await;
}

#[tokio::test]
async fn a_debit_that_passes_several_thresholds_announces_the_lowest_and_one_that_reaches_one_announces_nothing()
 {
    let db = testkit::database().await;
    let world = world(&db.store, 10, times(10)).await;
    step(&db.store, &world, Step::Warn(&[times(9), times(8), times(5), times(2)])).await;
    assert_eq!(claim(&db.store, &world, 1).await, 1);
    assert_eq!(events(&db).await, Vec::<Value>::new(), "the balance is at the threshold and not below it");
    assert_eq!(claim(&db.store, &world, 3).await, 3);
    assert_eq!(claim(&db.store, &world, 1).await, 1);
    let expected = [low(&world, times(8), times(6))];
    assert_eq!(events(&db).await, expected);
    assert_eq!(claim(&db.store, &world, 5).await, 5);
    assert_eq!(events(&db).await[1..], [low(&world, times(2), Money::ZERO)]);
    assert_audit_is_clean(&db.store, false).await;
}

#[tokio::test]
async fn refunds_around_a_threshold_announce_it_once_and_a_top_up_or_an_adjustment_makes_it_count_again() {
    let db = testkit::database().await;
    let world = world(&db.store, 40, times(10)).await;
    step(&db.store, &world, Step::Warn(&[times(5)])).await;
    for _ in 0..3 {
        assert_eq!(claim(&db.store, &world, 8).await, 8);
        step(&db.store, &world, Step::Refund).await;
        assert_eq!(events(&db).await, [low(&world, times(5), times(2))]);
    }
    // Ten again, of which a person books one more.
    step(&db.store, &world, Step::TopUp(times(1))).await;
    assert_eq!(claim(&db.store, &world, 8).await, 8);
    assert_eq!(events(&db).await[1..], [low(&world, times(5), times(3))]);
    // One that does not reach the threshold changes nothing.
    step(&db.store, &world, Step::TopUp(times(1))).await;
    assert_eq!(claim(&db.store, &world, 1).await, 1);
    assert_eq!(events(&db).await.len(), 2);
    step(&db.store, &world, Step::Adjust(times(2))).await;
    step(&db.store, &world, Step::Adjust(Money::from_micros(-1))).await;
    assert_eq!(
        events(&db).await[2..],
        [low(&world, times(5), Money::from_micros(times(5).micros() - 1))],
        "an adjustment passes a threshold as a debit does"
    );
    assert_audit_is_clean_but_for_requests(&db.store).await;
}

/// The adjustments of these tests were booked without a request (I32).
async fn assert_audit_is_clean_but_for_requests(store: &Store) {
    let broken = crate::fixtures::violations(store).await;
    assert_eq!(
        broken.iter().map(|finding| &finding.invariant[..3]).collect::<Vec<_>>(),
        ["I32"],
        "{broken:?}"
    );
}

#[tokio::test]
async fn what_is_reserved_does_not_count_as_balance() {
    let db = testkit::database().await;
    let world = world(&db.store, 3, times(10)).await;
    db.execute(&format!(
        "UPDATE wallets SET reserved = {} WHERE tenant_id = '{}'",
        times(4).micros(),
        world.tenant
    ))
    .await;
    step(&db.store, &world, Step::Warn(&[times(9), times(5)])).await;
    assert_eq!(claim(&db.store, &world, 2).await, 2);
    assert_eq!(events(&db).await, [low(&world, times(5), times(4))], "nine was above what is available");
}
