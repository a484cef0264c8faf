//! A plan's limits bind, whoever races for the last place (I31).

use domain::contacts::Attributes;
use domain::tenants::usage::{LimitReached, Quantity};
use domain::updates::{Decision, TemplateUpdate};
use domain::{Act, Money, PhoneNumber, PhoneNumberId, Role, TemplateId, TemplateStatus};
use jiff::{SignedDuration, Timestamp};
use store::access::users::{self, NewUser};
use store::contacts::{self, NewContact};
use store::privacy::erasure;
use store::updates::notices;
use store::whatsapp::numbers::{self, Number};
use store::{Operation, StoreError, TenantTx, templates};
use testkit::TestDb;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::fixtures::{World, assert_audit_is_clean, noon, world};

pub const RACERS: usize = 40;
/// What the plan of these tests allows of each quantity; the world has one of each.
const ALLOWED: i64 = 8;

pub async fn allow(db: &TestDb, count: i64) {
    let sql = format!(
        "UPDATE plan_terms SET messages_per_month = {count}, contacts_max = {count}, templates_max = {count},
                phone_numbers_max = {count}, users_max = {count}"
    );
    db.execute(&sql).await;
}

pub async fn count(db: &TestDb, sql: &str) -> i64 {
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query_one(sql, &[]).await.unwrap().get(0)
}

pub fn act(world: &World, now: Timestamp) -> Act {
    Act::of_system(world.tenant, now)
}

/// Adds so many of a quantity in one transaction, none of which is there.
struct Add {
    quantity: Quantity,
    racer: usize,
    count: usize,
}

impl Operation for Add {
    const NAME: &'static str = "add";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let names = (0..self.count).map(|index| format!("{:03}{index:03}", self.racer));
        match self.quantity {
            Quantity::Contacts => {
                let phones = names.map(|name| PhoneNumber::from_stored(format!("+491515{name}")));
                let contact = |phone| NewContact { phone, name: None, attributes: Attributes::none() };
                let contacts: Vec<NewContact> = phones.map(contact).collect();
                contacts::import(tx, &contacts).await.map(drop)
            }
            Quantity::Templates => {
                let known = templates::list(tx, Uuid::max(), 1).await?.remove(0);
                for name in names {
                    let template_id = TemplateId::at(tx.now());
                    let template = templates::Template {
                        template_id,
                        name: format!("t{name}"),
                        status: TemplateStatus::Approved,
                        meta_template_id: None,
                        ..known.clone()
                    };
                    templates::insert(tx, &template).await?;
                }
                Ok(())
            }
            Quantity::PhoneNumbers => {
                let known = numbers::first(tx).await?.unwrap();
                let number =
                    |name| Number { phone_number_id: PhoneNumberId(format!("n{name}")), ..known.clone() };
                numbers::upsert(tx, &names.map(number).collect::<Vec<_>>()).await
            }
            Quantity::Users => {
                for name in names {
                    let (email, password_hash) = (format!("u{name}@acme.test"), None);
                    let user = NewUser { email, name: "Ann".to_owned(), role: Role::Viewer, password_hash };
                    users::insert(tx, &user).await?;
                }
                Ok(())
            }
            Quantity::Messages => unreachable!("claims count messages"),
        }
    }
}

const THINGS: [(Quantity, &str); 4] = [
    (Quantity::Contacts, "contacts"),
    (Quantity::Templates, "templates"),
    (Quantity::PhoneNumbers, "phone_numbers"),
    (Quantity::Users, "users"),
];

