//! A database of the version before, with a row in every table, after the newest migration; and what the code of the version
//! before goes on doing to it until every process is replaced.

use domain::{ClaimId, MessageId, SystemAct};
use jiff::{SignedDuration, Timestamp};
use store::operators::audit;
use store::{StoreError, SystemOperation, SystemTx, migrate};
use testkit::TestDb;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Transaction};
use uuid::Uuid;

use crate::fixtures::noon;

const ROWS: &str = include_str!("upgrade/rows_before_v9.sql");
const STATEMENTS: &str = include_str!("upgrade/statements_before_v9.sql");
const LAST_BEFORE: i32 = 8;
const TENANT: &str = "00000000-0000-7000-8000-0000000000a1";

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

async fn connect(db: &TestDb) -> Client {
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A database with the schema and rows of the version before.
async fn of_the_version_before() -> (TestDb, Client) {
    let db = testkit::database().await;
    let mut client = connect(&db).await;
    client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
    let target = refinery::Target::Version(LAST_BEFORE);
    embedded::migrations::runner().set_target(target).run_async(&mut client).await.unwrap();
    client.batch_execute(ROWS).await.unwrap();
    (db, client)
}

async fn upgraded() -> (TestDb, Client) {
    let (db, client) = of_the_version_before().await;
    let migrated = migrate::migrate(&db.url().into()).await.unwrap();
    assert_eq!(migrated.applied[..2], ["V9__foundations", "V10__queues_and_outbox"]);
    (db, client)
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

struct Audit;

impl SystemOperation for Audit {
    const NAME: &'static str = "audit";
    type Done = Vec<audit::Finding>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        audit::findings(tx, false).await
    }
}

async fn assert_clean(db: &TestDb) {
    let findings = db.store.perform_system(&SystemAct::at(noon()), &Audit).await.unwrap();
    let broken: Vec<_> = findings.iter().filter(|finding| finding.violations != 0).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn a_database_with_rows_in_every_table_migrates_and_passes_the_audit() {
    let (db, client) = of_the_version_before().await;
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'refinery_schema_history'";
    for row in client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        assert!(count(&client, &format!("SELECT count(*) FROM {table}")).await > 0, "{table} has no row");
    }
    let ledger = db.contents().await.remove("ledger");
    migrate::migrate(&db.url().into()).await.unwrap();
    assert_eq!(db.contents().await.remove("ledger"), ledger, "not an entry is touched");
    let holds = client.query("SELECT kind, detail FROM holds ORDER BY kind", &[]).await.unwrap();
    let holds: Vec<(String, String)> = holds.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        holds,
        [
            ("ACCOUNT".to_owned(), "190 the token is dead".to_owned()),
            ("TEMPLATE".to_owned(), "PAUSED".to_owned()),
            ("TENANT".to_owned(), "the tenant is suspended".to_owned()),
        ]
    );
    assert_eq!(
        count(&client, "SELECT count(*) FROM contact_addresses WHERE value = '+15551234567'").await,
        1
    );
    for (quantity, table) in [
        ("CONTACTS", "contacts"),
        ("TEMPLATES", "templates"),
        ("PHONE_NUMBERS", "phone_numbers"),
        ("USERS", "users"),
    ] {
        let used =
            format!("SELECT sum(used)::bigint FROM usage WHERE quantity = '{quantity}' AND NOT is_exact");
        let rows = format!("SELECT count(*) FROM {table}");
        assert_eq!(count(&client, &used).await, count(&client, &rows).await, "{quantity} are counted");
    }
    assert_clean(&db).await;
}

#[tokio::test]
async fn an_adjustment_that_was_booked_by_sql_has_a_request_of_one_person_after_the_migration() {
    let (db, client) = of_the_version_before().await;
    let booked = format!(
        "WITH wallet AS (
             UPDATE wallets SET balance = balance + 500000000, seq = seq + 1 WHERE tenant_id = '{TENANT}' RETURNING balance, seq)
         INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, note, booked_by, recorded_at)
         SELECT '{TENANT}', seq, 'ADJUSTMENT', 500000000, balance, 'a correction', '{TENANT}', '2026-05-01Z' FROM wallet"
    );
    client.batch_execute(&booked).await.unwrap();
    migrate::migrate(&db.url().into()).await.unwrap();
    assert_clean(&db).await;
    let row = client
        .query_one(
            "SELECT state, amount, approval_over, substr(adjustment_id::text, 1, 13) FROM adjustments",
            &[],
        )
        .await
        .unwrap();
    let found: (&str, i64, i64, &str) = (row.get(0), row.get(1), row.get(2), row.get(3));
    // Its id is of its time, so that the list is in order.
    assert_eq!(found, ("BOOKED", 500_000_000, 500_000_000, "019de0d5-c800"));
}

