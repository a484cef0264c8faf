//! What a plan allows in a month is debited, whoever races for it; the rest is held until it may go (I31).

use domain::holds::HoldReason;
use domain::{AttemptId, ClaimId, MessageId, Money};
use jiff::{SignedDuration, Timestamp};
use store::delivery::attempts;
use store::delivery::claims::{self, Claim, ClaimRequest};
use store::{Operation, Store, StoreError, TenantTx, holds};
use tokio::task::JoinSet;

use crate::fixtures::{PRICE, World, assert_audit_is_clean, noon, world};
use crate::plan_limits::{RACERS, act, allow, count};

struct Take<'a> {
    world: &'a World,
    claim_id: ClaimId,
}

impl Operation for Take<'_> {
    const NAME: &'static str = "claim";
    type Done = Claim;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Claim, StoreError> {
        let lease_until = tx.now() + SignedDuration::from_mins(1);
        let (number, claim_id) = (self.world.number.clone(), self.claim_id);
        claims::claim(tx, &ClaimRequest { number, claim_id, limit: 7, lease_until, before: None }).await
    }
}

async fn claim_all(store: Store, world: World, now: Timestamp) -> Vec<Claim> {
    let mut taken = Vec::new();
    loop {
        let take = Take { world: &world, claim_id: ClaimId::at(now) };
        let claim = store.perform(&act(&world, now), &take).await.unwrap();
        if claim.is_empty() {
            return taken;
        }
        taken.push(claim);
    }
}

fn sums(claims: &[Claim]) -> (usize, usize, usize) {
    let sum = |of: fn(&Claim) -> usize| claims.iter().map(of).sum::<usize>();
    (sum(|claim| claim.funded.len()), sum(|claim| claim.held), sum(|claim| claim.unfunded))
}

struct Holds;

impl Operation for Holds {
    const NAME: &'static str = "holds";
    type Done = Vec<domain::holds::Hold>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        holds::list(tx).await
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

const DECEMBER: &str = "2026-12-01T00:00:00Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_claimers_debit_what_the_month_allows_and_the_rest_goes_with_the_next_month() {
    let db = testkit::database().await;
    let world = world(&db.store, 100, Money::from_micros(10_000_000)).await;
    allow(&db, 30).await;
    let store = db.another_store(RACERS);
    let mut workers = JoinSet::new();
    for _ in 0..RACERS {
        workers.spawn(claim_all(store.clone(), world.clone(), noon()));
    }
    let claims: Vec<Claim> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(sums(&claims), (30, 70, 0), "debited, held, without funds");
    let debits = "SELECT count(*) FROM ledger WHERE kind = 'DEBIT'";
    assert_eq!(count(&db, debits).await, 30);
    let held = store.perform(&act(&world, noon()), &Holds).await.unwrap();
    let december: Timestamp = DECEMBER.parse().unwrap();
    let held: Vec<_> = held.iter().map(|hold| (hold.reason, hold.resumes_at, hold.detail.as_str())).collect();
    let detail = "the plan Starter allows 30 messages a month, and all of them are used";
    assert_eq!(held, [(HoldReason::PlanLimit, Some(december), detail)]);
    assert_audit_is_clean(&store, false).await;

    let last = december - SignedDuration::from_micros(1);
    store.perform(&act(&world, last), &LiftEnded).await.unwrap();
    assert!(
        claim_all(store.clone(), world.clone(), last).await.is_empty(),
        "a microsecond of November is left"
    );
    for (month, expected) in
        [(DECEMBER, (30, 40, 0)), ("2027-01-01T00:00:00Z", (30, 10, 0)), ("2027-02-01T00:00:00Z", (10, 0, 0))]
    {
        let now = month.parse().unwrap();
        store.perform(&act(&world, now), &LiftEnded).await.unwrap();
        assert_eq!(sums(&claim_all(store.clone(), world.clone(), now).await), expected, "{month}");
    }
    assert_eq!(count(&db, debits).await, 100);
    assert_eq!(count(&db, "SELECT count(*) FROM held_messages").await, 0);
    assert_audit_is_clean(&store, false).await;
}

