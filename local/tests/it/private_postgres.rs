//! The private Postgres: who works on it, and what happens when it ends.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cluster::Fetch;
use store::testing::databases::session;
use tidings::database::{self, Database};
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::settings::Settings;
use tokio::time::{Instant, sleep};

/// How long the product may be without its database.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// A home with a database, which is removed.
struct Private {
    folder: PathBuf,
    database: Option<Database>,
}

impl Private {
    async fn open(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tidings-private-{name}-{}", std::process::id()));
        let settings = Settings {
            home: folder.clone(),
            database_url: None,
            database_roots: None,
            pg_fetch: Fetch::Never,
            ..Settings::from_environment().unwrap()
        };
        let home = Home::open(&settings.home).unwrap();
        let database = database::open(&settings, &home).await.unwrap();
        Self { folder, database: Some(database) }
    }

    fn database(&self) -> &Database {
        self.database.as_ref().unwrap()
    }

    fn signal(&self, signal: &str) {
        let pid = self.database().postmaster().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        drop(self.database.take());
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// The settings of the server, wherever its data lies below the folder.
fn settings_file(folder: &Path) -> PathBuf {
    let below = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut data = below.map(|path| path.join("postgresql.conf"));
    data.find(|path| path.is_file()).unwrap()
}

#[tokio::test]
async fn the_product_is_no_superuser_on_the_private_postgres_and_has_its_time_outs() {
    let private = Private::open("login").await;
    for (setting, value) in [
        ("statement_timeout", "25s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "8s"),
        ("client_connection_check_interval", "2s"),
    ] {
        let found = session(&private.database().store, setting).await.unwrap();
        assert_eq!(found, ("tidings_app".to_owned(), false, value.to_owned()), "{setting}");
    }
}

/// Returns when another server answers.
async fn is_replaced(database: &Database, before: Option<u32>) {
    while database.postmaster() == before || database.store.warm_up().await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_private_postgres_that_ends_is_started_again() {
    let private = Private::open("ends").await;
    let database = private.database();
    let keep_running = database.keep_running();
    tokio::pin!(keep_running);
    for signal in ["-KILL", "-INT"] {
        let before = database.postmaster();
        private.signal(signal);
        let begun = Instant::now();
        tokio::select! {
            () = is_replaced(database, before) => {}
            error = &mut keep_running => panic!("{signal}: {error}"),
        }
        assert!(begun.elapsed() < BACK_WITHIN, "{signal}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_private_postgres_that_cannot_be_started_again_ends_the_process_with_the_reason() {
    let private = Private::open("stays").await;
    let file = settings_file(&private.folder.join("postgres"));
    let settings = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{settings}\nnonsense = 1\n")).unwrap();
    private.signal("-INT");
    let ended = tokio::time::timeout(BACK_WITHIN, private.database().keep_running()).await;
    assert!(matches!(&ended, Ok(LocalError::DatabaseEnded(_))), "{ended:?}");
    let written = domain::with_causes(&ended.unwrap());
    assert!(written.contains("nonsense"), "the server's own words: {written}");
}
