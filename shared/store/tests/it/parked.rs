//! Parked statuses: looked at a few times and not every minute, and stored as unhandled in the end.

use domain::messages::DeliveryStatus;
use domain::updates::StatusUpdate;
use domain::{Act, MessageId, Money, PhoneNumberId, SystemAct, TenantId, Wamid};
use jiff::{SignedDuration, Timestamp};
use store::delivery::states;
use store::delivery::statuses;
use store::recovery::sweep;
use store::{Operation, Store, StoreError, SystemOperation, SystemTx, TenantTx};

use crate::fixtures::{noon, world};

const KEPT_AFTER: SignedDuration = SignedDuration::from_hours(8 * 24);

fn status(wamid: &str) -> StatusUpdate {
    StatusUpdate {
        phone_number_id: PhoneNumberId("1".to_owned()),
        wamid: Wamid(wamid.to_owned()),
        status: DeliveryStatus::Delivered,
        occurred_at: None,
        attempt_id: None,
        error: None,
        pricing: None,
    }
}

struct Park(Vec<StatusUpdate>);

impl Operation for Park {
    const NAME: &'static str = "park_statuses";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        statuses::park(tx, &self.0).await
    }
}

/// What a look at parked statuses found.
#[derive(Debug, PartialEq)]
struct Look {
    known: Vec<StatusUpdate>,
    kept: usize,
    postponed: usize,
}

struct LookAt;

impl Operation for LookAt {
    const NAME: &'static str = "look_at_parked";
    type Done = Look;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Look, StoreError> {
        let due = statuses::due_parked(tx, 1_000).await?;
        let known = statuses::take(tx, &due.known).await?;
        let kept = statuses::put_off(tx, &due.unknown, tx.now() - KEPT_AFTER, "not ours").await?;
        Ok(Look { known, kept, postponed: due.unknown.len() - kept })
    }
}

/// Learns which message a wamid belongs to.
struct Learn(Wamid, MessageId);

impl Operation for Learn {
    const NAME: &'static str = "learn_wamid";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        states::name(tx, &[(self.0.clone(), self.1)]).await?;
        statuses::hasten(tx, &[&self.0.0]).await
    }
}

struct Tenants;

impl SystemOperation for Tenants {
    const NAME: &'static str = "tenants_with_parked";
    type Done = Vec<TenantId>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
        sweep::parked(tx).await
    }
}

async fn tenants(store: &Store, now: Timestamp) -> Vec<TenantId> {
    store.perform_system(&SystemAct::at(now), &Tenants).await.unwrap()
}

async fn look(store: &Store, tenant: TenantId, now: Timestamp) -> Look {
    store.perform(&Act::of_system(tenant, now), &LookAt).await.unwrap()
}

#[tokio::test]
async fn a_status_of_a_message_that_is_not_ours_is_looked_at_some_forty_times_and_then_kept() {
    let db = testkit::database().await;
    let tenant = world(&db.store, 0, Money::ZERO).await.tenant;
    db.store.perform(&Act::of_system(tenant, noon()), &Park(vec![status("wamid.strange")])).await.unwrap();
    let (mut looks, mut now) = (0, noon());
    while now < noon() + KEPT_AFTER + SignedDuration::from_hours(7) {
        if tenants(&db.store, now).await == [tenant] {
            let found = look(&db.store, tenant, now).await;
            assert_eq!((found.known.len(), found.kept + found.postponed), (0, 1), "{now}");
            looks += 1;
        }
        now += SignedDuration::from_mins(10);
    }
    assert!((30..=50).contains(&looks), "{looks} looks in eight days");
    let contents = db.contents().await;
    assert_eq!((contents["parked_updates"].0, contents["kept_updates"].0), (0, 1));
}

#[tokio::test]
async fn a_parked_status_whose_message_becomes_known_is_taken_back_at_the_next_look() {
    let db = testkit::database().await;
    let world = world(&db.store, 1, Money::ZERO).await;
    let act = |now| Act::of_system(world.tenant, now);
    let both = vec![status("wamid.ours"), status("wamid.strange")];
    db.store.perform(&act(noon()), &Park(both)).await.unwrap();
    let first = look(&db.store, world.tenant, noon()).await;
    assert_eq!(first, Look { known: vec![], kept: 0, postponed: 2 });
    let later = noon() + SignedDuration::from_secs(1);
    assert_eq!(tenants(&db.store, later).await, [], "nothing is to be looked at");
    let learn = Learn(Wamid("wamid.ours".to_owned()), world.messages[0]);
    db.store.perform(&act(later), &learn).await.unwrap();
    assert_eq!(tenants(&db.store, later).await, [world.tenant]);
    let second = look(&db.store, world.tenant, later).await;
    assert_eq!(second, Look { known: vec![status("wamid.ours")], kept: 0, postponed: 0 });
}

#[tokio::test]
async fn one_look_is_bounded_however_many_statuses_are_parked() {
    let db = testkit::database().await;
    let tenant = world(&db.store, 0, Money::ZERO).await.tenant;
    let many = (0..2_500).map(|number| status(&format!("wamid.{number}"))).collect();
    db.store.perform(&Act::of_system(tenant, noon()), &Park(many)).await.unwrap();
    let mut postponed = Vec::new();
    while tenants(&db.store, noon()).await == [tenant] {
        postponed.push(look(&db.store, tenant, noon()).await.postponed);
    }
    assert_eq!(postponed, [1_000, 1_000, 500]);
    let (mut kept, late) = (Vec::new(), noon() + KEPT_AFTER);
    while tenants(&db.store, late).await == [tenant] {
        let look = look(&db.store, tenant, late).await;
        assert_eq!(look.postponed, 0, "nothing is put off that was not looked at");
        kept.push(look.kept);
    }
    assert_eq!(kept, [1_000, 1_000, 500]);
}
