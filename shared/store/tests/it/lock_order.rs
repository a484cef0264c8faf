//! Whatever locks several rows locks them in one order: nothing that runs at the same time waits crosswise. A deadlock that
//! is tried again is one all the same, so the server's own count of them decides.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use domain::billing::RefundReason;
use domain::messages::{DeliveryStatus, Event, LockedMessage, Transition};
use domain::updates::{StatusUpdate, UnhandledUpdate};
use domain::{Act, AttemptId, ClaimId, MessageId, Money, PhoneNumber, SystemAct, Wamid};
use jiff::{SignedDuration, Timestamp};
use store::billing::refunds;
use store::contacts::{self, NewContact};
use store::delivery::claims::{self, ClaimRequest};
use store::delivery::{attempts, states, statuses};
use store::updates::unhandled;
use store::{Operation, Store, StoreError, SystemOperation, SystemTx, TenantTx};
use tokio::task::JoinSet;

use crate::fixtures::{World, noon, world};

const WORKERS: u64 = 16;
const IMPORTED: u32 = 5_000;
const MESSAGES: usize = 200;
const ROUNDS: u64 = 12;

/// In another order for each salt.
fn shuffled<T: Hash>(mut things: Vec<T>, salt: u64) -> Vec<T> {
    things.sort_by_cached_key(|thing| {
        let mut hasher = DefaultHasher::new();
        (thing, salt).hash(&mut hasher);
        hasher.finish()
    });
    things
}

