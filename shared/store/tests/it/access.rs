//! How a database is logged in to, and with which role.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::SystemAct;
use jiff::Timestamp;
use store::recovery::gauges::{self, Gauges};
use store::{Access, Config, Password, Store, StoreError, SystemOperation, SystemTx};
use testkit::OwnServer;
use tokio_postgres::NoTls;

struct Read;

impl SystemOperation for Read {
    const NAME: &'static str = "read_gauges";
    type Done = Gauges;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<Gauges, StoreError> {
        gauges::read(tx).await
    }
}

fn open(access: Access) -> Store {
    Store::new(&Config { access, connections_max: 1, wait: Duration::from_secs(20) }).unwrap()
}

async fn read(store: Store) -> Gauges {
    let read = store.perform_system(&SystemAct::at(Timestamp::UNIX_EPOCH), &Read).await.unwrap();
    store.close();
    read
}

#[tokio::test]
async fn an_owner_that_is_not_a_superuser_can_migrate_and_then_work_as_the_app() {
    let server = OwnServer::start("owned").await;
    let owner = server.owned_database().await;
    let migrated = store::migrate::migrate(&owner.as_str().into()).await.unwrap();
    assert!(migrated.applied.len() >= 6, "{migrated:?}");
    let again = store::migrate::migrate(&owner.as_str().into()).await.unwrap();
    assert!(again.applied.is_empty());
    for url in [owner, server.url("managed", "tidings_app")] {
        assert_eq!(read(open(url.as_str().into())).await, Gauges::default(), "{url}");
    }
}

#[tokio::test]
async fn where_the_app_logs_in_through_iam_the_owner_logs_in_after_the_migration_and_works_as_the_system() {
    let server = OwnServer::start("managed").await;
    let master = server.managed_database().await;
    store::migrate::migrate(&master).await.unwrap();
    assert!(store::migrate::migrate(&master).await.unwrap().applied.is_empty());
    let config = Config { access: master, connections_max: 1, wait: Duration::from_secs(20) };
    assert_eq!(read(Store::of_owner(&config).unwrap()).await, Gauges::default());
    let token = server.token("tidings_app").await;
    let app = server.url("managed", "tidings_app");
    let app = Access { password: Some(token), ..app.as_str().into() };
    assert_eq!(read(open(app)).await, Gauges::default());
}

/// A server before 16 asks the master for a token because of such a membership; later ones have other reasons as well.
async fn memberships_of_the_master_in_the_app(server: &OwnServer) -> i64 {
    let (client, connection) =
        tokio_postgres::connect(&server.url("managed", "postgres"), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let sql = "SELECT count(*) FROM pg_auth_members
                WHERE roleid = 'tidings_app'::regrole AND member = 'master'::regrole AND NOT admin_option";
    let count = client.query_one(sql, &[]).await.unwrap().get(0);
    drop(client);
    driver.await.unwrap().unwrap();
    count
}

#[tokio::test]
async fn where_the_app_logs_in_through_iam_the_owner_is_no_longer_a_member_of_it() {
    let server = OwnServer::start("member").await;
    let master = server.managed_database().await;
    store::migrate::migrate(&master).await.unwrap();
    assert_eq!(memberships_of_the_master_in_the_app(&server).await, 0);
    // As earlier versions of the migration did.
    server.execute("SET ROLE master; GRANT tidings_app TO master").await;
    assert_eq!(memberships_of_the_master_in_the_app(&server).await, 1);
    store::migrate::migrate(&master).await.unwrap();
    assert_eq!(memberships_of_the_master_in_the_app(&server).await, 0);
}

#[tokio::test]
async fn an_app_role_that_exists_before_the_migration_keeps_its_password() {
    let server = OwnServer::start("before").await;
    let master = server.managed_database().await;
    server.execute("SET ROLE master; CREATE ROLE tidings_app LOGIN NOINHERIT PASSWORD 'given'").await;
    store::migrate::migrate(&master).await.unwrap();
    // This server checks the password of members of `rds_iam` only.
    let password = Some(Password::asked(|| async { Ok("anything".to_owned()) }));
    let app = server.url("managed", "tidings_app");
    let app = Access { password, ..app.as_str().into() };
    assert_eq!(read(open(app)).await, Gauges::default());
}

/// A password, and how often it was read.
fn counted(password: &'static str) -> (Arc<AtomicU32>, Password) {
    let reads = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&reads);
    let password = Password::asked(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async move { Ok(password.to_owned()) }
    });
    (reads, password)
}

#[tokio::test]
async fn the_second_password_is_read_only_when_the_server_refuses_the_first() {
    let server = OwnServer::start("refuses").await;
    server.managed_database().await;
    server.execute("CREATE ROLE by_password LOGIN").await;
    server.execute("CREATE ROLE by_iam LOGIN PASSWORD 'right' IN ROLE rds_iam").await;
    for (user, second, succeeds, is_read) in [
        ("by_password", "right", true, false),
        ("by_iam", "right", true, true),
        ("by_iam", "wrong", false, true),
    ] {
        let (reads, second) = counted(second);
        let password = Some(Password::asked(|| async { Ok("wrong".to_owned()) }).or(second));
        let access = Access { password, ..server.url("managed", user).as_str().into() };
        let status = store::migrate::status(&access).await;
        assert_eq!(status.is_ok(), succeeds, "{user}: {status:?}");
        assert_eq!(reads.load(Ordering::Relaxed), u32::from(is_read), "{user}");
    }
}

#[tokio::test]
async fn each_connection_reads_its_password_anew() {
    let db = testkit::database().await;
    let reads = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&reads);
    let password = Password::asked(move || {
        let nth = count.fetch_add(1, Ordering::Relaxed);
        async move { Ok(format!("token-{nth}")) }
    });
    let store = open(Access { password: Some(password), ..db.url().into() });
    store.warm_up().await.unwrap();
    store.warm_up().await.unwrap();
    assert_eq!(reads.load(Ordering::Relaxed), 1, "an idle connection is used again");
    db.disconnect_others().await;
    store.warm_up().await.unwrap();
    assert_eq!(reads.load(Ordering::Relaxed), 2);
}
