//! The price that the claim debits is the price that `domain` computes, to the micro-unit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::billing::{EntryKind, Rate, price, rate};
use domain::messages::{Content, Recipient, Source};
use domain::{
    Act, Category, Market, MessageId, Money, PhoneNumber, RateCardId, SystemAct, TemplateId, TenantId,
};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::billing::ledger::{self, ListedEntry};
use store::messages::NewMessage;
use store::templates::Template;
use store::tenants::plans::{self, NewPlan, Terms};
use store::{
    Operation, StoreError, SystemOperation, SystemTx, TenantTx, contacts, messages, templates, tenants,
};
use testkit::TestDb;
use uuid::Uuid;

use crate::claims::try_to_claim;
use crate::fixtures::{World, noon, world_on_plan};

/// Micro-units by message.
type Debits = BTreeMap<MessageId, i64>;

/// Rate cards and margins that are tried; each prices a message of every market and category below.
const CASES: u32 = 100;
/// More than all messages of one case can cost.
const CREDIT: Money = Money::from_micros(1_000_000_000_000_000);
/// The card that the migrations bring, whose prices are replaced.
const CARD: Uuid = Uuid::from_u128(0x01a0_f4c2_c400_7000_8000_0000_0000_0001);
const MARKETS: [&str; 4] = ["India", "North America", "Brazil", "Other"];

#[derive(Clone, Debug)]
struct Case {
    card: Vec<Rate>,
    margin_bps: i32,
    /// The tenant's own, instead of the plan's.
    own_margin_bps: Option<i32>,
}

impl Case {
    fn margin_bps(&self) -> i32 {
        self.own_margin_bps.unwrap_or(self.margin_bps)
    }
}

fn market() -> impl Strategy<Value = Option<Market>> {
    prop::option::of(prop::sample::select(MARKETS.to_vec()).prop_map(|name| Market::named(name).unwrap()))
}

