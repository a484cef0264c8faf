//! A pool of connections to Postgres.

use std::fmt;
#[cfg(feature = "faults")]
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};

use crate::kernel::connect::{Access, Connector};
use crate::kernel::error::StoreError;

/// The role of every function; see `migrations/V1__roles.sql`.
const APP_ROLE: &str = "tidings_app";
/// The role of work that spans tenants.
const SYSTEM_ROLE: &str = "tidings_system";

/// What the migrations give to `tidings_app` from its login on (V8 and V11), for a login of another name, which has them not.
const LIMITS: [&str; 4] = [
    "statement_timeout=25s",
    "lock_timeout=10s",
    "idle_in_transaction_session_timeout=8s",
    "client_connection_check_interval=2s",
];

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Config {
    /// The user must be `tidings_app` or a member of it (for [`Store::of_owner`]: of `tidings_system`).
    pub access: Access,
    /// Connections at most. One per environment on Lambda.
    pub connections_max: usize,
    /// How long a caller waits for a connection before it gets [`StoreError::Unavailable`].
    pub wait: Duration,
}

/// Before or after an operation's commit: where a test may cut it off.
#[cfg(feature = "faults")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of it happened.
    BeforeCommit,
    /// All of it happened, and the caller does not know.
    AfterCommit,
}

#[cfg(feature = "faults")]
type Cut = dyn Fn(&'static str, Moment) -> bool + Send + Sync;

#[derive(Clone)]
pub struct Store {
    pool: Pool,
    #[cfg(feature = "faults")]
    cut: Option<Arc<Cut>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

impl Store {
    /// Prepares a pool; no connection is opened yet.
    pub fn new(config: &Config) -> Result<Self, StoreError> {
        Self::working_as(APP_ROLE, config)
    }

    /// For the database's owner, and for system operations only. Where IAM decides who logs in as `tidings_app`, the
    /// owner is not a member of it.
    pub fn of_owner(config: &Config) -> Result<Self, StoreError> {
        Self::working_as(SYSTEM_ROLE, config)
    }

    fn working_as(role: &str, config: &Config) -> Result<Self, StoreError> {
        let mut connector = Connector::new(&config.access)?;
        let postgres = connector.config.application_name("tidings");
        // RDS Proxy refuses command-line options; its user is the app's role already.
        if postgres.get_user() != Some(role) {
            let limits = if role == APP_ROLE { &LIMITS[..] } else { &[] };
            let theirs = postgres.get_options().map(str::to_owned);
            let ours = std::iter::once(format!("-c role={role}"))
                .chain(limits.iter().map(|limit| format!("-c {limit}")));
            postgres.options(theirs.into_iter().chain(ours).collect::<Vec<_>>().join(" "));
        }
        // A resumed Lambda environment may hold a socket that died while it was frozen: check it before use. Never `Clean`,
        // whose session statements would pin a proxied connection.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = Manager::from_connect(connector.config.clone(), connector, recycling);
        let pool = Pool::builder(manager)
            .max_size(config.connections_max)
            .wait_timeout(Some(config.wait))
            .create_timeout(Some(config.wait))
            .recycle_timeout(Some(config.wait))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(Self {
            pool,
            #[cfg(feature = "faults")]
            cut: None,
        })
    }

    /// The same store, where operations for which `cut` returns `true` fail at that moment. To the rest of the product
    /// that looks like a killed process.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn with_cut(mut self, cut: impl Fn(&'static str, Moment) -> bool + Send + Sync + 'static) -> Self {
        self.cut = Some(Arc::new(cut));
        self
    }

    /// Opens a connection ahead of the first request.
    pub async fn warm_up(&self) -> Result<(), StoreError> {
        self.connection().await.map(drop)
    }

    /// Closes idle connections now, and others when they are returned.
    pub fn close(&self) {
        self.pool.close();
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that takes a connection")]
    pub(crate) async fn connection(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| StoreError::Unavailable(error.into()))
    }

    #[cfg(feature = "faults")]
    pub(crate) fn check_cut(&self, operation: &'static str, moment: Moment) -> Result<(), StoreError> {
        match &self.cut {
            Some(cut) if cut(operation, moment) => {
                let what = format!("{operation} was cut off by a test");
                Err(StoreError::Inconsistent { table: "transaction", what })
            }
            Some(_) | None => Ok(()),
        }
    }
}