#[tokio::test]
async fn what_ends_first_the_credit_or_the_plan_decides_what_becomes_of_the_rest() {
    for (allowed, affordable, expected) in [(3, 5, (3, 7, 0)), (5, 3, (3, 0, 7)), (4, 4, (4, 6, 0))] {
        let db = testkit::database().await;
        let world = world(&db.store, 10, Money::from_micros(PRICE.micros() * affordable)).await;
        allow(&db, allowed).await;
        let take = Take { world: &world, claim_id: ClaimId::at(noon()) };
        let claims = [db.store.perform(&act(&world, noon()), &take).await.unwrap()];
        let all = claim_all(db.store.clone(), world.clone(), noon()).await;
        let (funded, held, unfunded) = sums(&[claims.to_vec(), all].concat());
        assert_eq!((funded, held, unfunded), expected, "the plan allows {allowed}, the credit {affordable}");
        assert_audit_is_clean(&db.store, false).await;
    }
}

struct Mark(ClaimId, Vec<(MessageId, AttemptId)>);

impl Operation for Mark {
    const NAME: &'static str = "mark_intent";
    type Done = attempts::Marked;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        attempts::mark_intent(tx, self.0, &self.1, tx.now() + SignedDuration::from_secs(10)).await
    }
}

/// The claim that meets the limit holds the tenant; what it took before is paid for and within the plan.
#[tokio::test]
async fn what_was_debited_before_the_limit_was_met_is_sent() {
    let db = testkit::database().await;
    let world = world(&db.store, 5, Money::from_micros(10_000_000)).await;
    allow(&db, 2).await;
    let claim_id = ClaimId::at(noon());
    let claim = db.store.perform(&act(&world, noon()), &Take { world: &world, claim_id }).await.unwrap();
    assert_eq!((claim.funded.len(), claim.held), (2, 3));
    let attempts: Vec<_> =
        claim.funded.iter().map(|message| (message.message_id, AttemptId::random())).collect();
    let marked = db.store.perform(&act(&world, noon()), &Mark(claim_id, attempts)).await.unwrap();
    assert_eq!((marked.sending.len(), marked.held.len()), (2, 0));
}

#[tokio::test]
async fn new_terms_let_held_messages_go_when_they_begin() {
    let db = testkit::database().await;
    let world = world(&db.store, 5, Money::from_micros(10_000_000)).await;
    allow(&db, 2).await;
    db.execute(
        "INSERT INTO plan_terms SELECT plan_id, '2026-11-10Z', monthly_price, 4, contacts_max, templates_max, phone_numbers_max,
                users_max, requests_per_minute, margin_bps, created_at FROM plan_terms",
    )
    .await;
    assert_eq!(sums(&claim_all(db.store.clone(), world.clone(), noon()).await), (2, 3, 0));
    let tenth: Timestamp = "2026-11-10T00:00:00Z".parse().unwrap();
    let held = db.store.perform(&act(&world, noon()), &Holds).await.unwrap();
    assert_eq!(held[0].resumes_at, Some(tenth));
    db.store.perform(&act(&world, tenth), &LiftEnded).await.unwrap();
    assert_eq!(sums(&claim_all(db.store.clone(), world.clone(), tenth).await), (2, 1, 0));
    let held = db.store.perform(&act(&world, tenth), &Holds).await.unwrap();
    assert_eq!(held[0].resumes_at, Some(DECEMBER.parse().unwrap()));
    assert_audit_is_clean(&db.store, false).await;
}

/// The ledger's dates never go back, so after a process whose clock is ahead a debit may belong to the next month already.
#[tokio::test]
async fn a_debit_is_counted_in_the_month_that_it_is_dated_in() {
    let db = testkit::database().await;
    let world = world(&db.store, 2, Money::from_micros(10_000_000)).await;
    allow(&db, 1).await;
    db.execute("UPDATE wallets SET recorded_until = '2026-12-01T00:00:00.5Z'").await;
    let claims = claim_all(db.store.clone(), world.clone(), noon()).await;
    assert_eq!(sums(&claims), (1, 1, 0));
    let counted = "SELECT used FROM usage WHERE quantity = 'MESSAGES' AND period = '2026-12-01'";
    assert_eq!(count(&db, counted).await, 1);
    let held = db.store.perform(&act(&world, noon()), &Holds).await.unwrap();
    assert_eq!(held[0].resumes_at, Some("2027-01-01T00:00:00Z".parse().unwrap()));
    assert_audit_is_clean(&db.store, false).await;
}