/// Forty add one each at the same time: how many did, and what the others were told.
async fn race(db: &TestDb, world: &World, quantity: Quantity) -> (i64, Vec<LimitReached>) {
    let store = db.another_store(RACERS);
    let mut racers = JoinSet::new();
    for racer in 0..RACERS {
        let (store, act) = (store.clone(), act(world, noon()));
        racers.spawn(async move { store.perform(&act, &Add { quantity, racer, count: 1 }).await });
    }
    let (mut added, mut refused) = (0, Vec::new());
    for outcome in racers.join_all().await {
        match outcome {
            Ok(()) => added += 1,
            Err(StoreError::Limit(reached)) => refused.push(*reached),
            Err(other) => panic!("{quantity}: {other:?}"),
        }
    }
    (added, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_racers_for_each_limit_fill_it_exactly() {
    for (quantity, table) in THINGS {
        let db = testkit::database().await;
        let world = world(&db.store, 0, Money::ZERO).await;
        allow(&db, ALLOWED).await;
        let (added, refused) = race(&db, &world, quantity).await;
        assert_eq!(added, ALLOWED - 1, "{quantity}: one was there");
        let plan = "Starter".to_owned();
        let expected = LimitReached { quantity, plan, used: ALLOWED, max: ALLOWED, asked: 1 };
        assert!(refused.iter().all(|reached| *reached == expected), "{refused:?}");
        assert_eq!(count(&db, &format!("SELECT count(*) FROM {table}")).await, ALLOWED, "{quantity}");
        assert_audit_is_clean(&db.store, false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_does_not_fit_whole_is_refused_whole_and_what_fits_beside_it_is_added() {
    for (quantity, table) in [(Quantity::Contacts, "contacts"), (Quantity::PhoneNumbers, "phone_numbers")] {
        let db = testkit::database().await;
        let world = world(&db.store, 0, Money::ZERO).await;
        allow(&db, ALLOWED).await;
        let many = Add { quantity, racer: 1, count: 8 };
        let refused = db.store.perform(&act(&world, noon()), &many).await.unwrap_err();
        let StoreError::Limit(reached) = refused else { panic!("{quantity}: {refused:?}") };
        assert_eq!(
            (reached.max - reached.used, count(&db, &format!("SELECT count(*) FROM {table}")).await),
            (7, 1)
        );
        db.store.perform(&act(&world, noon()), &Add { quantity, racer: 2, count: 7 }).await.unwrap();
        assert_eq!(count(&db, &format!("SELECT count(*) FROM {table}")).await, ALLOWED);
        assert_audit_is_clean(&db.store, false).await;
    }
}

#[tokio::test]
async fn a_smaller_plan_deletes_nothing_and_stops_growth() {
    for (quantity, table) in THINGS {
        let db = testkit::database().await;
        let world = world(&db.store, 0, Money::ZERO).await;
        allow(&db, ALLOWED).await;
        db.store.perform(&act(&world, noon()), &Add { quantity, racer: 1, count: 5 }).await.unwrap();
        allow(&db, 3).await;
        let refused =
            db.store.perform(&act(&world, noon()), &Add { quantity, racer: 2, count: 1 }).await.unwrap_err();
        let StoreError::Limit(reached) = refused else { panic!("{quantity}: {refused:?}") };
        assert_eq!((reached.used, reached.max), (6, 3));
        assert_eq!(count(&db, &format!("SELECT count(*) FROM {table}")).await, 6);
        // What is there already adds nothing, so it is not refused.
        if quantity == Quantity::Contacts || quantity == Quantity::PhoneNumbers {
            db.store.perform(&act(&world, noon()), &Add { quantity, racer: 1, count: 5 }).await.unwrap();
        }
    }
}

struct Erase;

impl Operation for Erase {
    const NAME: &'static str = "erase";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let contact = contacts::list(tx, Uuid::max(), 1).await?.remove(0).contact_id;
        erasure::lock(tx, contact).await?;
        erasure::erase(tx, contact).await.map(drop)
    }
}

/// Meta says this of the template of the world.
struct Notice(&'static str);

impl Operation for Notice {
    const NAME: &'static str = "notice";
    type Done = usize;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<usize, StoreError> {
        let template = templates::find_by_name(tx, "welcome", "en_US").await?.unwrap();
        let update = TemplateUpdate {
            waba_id: template.waba_id,
            template_id: Some("42".to_owned()),
            name: None,
            language: None,
            decision: Decision::Status(self.0.to_owned()),
            at: Some(tx.now()),
        };
        Ok(notices::template(tx, &update).await?.len())
    }
}

#[tokio::test]
async fn an_erased_contact_and_a_deleted_template_give_their_place_back_once() {
    let db = testkit::database().await;
    let world = world(&db.store, 0, Money::ZERO).await;
    allow(&db, 1).await;
    let add = async |quantity, racer| {
        db.store.perform(&act(&world, noon()), &Add { quantity, racer, count: 1 }).await
    };
    assert!(matches!(add(Quantity::Contacts, 1).await, Err(StoreError::Limit(_))));
    db.store.perform(&act(&world, noon()), &Erase).await.unwrap();
    add(Quantity::Contacts, 2).await.unwrap();
    assert!(matches!(add(Quantity::Contacts, 3).await, Err(StoreError::Limit(_))));

    db.execute("UPDATE templates SET meta_template_id = '42'").await;
    let say = async |second, status| {
        let now = noon() + SignedDuration::from_secs(second);
        db.store.perform(&act(&world, now), &Notice(status)).await.unwrap()
    };
    assert!(matches!(add(Quantity::Templates, 1).await, Err(StoreError::Limit(_))));
    assert_eq!([say(1, "DELETED").await, say(2, "DELETED").await], [1, 1]);
    add(Quantity::Templates, 2).await.unwrap();
    // Meta has the first one again: it is there, so it counts.
    assert_eq!(say(3, "APPROVED").await, 1);
    assert!(matches!(add(Quantity::Templates, 3).await, Err(StoreError::Limit(_))));
    assert_audit_is_clean(&db.store, false).await;
}
