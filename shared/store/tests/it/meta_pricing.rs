//! What Meta charges for a message is stored once beside what the tenant was charged, whatever the order of its statuses.

use domain::messages::{DeliveryStatus, Transition};
use domain::updates::{MetaPricing, StatusUpdate};
use domain::{Act, AttemptId, Money, PhoneNumberId, Wamid};
use store::delivery::states;
use store::{Operation, Store, StoreError, TenantTx};
use testkit::TestDb;
use tokio_postgres::NoTls;

use crate::claims::try_to_claim;
use crate::fixtures::{World, noon, world};

fn said(status: DeliveryStatus, kind: Option<&str>) -> StatusUpdate {
    StatusUpdate {
        phone_number_id: PhoneNumberId("1".to_owned()),
        wamid: Wamid("wamid.1".to_owned()),
        status,
        occurred_at: None,
        attempt_id: None::<AttemptId>,
        error: None,
        pricing: MetaPricing::of(None, [None, kind, None]),
    }
}

/// The statuses of one batch, for every message of the world.
struct Receive<'a>(&'a World, Vec<StatusUpdate>);

impl Operation for Receive<'_> {
    const NAME: &'static str = "receive";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let mut transitions = Vec::new();
        for message in states::lock(tx, &self.0.messages).await? {
            let mut transition = Transition::of(message);
            transition.receive(&self.1.iter().collect::<Vec<_>>()).unwrap();
            transitions.push(transition);
        }
        let changes: Vec<&Transition> =
            transitions.iter().filter(|transition| transition.is_change()).collect();
        states::apply(tx, &changes).await
    }
}

async fn receive(store: &Store, world: &World, statuses: Vec<StatusUpdate>) {
    store.perform(&Act::of_system(world.tenant, noon()), &Receive(world, statuses)).await.unwrap();
}

/// A world with one message that Meta has taken.
async fn sent(db: &TestDb) -> World {
    let world = world(&db.store, 1, Money::from_micros(1_000_000)).await;
    assert_eq!(try_to_claim(&db.store, &world, 10).await.unwrap().funded.len(), 1);
    db.execute("UPDATE messages SET dispatch_state = 'ACCEPTED', claim_id = NULL").await;
    world
}

/// Billable, type and rank.
async fn stored(db: &TestDb) -> (Option<bool>, Option<String>, i16) {
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let row =
        client.query_one("SELECT meta_billable, meta_type, meta_rank FROM messages", &[]).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn in_every_order_of_statuses_the_one_closest_to_the_person_says_what_meta_charges() {
    let of = |status: DeliveryStatus| said(status, Some(status.as_str()));
    let [sent_, delivered, read, failed] = DeliveryStatus::ALL.map(of);
    let unpriced = said(DeliveryStatus::Read, None);
    let orders: Vec<(Vec<&StatusUpdate>, &str)> = vec![
        (vec![&sent_, &delivered, &read], "read"),
        (vec![&read, &delivered, &sent_], "read"),
        (vec![&delivered, &read, &sent_], "read"),
        (vec![&sent_, &delivered, &unpriced], "delivered"),
        (vec![&unpriced, &delivered, &sent_], "delivered"),
        (vec![&failed, &sent_], "sent"),
        (vec![&sent_, &failed], "sent"),
    ];
    for (order, expected) in orders {
        let one_by_one: Vec<Vec<&StatusUpdate>> = order.iter().map(|one| vec![*one]).collect();
        assert_eq!(kind_after(vec![order.clone()]).await.as_deref(), Some(expected), "{order:?} at once");
        assert_eq!(kind_after(one_by_one).await.as_deref(), Some(expected), "{order:?}");
    }
}

/// The type that is stored after these batches of statuses.
async fn kind_after(batches: Vec<Vec<&StatusUpdate>>) -> Option<String> {
    let db = testkit::database().await;
    let world = sent(&db).await;
    for batch in batches {
        receive(&db.store, &world, batch.into_iter().cloned().collect()).await;
    }
    let (_, kind, _) = stored(&db).await;
    kind
}

#[tokio::test]
async fn a_copy_of_a_status_with_another_pricing_changes_nothing_and_one_without_pricing_stores_none() {
    let db = testkit::database().await;
    let world = sent(&db).await;
    receive(&db.store, &world, vec![said(DeliveryStatus::Sent, None)]).await;
    assert_eq!(stored(&db).await, (None, None, 0));
    receive(&db.store, &world, vec![said(DeliveryStatus::Sent, Some("regular"))]).await;
    assert_eq!(stored(&db).await, (None, None, 0), "that status had come before");
    let first = said(DeliveryStatus::Delivered, Some("regular"));
    let second = said(DeliveryStatus::Delivered, Some("free_customer_service"));
    receive(&db.store, &world, vec![first, second.clone()]).await;
    receive(&db.store, &world, vec![second]).await;
    assert_eq!(stored(&db).await, (None, Some("regular".to_owned()), 3));
}
