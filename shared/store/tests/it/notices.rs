//! Of two notices of Meta's the later one counts, in any order and however often they arrive.

use domain::updates::{AccountUpdate, Decision, PreferenceUpdate, TemplateUpdate};
use domain::{Act, Category, Money, PhoneNumber, TemplateStatus, TenantId, WabaId};
use jiff::{SignedDuration, Timestamp};
use store::contacts::{Contact, consent};
use store::templates::{Answered, Template};
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::{Operation, Store, StoreError, TenantTx, contacts, templates, updates::notices};
use uuid::Uuid;

use crate::fixtures::{World, noon, world};

enum Step {
    Template(TemplateUpdate),
    Preference(PreferenceUpdate),
    Account(AccountUpdate),
    /// Meta's answer to the submission of the template.
    Answered(Category),
    /// By the tenant, not by Meta.
    OptOut,
    Connect,
}

struct Apply<'a> {
    steps: &'a [Step],
}

struct Known {
    contact: Contact,
    template: Template,
    account: Account,
}

impl Operation for Apply<'_> {
    const NAME: &'static str = "apply";
    type Done = (Vec<u64>, Known);
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let mut counts = Vec::new();
        for step in self.steps {
            let known = self.known(tx).await?;
            counts.push(match step {
                Step::Template(update) => u64::try_from(notices::template(tx, update).await?.len()).unwrap(),
                Step::Preference(update) => notices::preference(tx, update).await?,
                Step::Account(update) => u64::from(notices::account(tx, update).await?.is_some()),
                Step::Answered(category) => {
                    let answer = Answered {
                        status: TemplateStatus::Pending,
                        reason: None,
                        check_at: None,
                        meta_id: None,
                        category: Some(*category),
                    };
                    let words = (known.template.body.as_str(), known.template.variables.as_slice());
                    templates::record_answer(tx, known.template.template_id, words, &answer).await?;
                    1
                }
                Step::OptOut => {
                    consent::opt_out(tx, known.contact.contact_id).await?;
                    1
                }
                Step::Connect => {
                    let account = Account { connected_at: at(100).unwrap(), ..known.account };
                    accounts::upsert(tx, &account).await?;
                    1
                }
            });
        }
        Ok((counts, self.known(tx).await?))
    }
}

impl Apply<'_> {
    async fn known(&self, tx: &TenantTx) -> Result<Known, StoreError> {
        Ok(Known {
            contact: contacts::list(tx, Uuid::max(), 1).await?.remove(0),
            template: templates::list(tx, Uuid::max(), 1).await?.remove(0),
            account: accounts::first(tx).await?.unwrap(),
        })
    }
}

async fn apply(store: &Store, tenant: TenantId, steps: &[Step]) -> (Vec<u64>, Known) {
    store.perform(&Act::of_system(tenant, noon()), &Apply { steps }).await.unwrap()
}

fn at(second: i64) -> Option<Timestamp> {
    noon().checked_add(SignedDuration::from_secs(second)).ok()
}

fn waba(world: &World) -> WabaId {
    WabaId(format!("w{}", world.tenant.0.simple()))
}

fn template(world: &World, decision: Decision, second: i64) -> Step {
    Step::Template(TemplateUpdate {
        waba_id: waba(world),
        template_id: Some("168".to_owned()),
        name: Some("welcome".to_owned()),
        language: Some("en_US".to_owned()),
        decision,
        at: at(second),
    })
}

fn status(world: &World, status: &str, second: i64) -> Step {
    template(world, Decision::Status(status.to_owned()), second)
}

fn preference(world: &World, wants_messages: bool, second: i64) -> Step {
    Step::Preference(PreferenceUpdate {
        phone_number_id: world.number.clone(),
        phone: PhoneNumber::from_stored("+15551234567".to_owned()),
        wants_messages,
        at: at(second),
    })
}

fn account(world: &World, is_closed: bool, second: i64) -> Step {
    let reason = "DISABLED_UPDATE".to_owned();
    Step::Account(AccountUpdate { waba_id: waba(world), is_closed, reason, at: at(second) })
}

#[tokio::test]
async fn a_template_has_the_latest_status_and_category() {
    let db = testkit::database().await;
    let world = world(&db.store, 0, Money::ZERO).await;
    let category = template(&world, Decision::Category(Category::Marketing), 1);
    let steps = [
        status(&world, "PAUSED", 20),
        status(&world, "APPROVED", 10),
        category,
        status(&world, "PAUSED", 20),
    ];
    let (counts, known) = apply(&db.store, world.tenant, &steps).await;
    assert_eq!(
        counts,
        [1, 0, 1, 0],
        "an older or a repeated status changes nothing; a category is independent"
    );
    assert_eq!(
        (known.template.status, known.template.category),
        (TemplateStatus::Paused, Category::Marketing)
    );
    let together =
        [status(&world, "PENDING", 30), status(&world, "APPROVED", 30), status(&world, "PENDING", 30)];
    let (counts, known) = apply(&db.store, world.tenant, &together).await;
    assert_eq!(counts, [1, 1, 0]);
    assert!(known.template.is_approved(), "in either order of the two of one second");
}

/// Every order of two or three of these, which all have the same time.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let pairs =
        (0..count).flat_map(|a| (0..count).map(move |b| vec![a, b])).filter(|pair| pair[0] != pair[1]);
    let pairs: Vec<Vec<usize>> = pairs.collect();
    let triples =
        pairs.iter().flat_map(|pair| [vec![pair[0], pair[1], (pair[1] + 1) % count]]).collect::<Vec<_>>();
    pairs.into_iter().chain(triples).collect()
}

