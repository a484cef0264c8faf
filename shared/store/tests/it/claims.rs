//! The claim and the refund under fire: many workers, one wallet.

use std::collections::HashSet;

use domain::billing::RefundReason;
use domain::messages::{Content, Lane, Recipient, Source};
use domain::{Act, ClaimId, ContactId, MessageId, Money, TenantId};
use store::billing::refunds;
use store::billing::wallet;
use store::delivery::claims::{self, Claim, ClaimRequest, ClaimedContent};
use store::messages::{self, NewMessage};
use store::{Operation, Store, StoreError, TenantTx, contacts};
use tokio::task::JoinSet;

use crate::fixtures::{PRICE, World, assert_audit_is_clean, noon, world};

struct ClaimDue {
    request: ClaimRequest,
}

impl Operation for ClaimDue {
    const NAME: &'static str = "claim";
    type Done = Claim;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Claim, StoreError> {
        claims::claim(tx, &self.request).await
    }
}

pub async fn try_to_claim(store: &Store, world: &World, limit: i64) -> Result<Claim, StoreError> {
    try_to_claim_before(store, world, limit, None).await
}

async fn try_to_claim_before(
    store: &Store,
    world: &World,
    limit: i64,
    before: Option<Lane>,
) -> Result<Claim, StoreError> {
    let claim_id = ClaimId::at(noon());
    let lease_until = noon() + jiff::SignedDuration::from_mins(1);
    let request = ClaimRequest { number: world.number.clone(), claim_id, limit, lease_until, before };
    store.perform(&Act::of_system(world.tenant, noon()), &ClaimDue { request }).await
}

async fn claim(store: &Store, world: &World, limit: i64) -> Claim {
    try_to_claim(store, world, limit).await.unwrap()
}

async fn claim_until_nothing_is_due(store: Store, world: World) -> Vec<Claim> {
    let mut taken = Vec::new();
    loop {
        let chunk = claim(&store, &world, 7).await;
        if chunk.is_empty() {
            return taken;
        }
        taken.push(chunk);
    }
}

async fn promise_and_refund(store: Store, world: World) -> i64 {
    let act = Act::of_system(world.tenant, noon());
    let mut paid = 0;
    for _ in 0..5 {
        store.perform(&act, &Promise { world: world.clone() }).await.unwrap();
        paid += store.perform(&act, &Refund { world: world.clone() }).await.unwrap();
    }
    paid
}

async fn balance(store: &Store, tenant: TenantId) -> Money {
    struct Balance;
    impl Operation for Balance {
        const NAME: &'static str = "balance";
        type Done = Money;
        type Error = StoreError;

        async fn run(&self, tx: &TenantTx) -> Result<Money, StoreError> {
            Ok(wallet::balance(tx).await?.unwrap())
        }
    }
    store.perform(&Act::of_system(tenant, noon()), &Balance).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_workers_racing_for_one_balance_spend_it_exactly_once() {
    let db = testkit::database().await;
    // Money for 100 of 300.
    let world = world(&db.store, 300, Money::from_micros(PRICE.micros() * 100 + 5)).await;
    let store = db.another_store(40);
    let mut workers = JoinSet::new();
    for _ in 0..40 {
        workers.spawn(claim_until_nothing_is_due(store.clone(), world.clone()));
    }
    let chunks: Vec<Claim> = workers.join_all().await.into_iter().flatten().collect();
    let funded: Vec<MessageId> =
        chunks.iter().flat_map(|chunk| &chunk.funded).map(|claimed| claimed.message_id).collect();
    let unfunded: usize = chunks.iter().map(|chunk| chunk.unfunded).sum();
    assert_eq!((funded.len(), unfunded), (100, 200));
    assert_eq!(funded.iter().collect::<HashSet<_>>().len(), 100, "no message was taken twice");
    assert_eq!(balance(&store, world.tenant).await, Money::from_micros(5));
    assert_audit_is_clean(&store, false).await;
}

#[tokio::test]
async fn a_claim_takes_what_it_says_and_tells_everything_that_sending_needs() {
    let db = testkit::database().await;
    let world = world(&db.store, 3, Money::from_micros(1_000_000)).await;
    let taken = claim(&db.store, &world, 2).await;
    assert_eq!((taken.funded.len(), taken.unfunded, taken.forbidden), (2, 0, 0));
    let first = &taken.funded[0];
    assert_eq!((first.price, first.attempt), (PRICE, 1));
    assert_eq!(first.to.to_string(), "+15551234567");
    let (name, language, variables) = ("welcome".to_owned(), "en_US".to_owned(), vec!["Ann".to_owned()]);
    assert_eq!(first.content, ClaimedContent::Template { name, language, variables, is_code: false });
    assert!(world.messages.contains(&first.message_id));
    assert_eq!(balance(&db.store, world.tenant).await, Money::from_micros(1_000_000 - 2 * PRICE.micros()));
}

#[tokio::test]
async fn a_claim_of_higher_lanes_leaves_the_others_due() {
    let db = testkit::database().await;
    let world = world(&db.store, 3, Money::from_micros(1_000_000)).await;
    let of_first = try_to_claim_before(&db.store, &world, 10, Some(Lane::Second)).await.unwrap();
    assert!(of_first.is_empty(), "utility messages are in the second lane");
    let of_second = try_to_claim_before(&db.store, &world, 10, Some(Lane::Third)).await.unwrap();
    assert_eq!(of_second.funded.iter().map(|message| message.lane).collect::<Vec<_>>(), [Lane::Second; 3]);
}

struct Promise {
    world: World,
}

impl Operation for Promise {
    const NAME: &'static str = "promise";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let World { messages, .. } = &self.world;
        refunds::promise(tx, messages, RefundReason::Failed).await
    }
}

