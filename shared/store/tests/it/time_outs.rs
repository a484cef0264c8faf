//! The time-outs of the app's role. Each test sets short ones on its own database.

use std::sync::Arc;
use std::time::Duration;

use domain::{Act, Money, with_causes};
use store::billing::wallet;
use store::testing::databases::session;
use store::{Config, Operation, Store, StoreError, TenantTx};
use testkit::TestDb;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

use crate::claims::try_to_claim;
use crate::fixtures::{PRICE, noon, world};

/// Logged in as the app, like the functions.
fn as_the_app(db: &TestDb) -> Store {
    let url = db.url().replacen("//postgres@", "//tidings_app@", 1);
    let access = url.as_str().into();
    Store::new(&Config { access, connections_max: 2, wait: Duration::from_secs(20) }).unwrap()
}

async fn set(db: &TestDb, setting: &str, value: &str) {
    let sql = "EXECUTE format('ALTER ROLE tidings_app IN DATABASE %I SET";
    db.execute(&format!("DO $$ BEGIN {sql} {setting} = ''{value}''', current_database()); END $$")).await;
}

async fn superuser(db: &TestDb) -> (Client, JoinHandle<()>) {
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    (client, tokio::spawn(async move { connection.await.unwrap() }))
}

#[tokio::test]
async fn the_app_has_its_time_outs_from_login_on() {
    let db = testkit::database().await;
    let (client, driver) = superuser(&db).await;
    let sql = "SELECT rolconfig FROM pg_roles WHERE rolname = 'tidings_app'";
    let mut settings: Vec<String> = client.query_one(sql, &[]).await.unwrap().get(0);
    settings.sort_unstable();
    assert_eq!(
        settings,
        [
            "client_connection_check_interval=2s",
            "idle_in_transaction_session_timeout=8s",
            "lock_timeout=10s",
            "statement_timeout=25s",
        ]
    );
    drop(client);
    driver.await.unwrap();
}

#[tokio::test]
async fn a_login_of_another_name_has_the_same_time_outs() {
    let db = testkit::database().await;
    for store in [db.another_store(1), as_the_app(&db)] {
        for (setting, value) in [
            ("statement_timeout", "25s"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "8s"),
            ("client_connection_check_interval", "2s"),
        ] {
            assert_eq!(session(&store, setting).await.unwrap().2, value, "{setting}");
        }
        store.close();
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_no_statement_behind_that_waits_for_a_lock() {
    let db = testkit::database().await;
    let world = Arc::new(world(&db.store, 2, Money::from_micros(PRICE.micros() * 2)).await);
    // Only the end of the connection can end it in this time.
    for limit in ["lock_timeout", "statement_timeout"] {
        set(&db, limit, "0").await;
    }
    let (holder, driver) = superuser(&db).await;
    holder.batch_execute("BEGIN; SELECT FROM wallets FOR UPDATE").await.unwrap();
    // A transaction sees the activity of the moment when it first looked.
    let (watcher, watching) = superuser(&db).await;
    let store = as_the_app(&db);
    let caller = tokio::spawn({
        let (store, world) = (store.clone(), Arc::clone(&world));
        async move { try_to_claim(&store, &world, 1).await.map(drop) }
    });
    let sql = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'tidings_app'
                  AND wait_event_type = 'Lock'";
    while watcher.query(sql, &[]).await.unwrap().is_empty() {
        assert!(!caller.is_finished(), "it did not wait for the wallet");
        tokio::task::yield_now().await;
    }
    caller.abort();
    let gone = async {
        while !watcher.query(sql, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), gone).await.is_ok(), "it waits on");
    store.close();
    drop((holder, watcher));
    watching.await.unwrap();
    driver.await.unwrap();
}

#[tokio::test]
async fn a_claim_that_waits_too_long_for_a_wallet_is_unavailable_for_now() {
    let db = testkit::database().await;
    let world = world(&db.store, 2, Money::from_micros(PRICE.micros() * 2)).await;
    for (limit, off) in [("lock_timeout", "statement_timeout"), ("statement_timeout", "lock_timeout")] {
        set(&db, limit, "100ms").await;
        set(&db, off, "0").await;
        let (holder, driver) = superuser(&db).await;
        holder.batch_execute("BEGIN; SELECT FROM wallets FOR UPDATE").await.unwrap();
        let store = as_the_app(&db);
        let waited = try_to_claim(&store, &world, 1).await;
        assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{limit}: {waited:?}");
        let written = with_causes(&waited.unwrap_err());
        assert!(written.contains("statement ") && written.contains("timeout"), "{limit}: {written}");
        store.close();
        holder.batch_execute("ROLLBACK").await.unwrap();
        // Without the limit, which a busy machine could reach by itself.
        set(&db, limit, "0").await;
        let store = as_the_app(&db);
        assert_eq!(try_to_claim(&store, &world, 1).await.unwrap().funded.len(), 1, "{limit}");
        store.close();
        drop(holder);
        driver.await.unwrap();
    }
}

/// Reads a balance and then does nothing until the server ends the session.
struct StayIdle<'a> {
    watcher: &'a Client,
}

impl Operation for StayIdle<'_> {
    const NAME: &'static str = "stay_idle";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        wallet::balance(tx).await?;
        let sql =
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'tidings_app'";
        while !self.watcher.query(sql, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        wallet::balance(tx).await.map(drop)
    }
}

#[tokio::test]
async fn an_idle_transaction_is_ended_by_the_server() {
    let db = testkit::database().await;
    let world = world(&db.store, 0, Money::ZERO).await;
    set(&db, "idle_in_transaction_session_timeout", "100ms").await;
    let (watcher, driver) = superuser(&db).await;
    let store = as_the_app(&db);
    let stay_idle = StayIdle { watcher: &watcher };
    let ended = store.perform(&Act::of_system(world.tenant, noon()), &stay_idle).await;
    assert!(matches!(ended, Err(StoreError::Unavailable(_))), "{ended:?}");
    store.close();
    drop(watcher);
    driver.await.unwrap();
}
