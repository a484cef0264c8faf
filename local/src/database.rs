//! The database of this machine: the one that `DATABASE_URL` names, or a private Postgres.

use std::path::Path;
use std::time::Duration;

use cluster::{Cluster, Fetch, Options};
use store::{Access, Config, Store, databases};

use crate::error::LocalError;
use crate::home::Home;
use crate::settings::Settings;

const NAME: &str = "tidings";
const CONNECTIONS_MAX: usize = 32;
const WAIT: Duration = Duration::from_secs(5);

/// A migrated database, and the server behind it when that is ours.
#[derive(Debug)]
pub struct Database {
    /// On it.
    pub store: Store,
    /// One line for the user: which Postgres.
    pub origin: String,
    /// Held while the machine runs; the last process to let go stops the server.
    cluster: Option<Cluster>,
}

/// Finds or starts Postgres, makes the database, and migrates it.
pub async fn open(settings: &Settings, home: &Home, fetch: Fetch) -> Result<Database, LocalError> {
    let (url, origin, cluster) = match &settings.database_url {
        Some(url) => (url.clone(), "PostgreSQL from DATABASE_URL".to_owned(), None),
        None => private(home, fetch, NAME).await?,
    };
    let roots = settings.database_roots.as_deref().map(read_roots).transpose()?;
    let access = Access { roots, ..url.as_str().into() };
    migrate::run(&access).await?;
    let store = Store::new(&Config { access, connections_max: CONNECTIONS_MAX, wait: WAIT })?;
    Ok(Database { store, origin, cluster })
}

fn read_roots(path: &Path) -> Result<String, LocalError> {
    let failed = |source| LocalError::File { what: "read", path: path.to_path_buf(), source };
    std::fs::read_to_string(path).map_err(failed)
}

/// A fresh database on the private Postgres, for a measurement.
pub async fn scratch(home: &Home, fetch: Fetch, name: &str) -> Result<Database, LocalError> {
    let (url, origin, cluster) = private(home, fetch, name).await?;
    let access = Access::from(url.as_str());
    migrate(&url).await?;
    let store = Store::new(&Config { access, connections_max: CONNECTIONS_MAX, wait: WAIT })?;
    Ok(Database { store, origin, cluster })
}

/// Brings the database at `url` to the present schema.
pub async fn migrate(url: &str) -> Result<(), LocalError> {
    migrate::run(&Access::from(url)).await?;
    Ok(())
}

/// Removes what [`scratch`] made.
pub async fn remove(database: Database, name: &str) -> Result<(), LocalError> {
    let Database { store, cluster, .. } = database;
    drop(store);
    if let Some(cluster) = &cluster {
        databases::drop_database(&cluster.url("postgres"), name).await?;
    }
    Ok(())
}

async fn private(
    home: &Home,
    fetch: Fetch,
    name: &str,
) -> Result<(String, String, Option<Cluster>), LocalError> {
    let mut options = Options::from_environment(home.join("postgres"));
    if fetch == Fetch::Never {
        options.fetch = Fetch::Never;
    }
    options.notice = |line| tracing::info!("{line}");
    let started = tokio::task::spawn_blocking(move || cluster::start(&options)).await;
    let cluster =
        started.map_err(|error| LocalError::Call(format!("starting Postgres panicked: {error}")))??;
    databases::create(&cluster.url("postgres"), name, None).await?;
    Ok((cluster.url(name), cluster.origin().to_owned(), Some(cluster)))
}