struct Refund {
    world: World,
}

impl Operation for Refund {
    const NAME: &'static str = "refund";
    type Done = i64;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<i64, StoreError> {
        refunds::pay(tx, &self.world.messages).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_workers_refunding_the_same_debits_pay_each_once() {
    let db = testkit::database().await;
    let credit = Money::from_micros(PRICE.micros() * 150);
    // 200 messages are owed a refund, and only 150 of them were ever debited.
    let world = world(&db.store, 200, credit).await;
    let store = db.another_store(20);
    claim(&store, &world, 1_000).await;
    assert_eq!(balance(&store, world.tenant).await, Money::ZERO);
    let mut workers = JoinSet::new();
    for _ in 0..20 {
        workers.spawn(promise_and_refund(store.clone(), world.clone()));
    }
    let paid: i64 = workers.join_all().await.into_iter().sum();
    assert_eq!(paid, 150);
    assert_eq!(balance(&store, world.tenant).await, credit);
    assert_audit_is_clean(&store, false).await;
}

/// A utility message costs ten times as much from noon on, everywhere.
async fn raise_the_price(db: &testkit::TestDb) {
    let (client, connection) = tokio_postgres::connect(db.url(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let raise = "INSERT INTO rate_cards (market, category, effective_from, price, card_id)
                 SELECT DISTINCT ON (market) market, category, '2026-11-01T12:00:00Z', price * 10, card_id
                   FROM rate_cards WHERE category = 'UTILITY' ORDER BY market, effective_from DESC";
    assert!(client.execute(raise, &[]).await.unwrap() > 0);
    drop(client);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_price_that_is_raised_between_debit_and_refund_changes_neither() {
    let db = testkit::database().await;
    let credit = Money::from_micros(PRICE.micros() * 11);
    let world = world(&db.store, 2, credit).await;
    let cheap = claim(&db.store, &world, 1).await;
    assert_eq!(cheap.funded[0].price, PRICE);
    raise_the_price(&db).await;
    let dear = claim(&db.store, &world, 1).await;
    assert_eq!(dear.funded[0].price, Money::from_micros(PRICE.micros() * 10));
    assert_eq!(balance(&db.store, world.tenant).await, Money::ZERO);
    assert_eq!(promise_and_refund(db.store.clone(), world.clone()).await, 2);
    assert_eq!(balance(&db.store, world.tenant).await, credit);
    assert_audit_is_clean(&db.store, false).await;
}

struct AcceptText<'a> {
    world: &'a World,
    contact: ContactId,
}

impl Operation for AcceptText<'_> {
    const NAME: &'static str = "accept_text";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let message = |not_after| NewMessage {
            message_id: MessageId::at(noon()),
            contact_id: self.contact,
            content: Content::Text("On our way".to_owned()),
            phone_number_id: self.world.number.clone(),
            to: Recipient::UserId("US.13491208655302741918".to_owned()),
            market: "North America",
            source: Source::Reply,
            due_at: noon(),
            not_after,
        };
        messages::accept(tx, &message(None)).await?;
        messages::accept(tx, &message(Some(noon() - jiff::SignedDuration::from_secs(1)))).await.map(drop)
    }
}

struct AnyContact;

impl Operation for AnyContact {
    const NAME: &'static str = "any_contact";
    type Done = ContactId;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<ContactId, StoreError> {
        Ok(contacts::list(tx, uuid::Uuid::max(), 1).await?.remove(0).contact_id)
    }
}

#[tokio::test]
async fn free_text_to_a_user_id_is_claimed_and_what_is_no_longer_valid_is_cancelled() {
    let db = testkit::database().await;
    let world = world(&db.store, 0, Money::from_micros(1_000_000)).await;
    let act = Act::of_system(world.tenant, noon());
    let contact = db.store.perform(&act, &AnyContact).await.unwrap();
    db.store.perform(&act, &AcceptText { world: &world, contact }).await.unwrap();
    let claim = claim(&db.store, &world, 10).await;
    assert_eq!((claim.funded.len(), claim.forbidden), (1, 1));
    assert_eq!(claim.funded[0].content, ClaimedContent::Text("On our way".to_owned()));
    assert_eq!(claim.funded[0].to, Recipient::UserId("US.13491208655302741918".to_owned()));
    assert_audit_is_clean(&db.store, false).await;
}
