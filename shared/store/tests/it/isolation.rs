//! Two tenants on one database: neither can see, reference or change rows of the other.

use domain::{Act, ContactId, MessageId, Money, SystemAct};
use store::billing::wallet;
use store::messages::{self, NewMessage};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx, contacts};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::fixtures::{World, assert_audit_is_clean, noon, world};

struct FindRows {
    message: MessageId,
}

impl Operation for FindRows {
    const NAME: &'static str = "find_rows";
    type Done = (bool, Option<Money>, usize);
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let message = messages::find(tx, self.message).await?;
        let balance = wallet::balance(tx).await?;
        let contacts = contacts::list(tx, uuid::Uuid::max(), 100).await?;
        Ok((message.is_some(), balance, contacts.len()))
    }
}

#[tokio::test]
async fn a_tenant_finds_its_own_rows_and_no_others() {
    let db = testkit::database().await;
    let mine = world(&db.store, 1, Money::from_micros(5)).await;
    let theirs = world(&db.store, 1, Money::from_micros(7)).await;
    let find = FindRows { message: mine.messages[0] };
    assert_eq!(
        db.store.perform(&Act::of_system(mine.tenant, noon()), &find).await.unwrap(),
        (true, Some(Money::from_micros(5)), 1)
    );
    assert_eq!(
        db.store.perform(&Act::of_system(theirs.tenant, noon()), &find).await.unwrap(),
        (false, Some(Money::from_micros(7)), 1)
    );
    assert_audit_is_clean(&db.store, false).await;
}

struct ReferenceAcross {
    from: World,
    contact: ContactId,
    template: domain::TemplateId,
}

impl SystemOperation for ReferenceAcross {
    const NAME: &'static str = "reference_across";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        let message = NewMessage {
            message_id: MessageId::at(noon()),
            contact_id: self.contact,
            content: domain::messages::Content::Template {
                template_id: self.template,
                category: domain::Category::Utility,
                variables: vec![],
            },
            phone_number_id: self.from.number.clone(),
            to: domain::messages::Recipient::Phone(domain::PhoneNumber::from_stored(
                "+15551234567".to_owned(),
            )),
            market: "North America",
            source: domain::messages::Source::Api,
            due_at: noon(),
            not_after: None,
        };
        messages::accept(&tx.as_tenant(self.from.tenant), &message).await
    }
}

struct ContactAndTemplate;

impl Operation for ContactAndTemplate {
    const NAME: &'static str = "contact_and_template";
    type Done = (ContactId, domain::TemplateId);
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let contacts = contacts::list(tx, uuid::Uuid::max(), 1).await?;
        let templates = store::templates::list(tx, uuid::Uuid::max(), 1).await?;
        Ok((contacts[0].contact_id, templates[0].template_id))
    }
}

#[tokio::test]
async fn a_row_of_one_tenant_cannot_reference_a_row_of_another() {
    let db = testkit::database().await;
    let mine = world(&db.store, 0, Money::ZERO).await;
    let theirs = world(&db.store, 0, Money::ZERO).await;
    let (contact, template) =
        db.store.perform(&Act::of_system(theirs.tenant, noon()), &ContactAndTemplate).await.unwrap();
    let across = ReferenceAcross { from: mine.clone(), contact, template };
    // The system role sees both tenants, so only the composite foreign keys refuse this.
    let refused = db.store.perform_system(&SystemAct::at(noon()), &across).await.unwrap_err();
    assert!(matches!(refused, StoreError::Constraint(_)), "{refused:?}");
}

#[tokio::test]
async fn a_transaction_without_a_tenant_sees_nothing_and_the_ledger_cannot_be_changed() {
    let db = testkit::database().await;
    let other = world(&db.store, 0, Money::ZERO).await;
    let world = world(&db.store, 1, Money::from_micros(5)).await;
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("SET ROLE tidings_app").await.unwrap();
    let count = |row: tokio_postgres::Row| row.get::<_, i64>(0);
    assert_eq!(count(client.query_one("SELECT count(*) FROM wallets", &[]).await.unwrap()), 0);
    // A connection that served the tenant before, in an earlier transaction.
    let served = format!("BEGIN; SELECT set_config('app.tenant', '{}', true); COMMIT", world.tenant);
    client.batch_execute(&served).await.unwrap();
    assert_eq!(count(client.query_one("SELECT count(*) FROM wallets", &[]).await.unwrap()), 0);
    // When row-level security and the predicate name different tenants, no row passes both.
    client
        .batch_execute(&format!("BEGIN; SELECT set_config('app.tenant', '{}', true)", world.tenant))
        .await
        .unwrap();
    for (tenant, rows) in [(world.tenant, 1), (other.tenant, 0)] {
        let sql = "SELECT count(*) FROM wallets WHERE tenant_id = $1";
        assert_eq!(count(client.query_one(sql, &[&tenant.0]).await.unwrap()), rows);
    }
    client.batch_execute("COMMIT").await.unwrap();
    for change in ["UPDATE ledger SET amount = 1", "DELETE FROM ledger", "TRUNCATE ledger"] {
        let refused = client.batch_execute(change).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{change}");
    }
    drop(client);
    driver.await.unwrap().unwrap();
}
