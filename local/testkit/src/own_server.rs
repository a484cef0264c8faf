//! A server that a test may kill, because no other test uses it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use cluster::{Cluster, Options, Profile};
use store::{Access, Password, databases, migrate};

use crate::{TestDb, open};

/// What IAM signs, here.
const TOKEN: &str = "signed";

/// The Postgres of one test. Its data is removed when it is dropped.
#[derive(Debug)]
pub struct OwnServer {
    home: PathBuf,
    options: Options,
    running: Mutex<Option<Arc<Cluster>>>,
}

impl OwnServer {
    /// Starts a durable one; `name` is unique to the test.
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
        crate::set_test_prices(&url).await;
        TestDb { store: open(&url, 16), url, admin_url, name, _cluster: cluster }
    }

    /// The URL of an empty database of the user `master`, who may create roles and is not a superuser.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn owned_database(&self) -> String {
        self.execute("CREATE ROLE master LOGIN CREATEROLE CREATEDB").await;
        self.execute("CREATE DATABASE managed OWNER master").await;
        self.url("managed", "master")
    }

    /// The same as on RDS: direct and indirect members of `rds_iam` log in with a token only, all others with any password.
    ///
    /// From 16 on only a member of a role can grant it, so the master needs a token from the start.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn managed_database(&self) -> Access {
        let url = self.owned_database().await;
        self.execute("CREATE ROLE rds_iam NOLOGIN").await;
        let grant = "DO $$ BEGIN
            IF current_setting('server_version_num')::int >= 160000 THEN
                GRANT rds_iam TO master WITH ADMIN OPTION;
            END IF;
        END $$";
        self.execute(grant).await;
        let token = self.token("master").await;
        self.ask_members_of_rds_iam_for_tokens().await;
        let password = Password::asked(|| async { Ok("the secret's".to_owned()) });
        Access { password: Some(password.or(token)), ..url.as_str().into() }
    }

    /// The token of a role: here, its password.
    ///
    /// # Panics
    /// When the role does not exist.
    pub async fn token(&self, role: &str) -> Password {
        self.execute(&format!("ALTER ROLE {role} PASSWORD '{TOKEN}'")).await;
        Password::asked(|| async { Ok(TOKEN.to_owned()) })
    }

    /// Runs SQL as a superuser.
    ///
    /// # Panics
    /// When Postgres refuses.
    pub async fn execute(&self, sql: &str) {
        store::testing::databases::execute(&self.url("postgres", "postgres"), sql)
            .await
            .expect("a superuser may do this");
    }

    /// The URL of a database for a user.
    ///
    /// # Panics
    /// When another holder of the server panicked.
    pub fn url(&self, database: &str, user: &str) -> String {
        self.cluster().url(database).replacen("//postgres@", &format!("//{user}@"), 1)
    }

    /// The first line that fits a connection counts; a server reads them when it starts.
    async fn ask_members_of_rds_iam_for_tokens(&self) {
        let folder = self.cluster().folder().to_path_buf();
        let entries = std::fs::read_dir(folder).expect("the server has a folder");
        let mut rules = entries.flatten().map(|entry| entry.path().join("pg_hba.conf"));
        let rules = rules.find(|rules| rules.is_file()).expect("it has rules for who is let in");
        let before = std::fs::read_to_string(&rules).expect("they can be read");
        let after = format!("local all +rds_iam scram-sha-256\n{before}");
        std::fs::write(&rules, after).expect("they can be written");
        self.kill_and_revive().await;
    }

    /// Kills it as a power cut would, and starts it again.
    ///
    /// # Panics
    /// When it cannot be killed or does not come back.
    pub async fn kill_and_revive(&self) {
        let pid = self.cluster().pid().to_string();
        let killed = Command::new("kill").args(["-KILL", &pid]).status().expect("`kill` exists");
        assert!(killed.success(), "the server was gone already");
        self.revive().await;
    }

    async fn revive(&self) {
        let options = self.options.clone();
        let started = tokio::task::spawn_blocking(move || cluster::start(&options)).await;
        let started = started.expect("starting does not panic").expect("a Postgres can be had");
        *self.running.lock().expect("no holder panics") = Some(Arc::new(started));
    }

    fn cluster(&self) -> Arc<Cluster> {
        let running = self.running.lock().expect("no holder panics");
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
