//! What is on hold waits without a debit, and goes when the hold is lifted.

use domain::holds::{HoldReason, HoldTarget};
use domain::{Act, CampaignId, Money, SystemAct, TenantState};
use jiff::SignedDuration;
use store::billing::wallet;
use store::{
    Operation, Store, StoreError, SystemOperation, SystemTx, TenantTx, contacts, holds, templates, tenants,
};
use uuid::Uuid;

use crate::claims::try_to_claim;
use crate::fixtures::{PRICE, World, assert_audit_is_clean, noon, world};

const MESSAGES: usize = 3;

struct Place<'a>(&'a HoldTarget, HoldReason);

impl Operation for Place<'_> {
    const NAME: &'static str = "place_hold";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let resumes_at = Some(noon() + SignedDuration::from_hours(1));
        holds::place(tx, self.0, self.1, "a test stops it", resumes_at).await.map(drop)
    }
}

struct Lift<'a>(&'a HoldTarget, HoldReason);

impl Operation for Lift<'_> {
    const NAME: &'static str = "lift_hold";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StoreError> {
        holds::lift(tx, self.0, self.1).await
    }
}

struct LiftEnded;

impl Operation for LiftEnded {
    const NAME: &'static str = "lift_ended_holds";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        holds::lift_ended(tx).await
    }
}

/// What there is to hold, and how much money.
struct Things;

impl Operation for Things {
    const NAME: &'static str = "things_to_hold";
    type Done = (Vec<HoldTarget>, Money);
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let number = store::whatsapp::numbers::first(tx).await?.unwrap();
        let template = templates::list(tx, Uuid::max(), 1).await?.remove(0);
        let contact = contacts::list(tx, Uuid::max(), 1).await?.remove(0);
        let targets = vec![
            HoldTarget::Tenant,
            HoldTarget::Account(number.waba_id),
            HoldTarget::Number(number.phone_number_id),
            HoldTarget::Template(template.template_id),
            HoldTarget::Campaign(CampaignId(CAMPAIGN)),
            HoldTarget::Contact(contact.contact_id),
        ];
        Ok((targets, wallet::balance(tx).await?.unwrap()))
    }
}

const CAMPAIGN: Uuid = Uuid::from_u128(7);

struct Why(domain::MessageId);

impl Operation for Why {
    const NAME: &'static str = "why_held";
    type Done = Vec<domain::holds::Hold>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        holds::on_message(tx, self.0).await
    }
}

async fn stocked(db: &testkit::TestDb) -> World {
    let world = world(&db.store, MESSAGES, Money::from_micros(1_000_000)).await;
    let sql = format!("UPDATE messages SET source = 'CAMPAIGN', source_id = '{CAMPAIGN}'");
    store::testing::databases::execute(db.url(), &sql).await.unwrap();
    world
}

fn act(world: &World) -> Act {
    Act::of_system(world.tenant, noon())
}

async fn balance(store: &Store, world: &World) -> Money {
    store.perform(&act(world), &Things).await.unwrap().1
}

/// How many of the messages a claim reserved.
async fn claimed(store: &Store, world: &World) -> usize {
    let mut funded = 0;
    loop {
        let claim = try_to_claim(store, world, 100).await.unwrap();
        if claim.is_empty() {
            return funded;
        }
        assert_eq!((claim.unfunded, claim.forbidden), (0, 0), "held is neither unpaid nor cancelled");
        funded += claim.funded.len();
    }
}