/// Waits until the connections of `store` are closed, because a connection reports its deadlocks at its end.
async fn deadlocks(db: &testkit::TestDb, store: Store) -> i64 {
    drop(store);
    let (client, connection) = tokio_postgres::connect(db.url(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                     AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    db.store.close();
    let since = Instant::now();
    while client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(since.elapsed() < Duration::from_secs(20), "connections stay open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let count = client.query_one(count, &[]).await.unwrap().get(0);
    drop(client);
    connection.await.unwrap().unwrap();
    count
}

struct Import(u64);

impl Operation for Import {
    const NAME: &'static str = "import";
    type Done = u64;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<u64, StoreError> {
        let contact = |number: u32| NewContact {
            phone: PhoneNumber::from_stored(format!("+1555{number:07}")),
            name: None,
            attributes: domain::contacts::Attributes::none(),
        };
        let contacts: Vec<NewContact> =
            shuffled((0..IMPORTED).collect(), self.0).into_iter().map(contact).collect();
        contacts::import(tx, &contacts).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_imports_of_the_same_numbers_in_different_orders_never_deadlock() {
    let db = testkit::database().await;
    let world = world(&db.store, 0, Money::ZERO).await;
    let (store, mut workers) = (db.another_store(16), JoinSet::new());
    for worker in 0..WORKERS {
        let (store, act) = (store.clone(), Act::of_system(world.tenant, noon()));
        workers.spawn(async move { store.perform(&act, &Import(worker)).await.unwrap() });
    }
    let added: u64 = workers.join_all().await.into_iter().sum();
    assert_eq!(added, u64::from(IMPORTED), "each number is added once");
    assert_eq!(deadlocks(&db, store).await, 0);
}

/// One of the things that happen to messages, with its rows in an order of its own.
enum Step {
    /// Claims, marks, and gives back as certainly unsent, due again in another order.
    Send,
    /// Locks, names, and takes what was parked.
    Record,
    Park,
    /// Takes back what is parked for messages that are locked before.
    Unpark,
    PromiseAndPay,
}

struct Work<'a> {
    world: &'a World,
    step: Step,
    salt: u64,
}

impl Work<'_> {
    fn ids(&self) -> Vec<MessageId> {
        shuffled(self.world.messages.clone(), self.salt).into_iter().take(MESSAGES / 2).collect()
    }

    fn updates(&self) -> Vec<StatusUpdate> {
        let update = |id: MessageId| StatusUpdate {
            phone_number_id: self.world.number.clone(),
            wamid: Wamid(format!("wamid.{id}")),
            status: DeliveryStatus::Sent,
            occurred_at: None,
            attempt_id: None,
            error: None,
            pricing: None,
        };
        self.ids().into_iter().map(update).collect()
    }

    async fn send(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let claim_id = ClaimId::at(noon());
        let lease_until = noon() + SignedDuration::from_mins(1);
        let number = self.world.number.clone();
        let request = ClaimRequest { number, claim_id, limit: 40, lease_until, before: None };
        let claimed = claims::claim(tx, &request).await?.funded;
        let marks = claimed.iter().map(|message| (message.message_id, AttemptId::random())).collect();
        let marks: Vec<(MessageId, AttemptId)> = shuffled(marks, self.salt);
        attempts::mark_intent(tx, claim_id, &marks, lease_until).await?;
        let ids: Vec<MessageId> = marks.iter().map(|(message, _)| *message).collect();
        let mut transitions: Vec<Transition> =
            states::lock(tx, &ids).await?.into_iter().map(Transition::of).collect();
        let mut again: Vec<(&LockedMessage, Timestamp)> = Vec::new();
        for (place, transition) in transitions.iter_mut().enumerate() {
            // The dispatch machine would give up after some attempts.
            transition.message.attempt = 1;
            transition.apply(Event::KnownUnsent, RefundReason::Rejected).unwrap();
            let due_at = noon() - SignedDuration::from_secs(i64::try_from(place).unwrap());
            again.push((&transition.message, due_at));
        }
        states::requeue(tx, &again).await?;
        states::apply(tx, &transitions.iter().collect::<Vec<_>>()).await?;
        claims::free(tx, &[claim_id]).await.map(drop)
    }
}

impl Operation for Work<'_> {
    const NAME: &'static str = "work";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let (ids, updates) = (self.ids(), self.updates());
        match self.step {
            Step::Send => self.send(tx).await,
            Step::Record => {
                states::lock(tx, &ids).await?;
                let named: Vec<(Wamid, MessageId)> =
                    updates.iter().map(|update| update.wamid.clone()).zip(ids).collect();
                states::name(tx, &named).await?;
                let wamids: Vec<&str> = named.iter().map(|(wamid, _)| wamid.0.as_str()).collect();
                statuses::unpark(tx, &wamids).await.map(drop)
            }
            Step::Park => statuses::park(tx, &updates).await,
            Step::Unpark => {
                states::lock(tx, &ids).await?;
                statuses::take(tx, &updates).await.map(drop)
            }
            Step::PromiseAndPay => {
                refunds::pay(tx, &ids).await?;
                states::lock(tx, &ids).await?;
                refunds::promise(tx, &ids, RefundReason::Failed).await
            }
        }
    }
}

struct Keep(u64);

impl SystemOperation for Keep {
    const NAME: &'static str = "keep";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let update = |number: usize| UnhandledUpdate { reason: "test".to_owned(), raw: number.into() };
        let updates: Vec<UnhandledUpdate> =
            shuffled((0..MESSAGES).collect(), self.0).into_iter().map(update).collect();
        unhandled::insert(tx, &updates, noon()).await
    }
}

async fn work_through(store: Store, world: World, worker: u64) {
    let act = Act::of_system(world.tenant, noon());
    for round in 0..ROUNDS {
        let step = match worker % 5 {
            0 => Step::Send,
            1 => Step::Record,
            2 => Step::Park,
            3 => Step::Unpark,
            _ => Step::PromiseAndPay,
        };
        let work = Work { world: &world, step, salt: worker * ROUNDS + round };
        store.perform(&act, &work).await.unwrap();
        store.perform_system(&SystemAct::at(noon()), &Keep(work.salt)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claims_marks_answers_statuses_and_refunds_of_the_same_messages_never_deadlock() {
    let db = testkit::database().await;
    let world = world(&db.store, MESSAGES, Money::from_micros(100_000_000)).await;
    let (store, mut workers) = (db.another_store(16), JoinSet::new());
    for worker in 0..WORKERS {
        workers.spawn(work_through(store.clone(), world.clone(), worker));
    }
    workers.join_all().await;
    assert_eq!(deadlocks(&db, store).await, 0);
}
