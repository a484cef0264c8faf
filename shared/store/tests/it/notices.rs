//! Of two things that Meta said the later one counts, in whatever order they come and however often.

use domain::updates::{AccountUpdate, Decision, PreferenceUpdate, TemplateUpdate};
use domain::{Act, Category, Money, PhoneNumber, TenantId};
use jiff::{SignedDuration, Timestamp};
use store::contacts::Contact;
use store::templates::{Answered, Template};
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::{Operation, Store, StoreError, TenantTx, contacts, templates, updates::notices};
use uuid::Uuid;

use crate::fixtures::{World, noon, world};

enum Said {
    Template(TemplateUpdate),
    Preference(PreferenceUpdate),
    Account(AccountUpdate),
    /// What Meta answered to the offer of the template.
    Answered(Category),
    /// The tenant's own word, not Meta's.
    OptOut,
    Connect,
}

struct Hear<'a> {
    said: &'a [Said],
}

/// What there is afterwards.
struct Known {
    contact: Contact,
    template: Template,
    account: Account,
}

impl Operation for Hear<'_> {
    const NAME: &'static str = "hear";
    type Done = (Vec<u64>, Known);
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let mut counts = Vec::new();
        for said in self.said {
            let known = self.known(tx).await?;
            counts.push(match said {
                Said::Template(update) => u64::try_from(notices::template(tx, update).await?.len()).unwrap(),
                Said::Preference(update) => notices::preference(tx, update).await?,
                Said::Account(update) => u64::from(notices::account(tx, update).await?.is_some()),
                Said::Answered(category) => {
                    let said = Answered { status: "PENDING", meta_id: None, category: Some(*category) };
                    templates::settle(tx, known.template.template_id, said).await?;
                    1
                }
                Said::OptOut => {
                    contacts::opt_out(tx, known.contact.contact_id).await?;
                    1
                }
                Said::Connect => {
                    let account = Account { connected_at: at(100).unwrap(), ..known.account };
                    accounts::upsert(tx, &account).await?;
                    1
                }
            });
        }
        Ok((counts, self.known(tx).await?))
    }
}

impl Hear<'_> {
    async fn known(&self, tx: &TenantTx) -> Result<Known, StoreError> {
        Ok(Known {
            contact: contacts::list(tx, Uuid::max(), 1).await?.remove(0),
            template: templates::list(tx, Uuid::max(), 1).await?.remove(0),
            account: accounts::first(tx).await?.unwrap(),
        })
    }
}

async fn hear(store: &Store, tenant: TenantId, said: &[Said]) -> (Vec<u64>, Known) {
    store.perform(&Act::of_system(tenant, noon()), &Hear { said }).await.unwrap()
}

fn at(second: i64) -> Option<Timestamp> {
    noon().checked_add(SignedDuration::from_secs(second)).ok()
}

fn waba(world: &World) -> String {
    format!("w{}", world.tenant.0.simple())
}

fn template(world: &World, decision: Decision, second: i64) -> Said {
    Said::Template(TemplateUpdate {
        waba_id: waba(world),
        template_id: Some("168".to_owned()),
        name: Some("welcome".to_owned()),
        language: Some("en_US".to_owned()),
        decision,
        at: at(second),
    })
}

fn status(world: &World, status: &str, second: i64) -> Said {
    template(world, Decision::Status(status.to_owned()), second)
}

fn wish(world: &World, wants_messages: bool, second: i64) -> Said {
    Said::Preference(PreferenceUpdate {
        phone_number_id: world.number.clone(),
        phone: PhoneNumber::from_stored("+15551234567".to_owned()),
        wants_messages,
        at: at(second),
    })
}

fn account(world: &World, is_closed: bool, second: i64) -> Said {
    let reason = "DISABLED_UPDATE".to_owned();
    Said::Account(AccountUpdate { waba_id: waba(world), is_closed, reason, at: at(second) })
}

