//! A server that a test may kill, because no other test stands on it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use cluster::{Cluster, Options, Profile};
use store::{databases, migrate};

use crate::{TestDb, open};

/// A Postgres of a test's own. Its data goes when it does.
#[derive(Debug)]
pub struct OwnServer {
    home: PathBuf,
    options: Options,
    running: Mutex<Option<Arc<Cluster>>>,
}

impl OwnServer {
    /// Starts one that keeps what it committed; `name` is the test's alone.
    ///
    /// # Panics
    /// When no Postgres can be had.
    pub async fn start(name: &str) -> Self {
        let home = std::env::temp_dir().join(format!("tidings-own-{name}-{}", std::process::id()));
        let options = Options { profile: Profile::Durable, ..Options::from_environment(home.clone()) };
        let server = Self { home, options, running: Mutex::new(None) };
        server.revive().await;
        server
    }

    /// A migrated database on it.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn database(&self) -> TestDb {
        let cluster = self.cluster();
        let (admin_url, name) = (cluster.url("postgres"), "tidings".to_owned());
        databases::create(&admin_url, &name, None).await.expect("a database can be made");
        let url = cluster.url(&name);
        migrate::migrate(&url.as_str().into()).await.expect("the migrations apply");
        TestDb { store: open(&url, 16), url, admin_url, name, _cluster: cluster }
    }

    /// An empty database that belongs to a user who may make roles and is no superuser, as a managed Postgres hands
    /// them out; gives that user's URL.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn managed_database(&self) -> String {
        let (cluster, name) = (self.cluster(), "managed");
        let admin_url = cluster.url("postgres");
        for sql in [
            "CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'master'",
            "CREATE ROLE rds_iam NOLOGIN",
            "GRANT rds_iam TO master WITH ADMIN OPTION",
            "CREATE DATABASE managed OWNER master",
        ] {
            databases::execute(&admin_url, sql).await.expect("a superuser may do this");
        }
        cluster.url(name).replacen("//postgres@", "//master@", 1)
    }

    /// Ends it as a power cut would, as far as its processes can tell, and starts it again.
    ///
    /// # Panics
    /// When it cannot be killed or does not come back.
    pub async fn kill_and_revive(&self) {
        let pid = self.cluster().pid().to_string();
        let killed = Command::new("kill").args(["-KILL", &pid]).status().expect("there is a kill");
        assert!(killed.success(), "the server was gone already");
        self.revive().await;
    }

    async fn revive(&self) {
        let options = self.options.clone();
        let started = tokio::task::spawn_blocking(move || cluster::start(&options)).await;
        let started = started.expect("starting does not panic").expect("a Postgres can be had");
        *self.running.lock().expect("nobody panics with it") = Some(Arc::new(started));
    }

    fn cluster(&self) -> Arc<Cluster> {
        let running = self.running.lock().expect("nobody panics with it");
        Arc::clone(running.as_ref().expect("it was started"))
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let folder = self.cluster().folder().to_path_buf();
        // The last user stops it; only then its data can go.
        drop(self.running.lock().map(|mut running| running.take()));
        for left in [folder, self.home.clone()] {
            if left.exists() && std::fs::remove_dir_all(&left).is_err() {
                tracing::warn!(left = %left.display(), "a test's server left its data behind");
            }
        }
    }
}
