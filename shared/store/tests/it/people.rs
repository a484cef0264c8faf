//! One person is one contact, in whichever spelling a number comes, and what the person wants is what is sent.

use domain::contacts::{Attributes, OptOutScope};
use domain::updates::PreferenceUpdate;
use domain::{Act, AttemptId, Category, ClaimId, MessageId, Money, PhoneNumber, TenantId};
use jiff::{SignedDuration, Timestamp};
use store::contacts::{self, Contact, NewContact, consent};
use store::delivery::attempts::{self, Marked};
use store::delivery::claims::{self, ClaimRequest};
use store::updates::notices;
use store::{Operation, Store, StoreError, TenantTx};
use testkit::TestDb;
use uuid::Uuid;

use crate::claims::try_to_claim;
use crate::fixtures::{World, assert_audit_is_clean, noon, world};

fn phone(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).unwrap()
}

struct Import(Vec<NewContact>);

impl Import {
    fn of(phones: &[&str]) -> Self {
        let contact = |e164: &&str| NewContact {
            phone: phone(e164),
            name: Some((*e164).to_owned()),
            attributes: Attributes::none(),
        };
        Self(phones.iter().map(contact).collect())
    }
}

impl Operation for Import {
    const NAME: &'static str = "import";
    type Done = u64;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<u64, StoreError> {
        contacts::import(tx, &self.0).await
    }
}

struct List;

impl Operation for List {
    const NAME: &'static str = "list";
    type Done = Vec<Contact>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<Contact>, StoreError> {
        contacts::list(tx, Uuid::max(), 1_000).await
    }
}

struct Prefer(PreferenceUpdate);

impl Operation for Prefer {
    const NAME: &'static str = "prefer";
    type Done = u64;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<u64, StoreError> {
        notices::preference(tx, &self.0).await
    }
}

fn preference(world: &World, spelling: &str, wants_messages: bool, second: i64) -> Prefer {
    Prefer(PreferenceUpdate {
        phone_number_id: world.number.clone(),
        phone: PhoneNumber::from_stored(spelling.to_owned()),
        wants_messages,
        at: Some(noon() + SignedDuration::from_secs(second)),
    })
}

async fn perform<O: Operation<Error = StoreError>>(db: &TestDb, tenant: TenantId, operation: &O) -> O::Done {
    in_store(&db.store, tenant, operation).await
}

async fn in_store<O: Operation<Error = StoreError>>(
    store: &Store,
    tenant: TenantId,
    operation: &O,
) -> O::Done {
    store.perform(&Act::of_system(tenant, noon()), operation).await.unwrap()
}

async fn scope_of(db: &TestDb, world: &World, e164: &str) -> Option<OptOutScope> {
    let listed = perform(db, world.tenant, &List).await;
    let contact = listed.iter().find(|contact| contact.phone.as_str() == e164).unwrap();
    contact.opt_out.map(|opt_out| opt_out.scope)
}

#[tokio::test]
async fn two_spellings_of_one_number_make_one_contact_with_the_number_as_it_came_first() {
    let db = testkit::database().await;
    let w = world(&db.store, 0, Money::ZERO).await;
    let together = Import::of(&["+551187650001", "+5511987650001", "+551133330000", "+5511933330000"]);
    assert_eq!(perform(&db, w.tenant, &together).await, 3, "a landline and a newer mobile are two people");
    let apart = ["+5511987650001", "+551187650001", "+551133330000"];
    assert_eq!(perform(&db, w.tenant, &Import::of(&apart)).await, 0);
    assert_eq!(perform(&db, w.tenant, &Import::of(&["+2290197000000"])).await, 1);
    assert_eq!(perform(&db, w.tenant, &Import::of(&["+22997000000"])).await, 0);
    let listed = perform(&db, w.tenant, &List).await;
    let mut phones: Vec<&str> = listed.iter().map(|contact| contact.phone.as_str()).collect();
    phones.sort_unstable();
    let expected = ["+15551234567", "+2290197000000", "+551133330000", "+551187650001", "+5511933330000"];
    assert_eq!(phones, expected);
    // As the version before wrote it.
    db.execute("UPDATE contacts SET identity = NULL").await;
    assert_eq!(perform(&db, w.tenant, &Import::of(&["+5511987650001", "+22997000000"])).await, 0);
}