#[tokio::test]
async fn each_kind_of_hold_keeps_its_messages_due_without_a_debit_and_lets_them_go_when_it_is_lifted() {
    for kind in 0..6 {
        let db = testkit::database().await;
        let world = stocked(&db).await;
        let target = &db.store.perform(&act(&world), &Things).await.unwrap().0[kind];
        db.store.perform(&act(&world), &Place(target, HoldReason::User)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(claimed(&db.store, &world).await, 0, "{target:?}");
        }
        assert_eq!(balance(&db.store, &world).await, Money::from_micros(1_000_000), "{target:?}");
        let why = db.store.perform(&act(&world), &Why(world.messages[0])).await.unwrap();
        assert_eq!(why.len(), 1, "{target:?}");
        assert_eq!((why[0].reason, why[0].detail.as_str()), (HoldReason::User, "a test stops it"));
        assert_audit_is_clean(&db.store, true).await;

        assert!(db.store.perform(&act(&world), &Lift(target, HoldReason::User)).await.unwrap(), "{target:?}");
        assert!(!db.store.perform(&act(&world), &Lift(target, HoldReason::User)).await.unwrap(), "twice");
        assert_eq!(claimed(&db.store, &world).await, MESSAGES, "{target:?}");
        let spent = Money::from_micros(1_000_000 - 3 * PRICE.micros());
        assert_eq!(balance(&db.store, &world).await, spent, "{target:?}");
        assert!(db.store.perform(&act(&world), &Why(world.messages[0])).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn of_two_reasons_the_last_to_go_lets_the_messages_go() {
    let db = testkit::database().await;
    let world = stocked(&db).await;
    let template = &db.store.perform(&act(&world), &Things).await.unwrap().0[3];
    for reason in [HoldReason::Template, HoldReason::Price] {
        db.store.perform(&act(&world), &Place(template, reason)).await.unwrap();
    }
    assert_eq!(claimed(&db.store, &world).await, 0);
    db.store.perform(&act(&world), &Lift(template, HoldReason::Price)).await.unwrap();
    assert_eq!(claimed(&db.store, &world).await, 0, "the template is on hold still");
    db.store.perform(&act(&world), &Lift(template, HoldReason::Template)).await.unwrap();
    assert_eq!(claimed(&db.store, &world).await, MESSAGES);
}

#[tokio::test]
async fn a_hold_whose_end_has_come_is_lifted_and_no_other() {
    let db = testkit::database().await;
    let world = stocked(&db).await;
    let contact = &db.store.perform(&act(&world), &Things).await.unwrap().0[5];
    db.store.perform(&act(&world), &Place(contact, HoldReason::User)).await.unwrap();
    assert_eq!(claimed(&db.store, &world).await, 0);
    db.store.perform(&act(&world), &LiftEnded).await.unwrap();
    assert_eq!(claimed(&db.store, &world).await, 0, "too early");
    let later = Act::of_system(world.tenant, noon() + SignedDuration::from_hours(1));
    db.store.perform(&later, &LiftEnded).await.unwrap();
    assert_eq!(claimed(&db.store, &world).await, MESSAGES);
}

/// By the platform: a tenant's transaction cannot.
struct Suspend(domain::TenantId, bool);

impl SystemOperation for Suspend {
    const NAME: &'static str = "suspend";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let state = if self.1 { TenantState::Suspended } else { TenantState::Active };
        tenants::set_state(&tx.as_tenant(self.0), state, "a test").await.map(drop)
    }
}

#[tokio::test]
async fn what_a_suspended_tenant_has_due_is_held_and_not_cancelled() {
    let db = testkit::database().await;
    let world = stocked(&db).await;
    db.store.perform_system(&SystemAct::at(noon()), &Suspend(world.tenant, true)).await.unwrap();
    assert_eq!(claimed(&db.store, &world).await, 0);
    db.store.perform_system(&SystemAct::at(noon()), &Suspend(world.tenant, false)).await.unwrap();
    assert_eq!(claimed(&db.store, &world).await, MESSAGES);
}

#[tokio::test]
async fn money_that_is_reserved_is_not_spent_by_a_claim() {
    let db = testkit::database().await;
    let world = world(&db.store, 3, Money::from_micros(PRICE.micros() * 3)).await;
    let reserve = format!("UPDATE wallets SET reserved = {}", PRICE.micros() * 2);
    store::testing::databases::execute(db.url(), &reserve).await.unwrap();
    let claim = try_to_claim(&db.store, &world, 100).await.unwrap();
    assert_eq!((claim.funded.len(), claim.unfunded), (1, 2));
    assert_eq!(balance(&db.store, &world).await, Money::from_micros(PRICE.micros() * 2));
    let overdrawn =
        store::testing::databases::execute(db.url(), "UPDATE wallets SET reserved = balance + 1").await;
    assert!(overdrawn.is_err(), "what is reserved is never more than there is");
}
