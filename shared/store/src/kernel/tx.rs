//! A transaction: one name, one tenant, one commit.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use deadpool_postgres::Object;
use domain::access::Source;
use domain::{Act, Actor, MessageId, SystemAct, TenantId};
use jiff::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, SimpleQueryMessage};
use uuid::Uuid;

use crate::kernel::error::StoreError;

/// Parameters of a statement with their types: one round trip, no name for a proxy to pin.
pub(crate) type Params<'a> = [(&'a (dyn ToSql + Sync), Type)];

/// Writes the parameters of a statement: `params![tenant.0 => UUID, now => TIMESTAMPTZ]`.
macro_rules! params {
    ($($value:expr => $type:ident),* $(,)?) => {
        &[$((&$value as &(dyn tokio_postgres::types::ToSql + Sync), tokio_postgres::types::Type::$type)),*]
    };
}
pub(crate) use params;

pub(crate) fn uuids(ids: &[MessageId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

/// A change of one tenant's data that happens whole or not at all.
///
/// `&self` makes running it again possible, which is safe because nothing outside the database happens in it: no call to
/// Meta, no queue.
pub trait Operation: Sync {
    /// Label of metrics and name of the span.
    const NAME: &'static str;
    type Done: Send;
    type Error: From<StoreError> + Send;

    fn run(&self, tx: &TenantTx) -> impl Future<Output = Result<Self::Done, Self::Error>> + Send;
}

/// An [`Operation`] that spans tenants, or that has to find out which tenant it concerns.
pub trait SystemOperation: Sync {
    /// Label of metrics and name of the span.
    const NAME: &'static str;
    type Done: Send;
    type Error: From<StoreError> + Send;

    fn run(&self, tx: &SystemTx) -> impl Future<Output = Result<Self::Done, Self::Error>> + Send;
}

/// A transaction that sees one tenant's rows. It exists only inside [`Operation::run`].
pub struct TenantTx {
    tx: Arc<Tx>,
    act: Act,
}

impl TenantTx {
    pub(crate) const fn new(tx: Arc<Tx>, act: Act) -> Self {
        Self { tx, act }
    }

    pub const fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    pub const fn actor(&self) -> Actor {
        self.act.actor
    }

    /// The instant of the call.
    pub const fn now(&self) -> Timestamp {
        self.act.now
    }

    /// W3C trace context of the request that led here.
    pub fn trace(&self) -> Option<&str> {
        self.act.trace.as_deref()
    }

    /// Where the request came from.
    pub const fn source(&self) -> Option<Source> {
        self.act.source
    }
}

impl Deref for TenantTx {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

/// A transaction that sees every tenant's rows. It exists only inside [`SystemOperation::run`].
pub struct SystemTx {
    tx: Arc<Tx>,
    act: SystemAct,
}

impl SystemTx {
    pub(crate) const fn new(tx: Arc<Tx>, act: SystemAct) -> Self {
        Self { tx, act }
    }

    /// The instant of the call.
    pub const fn now(&self) -> Timestamp {
        self.act.now
    }

    pub const fn actor(&self) -> Actor {
        self.act.actor
    }

    /// W3C trace context of the request that led here.
    pub fn trace(&self) -> Option<&str> {
        self.act.trace.as_deref()
    }

    /// Where the request came from.
    pub const fn source(&self) -> Option<Source> {
        self.act.source
    }

    /// The same transaction, for statements about one tenant.
    pub fn as_tenant(&self, tenant: TenantId) -> TenantTx {
        TenantTx { tx: Arc::clone(&self.tx), act: self.act.for_tenant(tenant) }
    }
}

impl Deref for SystemTx {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

/// An open transaction, for statements on tables without a tenant.
pub struct Tx {
    connection: Option<Object>,
    health: AtomicU8,
}

const JOIN_METHODS: &str = "-- tx::join_methods
SELECT set_config('enable_hashjoin', $1, true), set_config('enable_mergejoin', $1, true)";

pub(crate) const STATEMENTS: &[&str] = &[JOIN_METHODS];

pub(crate) const SOUND: u8 = 0;
const FAILED: u8 = 1;
/// Postgres asks for the whole transaction again.
pub(crate) const AGAIN: u8 = 2;

impl Tx {
    pub(crate) async fn begin(connection: Object, opening: &str) -> Result<Arc<Self>, StoreError> {
        let tx = Self { connection: Some(connection), health: AtomicU8::new(SOUND) };
        tx.simple(opening).await?;
        Ok(Arc::new(tx))
    }

    async fn simple(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, StoreError> {
        let outcome = self.open()?.simple_query(sql).await;
        outcome.map_err(|error| self.note(sql, error))
    }

    fn open(&self) -> Result<&Object, StoreError> {
        self.connection.as_ref().ok_or_else(|| outlived("a statement"))
    }

    pub(crate) async fn rows(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, StoreError> {
        let outcome = self.open()?.query_typed(sql, params).await;
        outcome.map_err(|error| self.note(sql, error))
    }

    /// Runs one statement with joins by hash and merge switched off: they would read whole tables for the few hundred rows
    /// of a claim, because the planner cannot know how few rows a common table expression gives. The three statements
    /// travel in one round trip, and the next statement of the transaction is planned as usual.
    pub(crate) async fn rows_by_index(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, StoreError> {
        let (off, rows, on) = futures_util::future::join3(
            self.rows(JOIN_METHODS, params!["off" => TEXT]),
            self.rows(sql, params),
            self.rows(JOIN_METHODS, params!["on" => TEXT]),
        )
        .await;
        off?;
        let rows = rows?;
        on.map(|_settings| rows)
    }

    pub(crate) async fn row(&self, sql: &str, params: &Params<'_>) -> Result<Option<Row>, StoreError> {
        let mut rows = self.rows(sql, params).await?;
        match rows.len() {
            0 => Ok(None),
            1 => Ok(rows.pop()),
            more => Err(StoreError::Inconsistent {
                table: "result",
                what: format!("{} gave {more} rows instead of one", crate::kernel::error::signature(sql)),
            }),
        }
    }

    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn run(&self, sql: &str, params: &Params<'_>) -> Result<u64, StoreError> {
        let outcome = self.open()?.execute_typed(sql, params).await;
        outcome.map_err(|error| self.note(sql, error))
    }

    /// Runs a statement that must touch exactly one row.
    pub(crate) async fn run_one(&self, sql: &str, params: &Params<'_>) -> Result<(), StoreError> {
        match self.run(sql, params).await? {
            1 => Ok(()),
            other => Err(StoreError::Inconsistent {
                table: "result",
                what: format!("{} touched {other} rows instead of one", crate::kernel::error::signature(sql)),
            }),
        }
    }

    fn note(&self, sql: &str, error: tokio_postgres::Error) -> StoreError {
        let again = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
        let verdict = if error.code().is_some_and(|code| again.contains(code)) { AGAIN } else { FAILED };
        self.health.fetch_max(verdict, Ordering::Relaxed);
        StoreError::from_statement(sql, error)
    }

    pub(crate) fn health(&self) -> u8 {
        self.health.load(Ordering::Relaxed)
    }

    /// Ends the transaction and gives the connection back. An error keeps it out of the pool: `Drop` closes it.
    pub(crate) async fn finish(mut self, sql: &'static str) -> Result<(), StoreError> {
        self.simple(sql).await?;
        drop(self.connection.take());
        Ok(())
    }
}

/// After an unfinished transaction (its future was dropped, or its process panicked) no other one may use the connection:
/// it is closed, which makes Postgres roll back.
impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(left_open) = self.connection.take() {
            drop(Object::take(left_open));
        }
    }
}

pub(crate) fn outlived(what: &str) -> StoreError {
    StoreError::Inconsistent { table: "transaction", what: format!("{what} outlived it") }
}