#[tokio::test]
async fn two_imports_at_one_time_of_two_spellings_make_one_contact_for_each_person() {
    const PEOPLE: u32 = 200;
    let db = testkit::database().await;
    let w = world(&db.store, 0, Money::ZERO).await;
    let older: Vec<String> = (0..PEOPLE).map(|person| format!("+55118765{person:04}")).collect();
    let mut newer: Vec<String> = (0..PEOPLE).map(|person| format!("+551198765{person:04}")).collect();
    newer.reverse();
    let older = Import::of(&older.iter().map(String::as_str).collect::<Vec<_>>());
    let newer = Import::of(&newer.iter().map(String::as_str).collect::<Vec<_>>());
    let other = db.another_store(2);
    let (first, second) = tokio::join!(perform(&db, w.tenant, &older), in_store(&other, w.tenant, &newer));
    assert_eq!(first + second, u64::from(PEOPLE));
    assert_eq!(perform(&db, w.tenant, &List).await.len(), usize::try_from(PEOPLE).unwrap() + 1);
}

#[tokio::test]
async fn what_meta_says_of_one_spelling_reaches_the_contact_stored_in_another() {
    let db = testkit::database().await;
    let w = world(&db.store, 0, Money::ZERO).await;
    for (stored, said) in [
        ("+5511987660002", "+551187660002"),
        ("+551187660003", "+5511987660003"),
        ("+525512345678", "+5215512345678"),
        ("+5491123456789", "+541123456789"),
        ("+22997000000", "+2290197000000"),
        ("+2250708060709", "+22508060709"),
    ] {
        assert_eq!(perform(&db, w.tenant, &Import::of(&[stored])).await, 1, "{stored}");
        assert_eq!(perform(&db, w.tenant, &preference(&w, said, false, 10)).await, 1, "{said}");
        assert_eq!(scope_of(&db, &w, stored).await, Some(OptOutScope::Marketing), "{stored}");
        assert_eq!(perform(&db, w.tenant, &preference(&w, said, true, 20)).await, 1, "{said}");
        assert_eq!(scope_of(&db, &w, stored).await, None, "{stored}");
    }
    let landline = preference(&w, "+551187660002", false, 30);
    perform(&db, w.tenant, &Import::of(&["+551147660002"])).await;
    perform(&db, w.tenant, &landline).await;
    assert_eq!(scope_of(&db, &w, "+551147660002").await, None);
}

struct AddAddress(MessageId, PhoneNumber);

impl Operation for AddAddress {
    const NAME: &'static str = "add_address";
    type Done = u64;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<u64, StoreError> {
        contacts::add_addresses(tx, &[(self.0, &self.1)]).await
    }
}

#[tokio::test]
async fn the_number_that_meta_answers_a_send_with_is_the_contacts_from_then_on() {
    let db = testkit::database().await;
    let w = world(&db.store, 1, Money::ZERO).await;
    let said = AddAddress(w.messages[0], phone("+15550100019"));
    assert_eq!((perform(&db, w.tenant, &said).await, perform(&db, w.tenant, &said).await), (1, 0));
    assert_eq!(perform(&db, w.tenant, &preference(&w, "+15550100019", false, 10)).await, 1);
    assert_eq!(scope_of(&db, &w, "+15551234567").await, Some(OptOutScope::Marketing));
    assert_eq!(perform(&db, w.tenant, &Import::of(&["+15550100019"])).await, 0, "it is known");

    perform(&db, w.tenant, &Import::of(&["+15550100020"])).await;
    let taken = AddAddress(w.messages[0], phone("+15550100020"));
    assert_eq!(perform(&db, w.tenant, &taken).await, 0, "another contact's number stays its own");
}

/// Claims a message, lets its contact opt out, and asks once more before it is sent.
struct LastCheck<'a>(&'a World, Option<OptOutScope>);

impl Operation for LastCheck<'_> {
    const NAME: &'static str = "last_check";
    type Done = Marked;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Marked, StoreError> {
        let lease_until = noon() + SignedDuration::from_mins(1);
        let claim_id = ClaimId::at(noon());
        let number = self.0.number.clone();
        let request = ClaimRequest { number, claim_id, limit: 1, lease_until, before: None };
        let claimed = claims::claim(tx, &request).await?;
        if let Some(scope) = self.1 {
            OptOut(scope).run(tx).await?;
        }
        let attempts: Vec<(MessageId, AttemptId)> =
            claimed.funded.iter().map(|message| (message.message_id, AttemptId::random())).collect();
        attempts::mark_intent(tx, claim_id, &attempts, lease_until).await
    }
}

