//! The database of this machine: the one that `DATABASE_URL` names, or a private Postgres.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cluster::{Cluster, ClusterError, Options};
use store::{Access, Config, Store, databases};

use crate::error::LocalError;
use crate::home::Home;
use crate::progress;
use crate::settings::Settings;

const NAME: &str = "tidings";
const CONNECTIONS_MAX: usize = 32;
const WAIT: Duration = Duration::from_secs(5);
/// The login that owns the private Postgres.
const OWNER: &str = "postgres";
/// The login of the product on the private Postgres. It is no superuser's, and its limits (V8, V11) hold from login on.
const APP: &str = "tidings_app";
/// How often the private Postgres is looked at: it ends when its process is killed, for example for want of memory.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A migrated database, and the server behind it when that is ours.
#[derive(Debug)]
pub struct Database {
    /// On it.
    pub store: Store,
    /// One line for the user: which Postgres.
    pub origin: String,
    server: Option<PrivateServer>,
}

/// The private Postgres.
#[derive(Clone, Debug)]
struct PrivateServer {
    options: Options,
    /// Held while the machine runs; the last process to let go stops the server.
    cluster: Arc<Mutex<Cluster>>,
}

impl PrivateServer {
    fn url_as(&self, user: &str, database: &str) -> String {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner).url_as(user, database)
    }

    /// Starts the server again when it has ended; another process may have been faster. Blocks.
    fn revive(&self) -> Result<(), ClusterError> {
        let mut cluster = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        if cluster.is_running() {
            return Ok(());
        }
        tracing::error!("The private Postgres has ended; it is started again.");
        // The claim of the old one ends only when the new one is there.
        *cluster = cluster::start(&self.options)?;
        tracing::warn!("The private Postgres runs again.");
        Ok(())
    }
}

impl Database {
    /// The process id of the private Postgres.
    pub fn postmaster(&self) -> Option<u32> {
        let server = self.server.as_ref()?;
        Some(server.cluster.lock().unwrap_or_else(PoisonError::into_inner).pid())
    }

    /// Keeps the private Postgres running, and returns when that is not possible.
    pub async fn keep_running(&self) -> LocalError {
        let Some(server) = &self.server else { return std::future::pending().await };
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let server = server.clone();
            match tokio::task::spawn_blocking(move || server.revive()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return LocalError::DatabaseEnded(error),
                Err(error) => return LocalError::Call(format!("starting Postgres again panicked: {error}")),
            }
        }
    }
}

/// Finds or starts Postgres, makes the database, and migrates it.
pub async fn open(settings: &Settings, home: &Home) -> Result<Database, LocalError> {
    let Some(url) = &settings.database_url else { return private(settings, home, NAME).await };
    let access = Access { roots: settings.database_roots.clone(), ..url.as_str().into() };
    bring_up_to_date(&access).await?;
    let store = Store::new(&Config { access, connections_max: CONNECTIONS_MAX, wait: WAIT })?;
    Ok(Database { store, origin: "PostgreSQL, as the settings name it".to_owned(), server: None })
}

/// A fresh database on the private Postgres, for a measurement.
pub async fn scratch(settings: &Settings, home: &Home, name: &str) -> Result<Database, LocalError> {
    private(settings, home, name).await
}

/// Brings the database at `url` to the present schema.
pub async fn migrate(url: &str) -> Result<(), LocalError> {
    bring_up_to_date(&Access::from(url)).await
}

async fn bring_up_to_date(access: &Access) -> Result<(), LocalError> {
    let migrated = progress::step("Bringing the schema up to date", migrate::run(access)).await?;
    if let count @ 1.. = migrated.applied.len() {
        progress::note(&format!("Schema: {count} migrations applied"));
    }
    Ok(())
}

/// Removes what [`scratch`] made.
pub async fn remove(database: Database, name: &str) -> Result<(), LocalError> {
    let Database { store, server, .. } = database;
    drop(store);
    if let Some(server) = &server {
        databases::drop_database(&server.url_as(OWNER, "postgres"), name).await?;
    }
    Ok(())
}

/// How the private Postgres of a home is found and started.
pub fn postgres_options(settings: &Settings, home: &Home) -> Options {
    Options {
        bin_dir: settings.pg_bin_dir.clone(),
        fetch: settings.pg_fetch,
        notice: progress::note,
        ..Options::new(home.join("postgres"))
    }
}

/// A database on the private Postgres. It is made and migrated with the owner's login, and worked on with the product's.
async fn private(settings: &Settings, home: &Home, name: &str) -> Result<Database, LocalError> {
    let options = postgres_options(settings, home);
    let what = if options.home.exists() {
        "Starting the private Postgres"
    } else {
        "Making a private Postgres; this takes some seconds, once"
    };
    let of_start = options.clone();
    let started = tokio::task::spawn_blocking(move || cluster::start(&of_start));
    let cluster = progress::step(what, started)
        .await
        .map_err(|error| LocalError::Call(format!("starting Postgres panicked: {error}")))??;
    let origin = cluster.origin().to_owned();
    let server = PrivateServer { options, cluster: Arc::new(Mutex::new(cluster)) };
    databases::create(&server.url_as(OWNER, "postgres"), name, None).await?;
    migrate(&server.url_as(OWNER, name)).await?;
    let access = Access::from(server.url_as(APP, name).as_str());
    let store = Store::new(&Config { access, connections_max: CONNECTIONS_MAX, wait: WAIT })?;
    Ok(Database { store, origin, server: Some(server) })
}
