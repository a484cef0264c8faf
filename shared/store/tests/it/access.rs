//! Who lets us in, and as whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use store::gauges::{self, Gauges};
use store::{Access, Config, Operation, Password, Scope, Store, StoreError, Tx};
use testkit::OwnServer;

struct Read;

impl Operation for Read {
    const NAME: &'static str = "read_gauges";
    type Done = Gauges;
    type Error = StoreError;
    async fn run(&self, tx: &Tx) -> Result<Gauges, StoreError> {
        gauges::read(tx, Timestamp::UNIX_EPOCH).await
    }
}

fn open(access: Access) -> Store {
    Store::new(&Config { access, connections_max: 1, wait: Duration::from_secs(20) }).unwrap()
}

#[tokio::test]
async fn a_master_user_that_is_no_superuser_can_migrate_and_the_app_works_on_what_it_made() {
    let server = OwnServer::start("managed").await;
    let master = server.managed_database().await;
    let migrated = store::migrate::migrate(&master.as_str().into()).await.unwrap();
    assert!(migrated.applied.len() >= 6, "{migrated:?}");
    let again = store::migrate::migrate(&master.as_str().into()).await.unwrap();
    assert!(again.applied.is_empty());
    let app = master.replacen("//master@", "//tidings_app@", 1);
    for url in [&app, &master] {
        let store = open(url.as_str().into());
        assert_eq!(store.perform(Scope::System, &Read).await.unwrap(), Gauges::default(), "{url}");
        store.close();
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
    db.throw_everybody_out().await;
    store.warm_up().await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