/// The statements of the version before, by the names that they sign themselves with.
fn statement(name: &str) -> &'static str {
    let signature = format!("-- {name}\n");
    let start = STATEMENTS.find(&signature).unwrap();
    let end = STATEMENTS[start..].find("\n\n").map_or(STATEMENTS.len(), |length| start + length);
    &STATEMENTS[start..end]
}

#[tokio::test]
async fn every_statement_of_the_version_before_is_understood_after_the_migration() {
    let (_db, client) = upgraded().await;
    let statements: Vec<&str> = STATEMENTS.trim().split("\n\n").collect();
    assert!(statements.len() > 100);
    for sql in statements {
        if let Err(error) = client.prepare(sql).await {
            panic!("{}: {}", sql.lines().next().unwrap(), error.as_db_error().unwrap());
        }
    }
}

/// One message of the tenant, and what its statements are given.
struct Life {
    tenant: Uuid,
    message: Uuid,
    claim: Uuid,
    now: Timestamp,
    later: Timestamp,
}

impl Life {
    fn new() -> Self {
        let now = noon();
        let (message, claim) = (MessageId::at(now).0, ClaimId::at(now).0);
        let later = now + SignedDuration::from_mins(1);
        Self { tenant: TENANT.parse().unwrap(), message, claim, now, later }
    }

    async fn accept(&self, tx: &Transaction<'_>) {
        let Self { tenant, message, now, .. } = self;
        let (new, phones, names) = (vec![Uuid::from_u128(5)], vec!["+15557654321"], vec![Some("Eve")]);
        let attributes = vec![serde_json::json!({})];
        let imported = tx
            .execute(statement("contacts::import"), &[tenant, &new, &phones, &names, &attributes, now])
            .await
            .unwrap();
        assert_eq!(imported, 1);
        let (contact, template) = (tenant.as_u128() + 0x20, tenant.as_u128() + 0x30);
        let (contact, template) = (Uuid::from_u128(contact), Uuid::from_u128(template));
        let (phone, market, category, variables) = ("+15551234567", "North America", "UTILITY", vec!["Bob"]);
        let values: [&(dyn ToSql + Sync); 14] = [
            tenant,
            message,
            &contact,
            &template,
            &"p1",
            &phone,
            &market,
            &category,
            &variables,
            now,
            now,
            &1_i16,
            now,
            &None::<String>,
        ];
        assert_eq!(tx.execute(statement("messages::accept"), &values).await.unwrap(), 1);
    }

    async fn claim(&self, tx: &Transaction<'_>) {
        let Self { tenant, message, claim, now, later } = self;
        tx.query(statement("claims::lock_wallet"), &[tenant]).await.unwrap();
        let claimed =
            tx.query(statement("claims::claim"), &[tenant, &"p1", now, &10_i64, claim, later]).await.unwrap();
        let verdicts: Vec<&str> = claimed.iter().map(|row| row.get("verdict")).collect();
        assert_eq!(verdicts, ["RESERVED", "RESERVED"], "the one that waited, and the new one");
        let attempts = (vec![*message], vec![Uuid::from_u128(9)]);
        let values: [&(dyn ToSql + Sync); 6] = [tenant, &attempts.0, &attempts.1, claim, later, now];
        assert_eq!(tx.query(statement("sending::mark_intent"), &values).await.unwrap().len(), 1);
    }

    async fn refund(&self, tx: &Transaction<'_>) {
        let (tenant, now, messages) = (&self.tenant, &self.now, vec![self.message]);
        let (states, evidence, refunds) = (vec!["REJECTED"], vec![0_i16], vec![true]);
        let (wamids, codes, texts) =
            (vec![None::<&str>], vec![Some(131_026_i32)], vec![Some("undeliverable")]);
        let values: [&(dyn ToSql + Sync); 9] =
            [tenant, &messages, &states, &evidence, &refunds, &wamids, &codes, &texts, now];
        assert_eq!(tx.execute(statement("sending::apply"), &values).await.unwrap(), 1);
        tx.execute(statement("ledger::promise"), &[tenant, &messages, &"rejected", now]).await.unwrap();
        let refunded = tx.query(statement("ledger::refund"), &[tenant, &messages, now]).await.unwrap();
        assert_eq!(refunded[0].get::<_, i64>("entries"), 1);
    }
}

#[tokio::test]
async fn code_of_the_version_before_takes_a_message_from_its_acceptance_to_its_refund_after_the_migration() {
    let (db, mut client) = upgraded().await;
    let tx = client.transaction().await.unwrap();
    let role = format!("SET LOCAL ROLE tidings_app; SELECT set_config('app.tenant', '{TENANT}', true)");
    tx.batch_execute(&role).await.unwrap();
    let life = Life::new();
    life.accept(&tx).await;
    life.claim(&tx).await;
    life.refund(&tx).await;
    tx.commit().await.unwrap();
    assert_eq!(
        count(&client, "SELECT count(*) FROM contact_addresses").await,
        2,
        "the new contact's phone too"
    );
    assert_clean(&db).await;
}