/// A line that starts within a few days of noon, often at noon itself or a minute beside it.
fn line() -> impl Strategy<Value = Rate> {
    let minutes = prop_oneof![Just(0_i64), -1_i64..=1, -6_000_i64..6_000];
    let micros = prop_oneof![0_i64..100, 0_i64..10_000_000_000];
    (market(), prop::sample::select(Category::ALL.to_vec()), minutes, micros).prop_map(
        |(market, category, minutes, micros)| Rate {
            market,
            category,
            effective_from: noon() + SignedDuration::from_mins(minutes),
            price: Money::from_micros(micros),
            card_id: RateCardId(CARD),
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let margin_bps = || prop_oneof![0_i32..=10, 0_i32..=100_000];
    let margins = (margin_bps(), prop::option::of(margin_bps()));
    (prop::collection::vec(line(), 1..30), margins).prop_map(|(lines, (margin_bps, own_margin_bps))| {
        // One line per market, category and start, as in the table.
        let card: BTreeMap<_, _> =
            lines.into_iter().map(|line| ((line.market, line.category, line.effective_from), line)).collect();
        Case { card: card.into_values().collect(), margin_bps, own_margin_bps }
    })
}

#[test]
fn what_is_debited_is_the_price_of_the_rate_card_and_the_tenants_margin_or_its_plans() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let db = runtime.block_on(testkit::database());
    let config = Config { failure_persistence: None, ..Config::with_cases(CASES) };
    let number = AtomicU32::new(0);
    let outcome = TestRunner::new(config).run(&case(), |case| {
        let plan = format!("Plan {}", number.fetch_add(1, Ordering::Relaxed));
        let (debits, expected) = runtime.block_on(claim_all(&db, &case, plan));
        prop_assert_eq!(debits, expected);
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
}

/// Claims a message of each market and category: what was debited for each, and what should have been.
async fn claim_all(db: &TestDb, case: &Case, plan: String) -> (Debits, Debits) {
    write_card(db, &case.card).await;
    let add = AddPlan { name: plan.clone(), margin_bps: case.margin_bps };
    db.store.perform_system(&SystemAct::at(noon()), &add).await.unwrap();
    let world = world_on_plan(&db.store, &plan, 0, CREDIT).await;
    let margin = SetMargin { tenant: world.tenant, margin_bps: case.own_margin_bps };
    db.store.perform_system(&SystemAct::at(noon()), &margin).await.unwrap();
    let act = Act::of_system(world.tenant, noon());
    let accepted = db.store.perform(&act, &AcceptEach { world: world.clone() }).await.unwrap();
    try_to_claim(&db.store, &world, 100).await.unwrap();
    let entries = db.store.perform(&act, &Entries).await.unwrap();
    let debits = entries
        .into_iter()
        .map(|listed| listed.entry)
        .filter(|entry| entry.kind == EntryKind::Debit)
        .map(|entry| (entry.message_id.unwrap(), -entry.amount.micros()))
        .collect();
    let expected = accepted
        .iter()
        .copied()
        .filter_map(|(message, market, category)| {
            let rate = rate(&case.card, market, category, noon())?;
            Some((message, price(rate.price, case.margin_bps()).unwrap().micros()))
        })
        .collect();
    let explained = db.store.perform(&act, &Explained { messages: accepted }).await.unwrap();
    assert_eq!(explained, debits, "what is stored about a price adds up to it");
    (debits, expected)
}

async fn write_card(db: &TestDb, card: &[Rate]) {
    let lines: Vec<String> = card
        .iter()
        .map(|line| {
            let market = line.market.map_or("*", Market::name);
            let (category, start, micros) = (line.category, line.effective_from, line.price.micros());
            format!("('{market}', '{category}', '{start}', {micros}, '{CARD}')")
        })
        .collect();
    // No part of the product can remove a price: the triggers that refuse it have to be switched off.
    let replace = format!(
        "SET session_replication_role = replica;
         DELETE FROM rate_cards;
         INSERT INTO rate_cards (market, category, effective_from, price, card_id) VALUES {}",
        lines.join(", ")
    );
    db.execute(&replace).await;
}

struct SetMargin {
    tenant: TenantId,
    margin_bps: Option<i32>,
}

impl SystemOperation for SetMargin {
    const NAME: &'static str = "set_margin";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        tenants::set_margin(&tx.as_tenant(self.tenant), self.margin_bps).await
    }
}

/// What each message that was debited cost, put together from what is stored about its price.
struct Explained {
    messages: Vec<(MessageId, Market, Category)>,
}

impl Operation for Explained {
    const NAME: &'static str = "explained";
    type Done = Debits;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Debits, StoreError> {
        let mut explained = Debits::new();
        for (message, market, category) in &self.messages {
            let Some(pricing) = messages::pricing(tx, *message).await? else { continue };
            assert_eq!(
                (pricing.market.as_str(), pricing.category.as_str()),
                (market.name(), category.as_str())
            );
            let total = price(pricing.rate, pricing.margin_bps).unwrap();
            assert_eq!(total, pricing.total);
            explained.insert(*message, total.micros());
        }
        Ok(explained)
    }
}

struct AddPlan {
    name: String,
    margin_bps: i32,
}

impl SystemOperation for AddPlan {
    const NAME: &'static str = "add_plan";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let terms = Terms {
            monthly_price: Money::ZERO,
            messages_per_month: 100,
            contacts_max: 1,
            templates_max: 100,
            phone_numbers_max: 1,
            users_max: 1,
            requests_per_minute: 1,
            margin_bps: self.margin_bps,
        };
        plans::insert(tx, &NewPlan { name: self.name.clone(), terms }).await.map(drop)
    }
}

/// Accepts a message of every market and category, due at noon.
struct AcceptEach {
    world: World,
}

impl Operation for AcceptEach {
    const NAME: &'static str = "accept_each";
    type Done = Vec<(MessageId, Market, Category)>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let contact_id = contacts::list(tx, Uuid::max(), 1).await?[0].contact_id;
        let template = templates::list(tx, Uuid::max(), 1).await?.remove(0);
        let mut accepted = Vec::new();
        for category in Category::ALL {
            let name = category.as_str().to_lowercase();
            let template_id = TemplateId::at(noon());
            templates::insert(tx, &Template { template_id, name, category, ..template.clone() }).await?;
            for market in MARKETS {
                let message = NewMessage {
                    message_id: MessageId::at(noon()),
                    contact_id,
                    content: Content::Template { template_id, category, variables: vec!["Ann".to_owned()] },
                    phone_number_id: self.world.number.clone(),
                    to: Recipient::Phone(PhoneNumber::from_stored("+15551234567".to_owned())),
                    market,
                    source: Source::Api,
                    due_at: noon(),
                    not_after: None,
                };
                messages::accept(tx, &message).await?;
                accepted.push((message.message_id, Market::named(market).unwrap(), category));
            }
        }
        Ok(accepted)
    }
}

struct Entries;

impl Operation for Entries {
    const NAME: &'static str = "entries";
    type Done = Vec<ListedEntry>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<ListedEntry>, StoreError> {
        ledger::list(tx, ledger::Span::ALL, None, 100).await
    }
}
