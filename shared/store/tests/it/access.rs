//! Who lets us in, and as whom.

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
async fn an_owner_that_is_no_superuser_can_migrate_and_works_as_the_app_on_what_it_made() {
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
async fn where_iam_lets_in_the_app_its_owner_gets_in_after_the_migration_and_works_as_the_system() {
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

/// What a server before 16 takes for a reason to ask the master for a token, and later ones for one reason more.
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
async fn where_iam_lets_in_the_app_its_owner_is_no_member_of_it_any_more() {
    let server = OwnServer::start("member").await;
    let master = server.managed_database().await;
    store::migrate::migrate(&master).await.unwrap();
    assert_eq!(memberships_of_the_master_in_the_app(&server).await, 0);
    // What the migration did before there were two ways in.
    server.execute("SET ROLE master; GRANT tidings_app TO master").await;
    assert_eq!(memberships_of_the_master_in_the_app(&server).await, 1);
    store::migrate::migrate(&master).await.unwrap();
    assert_eq!(memberships_of_the_master_in_the_app(&server).await, 0);
}

#[tokio::test]
async fn an_app_that_somebody_made_before_keeps_the_password_that_it_has() {
    let server = OwnServer::start("before").await;
    let master = server.managed_database().await;
    server.execute("SET ROLE master; CREATE ROLE tidings_app LOGIN NOINHERIT PASSWORD 'given'").await;
    store::migrate::migrate(&master).await.unwrap();
    // This server asks members of `rds_iam` for what it keeps for them, and lets everybody else in with anything.
    let password = Some(Password::asked(|| async { Ok("anything".to_owned()) }));
    let app = server.url("managed", "tidings_app");
    let app = Access { password, ..app.as_str().into() };
    assert_eq!(read(open(app)).await, Gauges::default());
}

/// A password, and how often it was asked for.
fn counted(password: &'static str) -> (Arc<AtomicU32>, Password) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let password = Password::asked(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async move { Ok(password.to_owned()) }
    });
    (asked, password)
}

#[tokio::test]
async fn the_second_password_is_asked_for_when_the_server_refuses_the_first_and_only_then() {
    let server = OwnServer::start("refuses").await;
    server.managed_database().await;
    server.execute("CREATE ROLE by_password LOGIN").await;
    server.execute("CREATE ROLE by_iam LOGIN PASSWORD 'right' IN ROLE rds_iam").await;
    for (user, second, gets_in, asked_twice) in [
        ("by_password", "right", true, false),
        ("by_iam", "right", true, true),
        ("by_iam", "wrong", false, true),
    ] {
        let (asked, second) = counted(second);
        let password = Some(Password::asked(|| async { Ok("wrong".to_owned()) }).or(second));
        let access = Access { password, ..server.url("managed", user).as_str().into() };
        let looked = store::migrate::status(&access).await;
        assert_eq!(looked.is_ok(), gets_in, "{user}: {looked:?}");
        assert_eq!(asked.load(Ordering::Relaxed), u32::from(asked_twice), "{user}");
    }
}

#[tokio::test]
async fn each_connection_asks_for_its_password_anew() {
    let db = testkit::database().await;
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let password = Password::asked(move || {
        let nth = count.fetch_add(1, Ordering::Relaxed);
        async move { Ok(format!("token-{nth}")) }
    });
    let store = open(Access { password: Some(password), ..db.url().into() });
    store.warm_up().await.unwrap();
    store.warm_up().await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1, "a connection that is there is used again");
    db.disconnect_others().await;
    store.warm_up().await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
