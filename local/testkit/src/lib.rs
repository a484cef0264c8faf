//! For tests only: a database for each test, created in milliseconds.
//!
//! All tests of a process share one throwaway Postgres, which the last of them stops. A migrated template database is
//! created once per content of `migrations/`; every test gets a copy, which is dropped with the test.
#![expect(clippy::expect_used, reason = "a test that cannot set itself up has failed, and says why")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use cluster::{Cluster, Options, Profile};
use store::{Config, Store, databases, migrate};
use tokio::sync::OnceCell;

pub mod ministack;
mod own_server;

pub use own_server::OwnServer;

/// The database of one test.
#[derive(Debug)]
pub struct TestDb {
    /// Works as the app's role.
    pub store: Store,
    url: String,
    admin_url: String,
    name: String,
    _cluster: Arc<Cluster>,
}

impl TestDb {
    /// Of a superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends every connection to it, as a restart of the server does; returns how many there were.
    ///
    /// # Panics
    /// When the server itself cannot be reached.
    pub async fn disconnect_others(&self) -> usize {
        store::testing::databases::disconnect_others(&self.url).await.expect("the cluster answers")
    }

    /// Another store on it, with its own connections.
    pub fn another_store(&self, connections_max: usize) -> Store {
        open(&self.url, connections_max)
    }

    /// Runs SQL as a superuser, which no part of the product may do.
    ///
    /// # Panics
    /// When Postgres refuses.
    pub async fn execute(&self, sql: &str) {
        store::testing::databases::execute(&self.url, sql).await.expect("Postgres takes it");
    }

    /// The number of rows of each table, and a hash of them.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn contents(&self) -> BTreeMap<String, (i64, String)> {
        store::testing::databases::contents(&self.url).await.expect("every table can be read")
    }

    /// Ends every connection and refuses new ones, like a database that is down.
    ///
    /// # Panics
    /// When Postgres refuses.
    pub async fn shut(&self) {
        let shut = format!(
            "ALTER DATABASE \"{0}\" ALLOW_CONNECTIONS false;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{0}'",
            self.name
        );
        store::testing::databases::execute(&self.admin_url, &shut).await.expect("Postgres takes it");
    }
}

/// On a new thread, because the test's runtime may have ended.
impl Drop for TestDb {
    fn drop(&mut self) {
        let (url, name) = (self.admin_url.clone(), self.name.clone());
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(databases::drop_database(&url, &name)))
        });
        if !matches!(removal.join(), Ok(Ok(Ok(())))) {
            tracing::warn!(self.name, "a test's database was left behind");
        }
    }
}

/// A fresh, migrated database.
///
/// # Panics
/// When no Postgres can be had: a test that cannot set itself up has failed.
pub async fn database() -> TestDb {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let cluster =
        tokio::task::spawn_blocking(shared_cluster).await.expect("the cluster starts without a panic");
    let admin_url = cluster.url("postgres");
    let template = template(&cluster).await;
    let name = format!("t_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    databases::drop_database(&admin_url, &name)
        .await
        .expect("a leftover of an earlier process can be removed");
    databases::create(&admin_url, &name, Some(&template)).await.expect("the template can be copied");
    let url = cluster.url(&name);
    TestDb { store: open(&url, 16), url, admin_url, name, _cluster: cluster }
}

fn open(url: &str, connections_max: usize) -> Store {
    Store::new(&Config { access: url.into(), connections_max, wait: Duration::from_secs(20) })
        .expect("the URL is ours")
}

/// The workspace's folder.
///
/// # Panics
/// Never in this repository.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .expect("local/testkit is two deep")
}

/// One server for all tests that run at the same time; the last to drop it stops it.
fn shared_cluster() -> Arc<Cluster> {
    static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().expect("starting a cluster does not panic");
    if let Some(cluster) = running.upgrade() {
        return cluster;
    }
    let home = workspace().join(".tidings").join("test");
    let options = Options { profile: Profile::Throwaway, ..Options::from_environment(home) };
    let cluster = Arc::new(cluster::start(&options).expect("a Postgres can be found or fetched"));
    *running = Arc::downgrade(&cluster);
    cluster
}

/// The template of the present migrations. It is migrated under another name first, so that a killed run never leaves an
/// incomplete one.
async fn template(cluster: &Cluster) -> String {
    static READY: OnceCell<String> = OnceCell::const_new();
    let make = || async {
        let admin_url = cluster.url("postgres");
        let name = format!("template_{:016x}_{TEST_PRICES}", migrate::fingerprint());
        if databases::exists(&admin_url, &name).await.expect("the cluster answers") {
            return name;
        }
        let draft = format!("{name}_{}", std::process::id());
        databases::drop_database(&admin_url, &draft).await.expect("a leftover draft can be removed");
        databases::create(&admin_url, &draft, None).await.expect("a database can be made");
        migrate::migrate(&cluster.url(&draft).as_str().into()).await.expect("the migrations apply");
        set_test_prices(&cluster.url(&draft)).await;
        publish(&admin_url, &draft, &name).await;
        name
    };
    READY.get_or_init(make).await.clone()
}

/// The name of the card that every test starts with; another one makes another template.
const TEST_PRICES: &str = "prices_1";

/// A rate card on top of Meta's, with one price of a category in every market, so that a test need not know what Meta charges:
/// 0.01 for a one-time password or a utility message, 0.05 for marketing.
pub(crate) async fn set_test_prices(url: &str) {
    let card = "
        INSERT INTO rate_card_headers VALUES
            ('01a0f4c2-c7e8-7000-8000-000000000001', 'Test', 'The same in every market', '2026-10-01 00:00:01Z',
             '2026-10-01 00:00:01Z', 'system');
        INSERT INTO rate_cards (market, category, effective_from, price, card_id)
        SELECT markets.market, prices.category, '2026-10-01 00:00:01Z', prices.price, '01a0f4c2-c7e8-7000-8000-000000000001'
          FROM (SELECT DISTINCT market FROM rate_cards) AS markets
         CROSS JOIN (VALUES ('AUTHENTICATION', 10000), ('UTILITY', 10000), ('MARKETING', 50000)) AS prices (category, price)";
    store::testing::databases::execute(url, card).await.expect("the prices can be added");
}

/// Gives the draft its name, unless another process was faster, whose template is the same. The backend that migrated
/// may still be connected for a moment, and until then the name cannot be changed.
async fn publish(admin_url: &str, draft: &str, name: &str) {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        if databases::rename(admin_url, draft, name).await.is_ok() {
            return;
        }
        if databases::exists(admin_url, name).await.expect("the cluster answers") {
            return databases::drop_database(admin_url, draft).await.expect("the draft can be removed");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the template could not be given its name");
}