#[tokio::test]
async fn of_notices_of_one_second_the_most_severe_counts_in_whichever_order_they_arrive() {
    let db = testkit::database().await;
    let w = world(&db.store, 0, Money::ZERO).await;
    let words: Vec<&str> = TemplateStatus::BY_SEVERITY[1..].iter().map(TemplateStatus::as_str).collect();
    for (number, order) in orders(words.len()).into_iter().enumerate() {
        let second = i64::try_from(number).unwrap();
        let steps: Vec<Step> = order.iter().map(|index| status(&w, words[*index], second)).collect();
        let most_severe = words[order.iter().copied().max().unwrap()];
        let (_, known) = apply(&db.store, w.tenant, &steps).await;
        assert_eq!(known.template.status.as_str(), most_severe, "{order:?}");
    }
    for (number, order) in orders(Category::ALL.len()).into_iter().enumerate() {
        let second = i64::try_from(number).unwrap();
        let category = |index: &usize| template(&w, Decision::Category(Category::ALL[*index]), second);
        let steps: Vec<Step> = order.iter().map(category).collect();
        let most_severe = Category::ALL[order.iter().copied().max().unwrap()];
        assert_eq!(apply(&db.store, w.tenant, &steps).await.1.template.category, most_severe, "{order:?}");
    }
    let closings = |index: usize, second: i64| match index {
        0 => account(&w, false, second),
        disabled_or_deleted => {
            let reason = ["DISABLED_UPDATE", "ACCOUNT_DELETED"][disabled_or_deleted - 1].to_owned();
            Step::Account(AccountUpdate { waba_id: waba(&w), is_closed: true, reason, at: at(second) })
        }
    };
    for (number, order) in orders(3).into_iter().enumerate() {
        let second = i64::try_from(number).unwrap() + 10;
        let steps: Vec<Step> = order.iter().map(|index| closings(*index, second)).collect();
        let expected = ["", "DISABLED_UPDATE", "ACCOUNT_DELETED"][order.iter().copied().max().unwrap()];
        let known = apply(&db.store, w.tenant, &steps).await.1;
        assert_eq!(
            known.account.paused_reason.unwrap(),
            format!("Meta closed the account: {expected}"),
            "{order:?}"
        );
    }
}

#[tokio::test]
async fn another_template_and_another_tenants_template_are_left_alone() {
    let db = testkit::database().await;
    let (mine, other) = (world(&db.store, 0, Money::ZERO).await, world(&db.store, 0, Money::ZERO).await);
    let Step::Template(mut update) = status(&mine, "PAUSED", 1) else { panic!() };
    update.name = Some("farewell".to_owned());
    let (counts, _) =
        apply(&db.store, mine.tenant, &[Step::Template(update), status(&other, "PAUSED", 1)]).await;
    assert_eq!(counts, [0, 0]);
    let (_, known) = apply(&db.store, other.tenant, &[]).await;
    assert!(known.template.is_approved());
}

#[tokio::test]
async fn a_person_stops_and_resumes_unless_the_tenant_opted_the_contact_out() {
    let db = testkit::database().await;
    let stopped = async |steps: &[Step], world: &World| {
        apply(&db.store, world.tenant, steps).await.1.contact.opt_out.is_some()
    };
    let w = world(&db.store, 0, Money::ZERO).await;
    assert!(stopped(&[preference(&w, false, 10)], &w).await);
    assert!(!stopped(&[preference(&w, true, 20)], &w).await);
    assert!(!stopped(&[preference(&w, false, 10)], &w).await, "a repeated older notice");
    assert!(
        stopped(&[preference(&w, false, 25), preference(&w, true, 25)], &w).await,
        "of two in one second the stricter one counts"
    );
    assert!(!stopped(&[preference(&w, true, 26)], &w).await);
    assert!(
        stopped(&[Step::OptOut, preference(&w, false, 30), preference(&w, true, 40)], &w).await,
        "the tenant opted the contact out"
    );
}

#[tokio::test]
async fn a_closed_account_sends_nothing_until_it_is_open_or_connected_again() {
    let db = testkit::database().await;
    let reason = async |steps: &[Step], world: &World| {
        apply(&db.store, world.tenant, steps).await.1.account.paused_reason
    };
    let w = world(&db.store, 0, Money::ZERO).await;
    let closed = Some("Meta closed the account: DISABLED_UPDATE".to_owned());
    assert_eq!(reason(&[account(&w, true, 10)], &w).await, closed);
    assert_eq!(reason(&[account(&w, false, 5)], &w).await, closed, "older");
    assert_eq!(reason(&[account(&w, false, 20), account(&w, true, 10)], &w).await, None);
    assert_eq!(reason(&[account(&w, true, 30), Step::Connect, account(&w, true, 40)], &w).await, None);
    assert_eq!(reason(&[account(&w, true, 110)], &w).await, closed);
}

#[tokio::test]
async fn the_category_in_metas_answer_counts_until_a_webhook_brings_another() {
    let db = testkit::database().await;
    let w = world(&db.store, 0, Money::ZERO).await;
    let category = async |steps: &[Step]| apply(&db.store, w.tenant, steps).await.1.template.category;
    assert_eq!(category(&[Step::Answered(Category::Marketing)]).await, Category::Marketing);
    let moved = template(&w, Decision::Category(Category::Utility), 10);
    assert_eq!(
        category(&[moved, Step::Answered(Category::Marketing)]).await,
        Category::Utility,
        "the webhook came before the answer"
    );
}