struct OptOut(OptOutScope);

impl Operation for OptOut {
    const NAME: &'static str = "opt_out";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let contact = contacts::list(tx, Uuid::max(), 1).await?.remove(0).contact_id;
        match self.0 {
            OptOutScope::All => consent::opt_out(tx, contact).await,
            OptOutScope::Marketing => consent::stop(tx, &[(contact, Some(noon()))]).await.map(drop),
        }
    }
}

#[tokio::test]
async fn the_claim_and_the_last_check_before_a_send_stop_what_an_opt_out_covers_and_nothing_else() {
    let db = testkit::database().await;
    for scope in OptOutScope::ALL {
        for category in Category::ALL {
            let case = format!("{scope} {category}");
            let is_sent = !scope.covers(category);
            let (w, late) = (world(&db.store, 1, money()).await, world(&db.store, 1, money()).await);
            // A message has the category of its template as that is now.
            db.execute(&format!("UPDATE templates SET category = '{category}'")).await;
            perform(&db, w.tenant, &OptOut(scope)).await;
            let claim = try_to_claim(&db.store, &w, 1).await.unwrap();
            assert_eq!(
                (claim.funded.len(), claim.forbidden),
                (usize::from(is_sent), usize::from(!is_sent)),
                "{case}"
            );
            let marked = perform(&db, late.tenant, &LastCheck(&late, Some(scope))).await;
            assert_eq!(
                (marked.sending.len(), marked.withdrawn.len()),
                (usize::from(is_sent), usize::from(!is_sent)),
                "{case}"
            );
            let free = world(&db.store, 1, money()).await;
            assert_eq!(perform(&db, free.tenant, &LastCheck(&free, None)).await.sending.len(), 1, "{case}");
        }
    }
    assert_audit_is_clean(&db.store, false).await;
}

fn money() -> Money {
    Money::from_micros(1_000_000)
}

struct Steps(Vec<Step>);

#[derive(Clone, Copy)]
enum Step {
    OptOut,
    Stop(Timestamp),
    Resume(Timestamp),
}

impl Operation for Steps {
    const NAME: &'static str = "steps";
    type Done = Option<OptOutScope>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let contact = contacts::list(tx, Uuid::max(), 1).await?.remove(0).contact_id;
        for step in &self.0 {
            match *step {
                Step::OptOut => consent::opt_out(tx, contact).await?,
                // Twice in one call, in no order: the later one counts.
                Step::Stop(at) => {
                    let stops = [(contact, Some(at)), (contact, Some(at - SignedDuration::from_secs(1)))];
                    consent::stop(tx, &stops).await?;
                }
                Step::Resume(at) => {
                    consent::resume(tx, &[contact], Some(at)).await?;
                }
            }
        }
        let contact = contacts::find(tx, contact).await?.unwrap();
        Ok(contact.opt_out.map(|opt_out| opt_out.scope))
    }
}

#[tokio::test]
async fn a_person_takes_back_their_own_stop_and_never_the_tenants_opt_out() {
    let db = testkit::database().await;
    let at = |second: i64| noon() + SignedDuration::from_secs(second);
    let (all, marketing) = (Some(OptOutScope::All), Some(OptOutScope::Marketing));
    for (what, steps, expected) in [
        ("a stop", vec![Step::Stop(at(10))], marketing),
        ("a later resume", vec![Step::Stop(at(10)), Step::Resume(at(11))], None),
        ("an earlier resume", vec![Step::Stop(at(10)), Step::Resume(at(9))], marketing),
        (
            "a resume of one time",
            vec![Step::Resume(at(10)), Step::Stop(at(10)), Step::Resume(at(10))],
            marketing,
        ),
        ("an old stop", vec![Step::Resume(at(10)), Step::Stop(at(9))], None),
        ("the tenant's opt-out", vec![Step::OptOut, Step::Resume(at(10))], all),
        ("a stop before it", vec![Step::Stop(at(9)), Step::OptOut, Step::Resume(at(10))], all),
        ("a stop after it", vec![Step::OptOut, Step::Stop(at(9)), Step::Resume(at(10))], all),
    ] {
        let w = world(&db.store, 0, Money::ZERO).await;
        assert_eq!(perform(&db, w.tenant, &Steps(steps)).await, expected, "{what}");
    }
}