#[tokio::test]
async fn a_template_has_the_status_and_the_category_that_were_said_last() {
    let db = testkit::database().await;
    let world = world(&db.store, 0, Money::ZERO).await;
    let category = template(&world, Decision::Category(Category::Marketing), 1);
    let said = [
        status(&world, "PAUSED", 20),
        status(&world, "APPROVED", 10),
        category,
        status(&world, "PAUSED", 20),
    ];
    let (counts, known) = hear(&db.store, world.tenant, &said).await;
    assert_eq!(counts, [1, 0, 1, 0], "neither the older one nor the same again, and a category is no status");
    assert_eq!((known.template.status.as_str(), known.template.category), ("PAUSED", Category::Marketing));
    let together =
        [status(&world, "PENDING", 30), status(&world, "APPROVED", 30), status(&world, "PENDING", 30)];
    let (counts, known) = hear(&db.store, world.tenant, &together).await;
    assert_eq!(counts, [1, 1, 0]);
    assert!(known.template.is_approved(), "in whatever order the two of one second came");
}

#[tokio::test]
async fn another_template_and_another_tenants_template_are_left_alone() {
    let db = testkit::database().await;
    let (mine, other) = (world(&db.store, 0, Money::ZERO).await, world(&db.store, 0, Money::ZERO).await);
    let Said::Template(mut update) = status(&mine, "PAUSED", 1) else { panic!() };
    update.name = Some("farewell".to_owned());
    let (counts, _) =
        hear(&db.store, mine.tenant, &[Said::Template(update), status(&other, "PAUSED", 1)]).await;
    assert_eq!(counts, [0, 0]);
    let (_, known) = hear(&db.store, other.tenant, &[]).await;
    assert!(known.template.is_approved());
}

#[tokio::test]
async fn a_person_stops_and_resumes_and_the_tenants_own_word_stands() {
    let db = testkit::database().await;
    let stopped = async |said: &[Said], world: &World| {
        hear(&db.store, world.tenant, said).await.1.contact.opted_out_at.is_some()
    };
    let w = world(&db.store, 0, Money::ZERO).await;
    assert!(stopped(&[wish(&w, false, 10)], &w).await);
    assert!(!stopped(&[wish(&w, true, 20)], &w).await);
    assert!(!stopped(&[wish(&w, false, 10)], &w).await, "told again, late");
    assert!(stopped(&[wish(&w, false, 25), wish(&w, true, 25)], &w).await, "in doubt there is silence");
    assert!(!stopped(&[wish(&w, true, 26)], &w).await);
    assert!(
        stopped(&[Said::OptOut, wish(&w, false, 30), wish(&w, true, 40)], &w).await,
        "the tenant said so"
    );
}

#[tokio::test]
async fn a_closed_account_sends_nothing_until_it_is_open_or_connected_again() {
    let db = testkit::database().await;
    let reason = async |said: &[Said], world: &World| {
        hear(&db.store, world.tenant, said).await.1.account.paused_reason
    };
    let w = world(&db.store, 0, Money::ZERO).await;
    let closed = Some("Meta closed the account: DISABLED_UPDATE".to_owned());
    assert_eq!(reason(&[account(&w, true, 10)], &w).await, closed);
    assert_eq!(reason(&[account(&w, false, 5)], &w).await, closed, "older");
    assert_eq!(reason(&[account(&w, false, 20), account(&w, true, 10)], &w).await, None);
    assert_eq!(reason(&[account(&w, true, 30), Said::Connect, account(&w, true, 40)], &w).await, None);
    assert_eq!(reason(&[account(&w, true, 110)], &w).await, closed);
}

#[tokio::test]
async fn the_category_that_meta_answers_counts_until_a_webhook_says_another() {
    let db = testkit::database().await;
    let w = world(&db.store, 0, Money::ZERO).await;
    let category = async |said: &[Said]| hear(&db.store, w.tenant, said).await.1.template.category;
    assert_eq!(category(&[Said::Answered(Category::Marketing)]).await, Category::Marketing);
    let moved = template(&w, Decision::Category(Category::Utility), 10);
    assert_eq!(category(&[moved, Said::Answered(Category::Marketing)]).await, Category::Utility, "overtaken");
}
