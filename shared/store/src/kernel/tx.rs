//! A transaction: one name, one tenant, one commit.

use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};

use deadpool_postgres::Object;
use domain::{MessageId, TenantId};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, SimpleQueryMessage};
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::pool::{Moment, Store};

/// How often an operation is run again after a deadlock or a serialization failure.
const TRIES_MAX: u32 = 5;

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

/// Whose rows a transaction sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One tenant's; anything else is not there.
    Tenant(TenantId),
    /// Every tenant's: for work that must find out whose it is.
    System,
}

/// Something that happens to the database whole or not at all.
///
/// `&self` makes running it again possible; it is safe because nothing foreign happens inside: no call to Meta, no queue.
pub trait Operation: Sync {
    /// The metric's label, the span, and the word to search for.
    const NAME: &'static str;
    /// What it tells when it happened.
    type Done: Send;
    /// Why it did not.
    type Error: From<StoreError> + Send;

    /// The statements.
    fn run(&self, tx: &Tx) -> impl Future<Output = Result<Self::Done, Self::Error>> + Send;
}

/// An open transaction. It exists only inside [`Operation::run`].
pub struct Tx {
    connection: Option<Object>,
    health: AtomicU8,
}

const JOIN_METHODS: &str = "-- tx::join_methods
SELECT set_config('enable_hashjoin', $1, true), set_config('enable_mergejoin', $1, true)";

pub(crate) const STATEMENTS: &[&str] = &[JOIN_METHODS];

const SOUND: u8 = 0;
const FAILED: u8 = 1;
const AGAIN: u8 = 2;

impl Tx {
    async fn begin(store: &Store, scope: Scope) -> Result<Self, StoreError> {
        let tx = Self { connection: Some(store.connection().await?), health: AtomicU8::new(SOUND) };
        // The tenant travels as text that a UUID printed, so there is nothing to escape.
        let opening = match scope {
            Scope::Tenant(tenant) => format!("BEGIN; SELECT set_config('app.tenant', '{tenant}', true)"),
            Scope::System => "BEGIN; SET LOCAL ROLE tidings_system".to_owned(),
        };
        tx.simple(&opening).await?;
        Ok(tx)
    }

    async fn simple(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, StoreError> {
        let outcome = self.open()?.simple_query(sql).await;
        outcome.map_err(|error| self.note(sql, error))
    }

    fn open(&self) -> Result<&Object, StoreError> {
        self.connection.as_ref().ok_or(StoreError::Cut("finished"))
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

    /// Runs a statement and tells how many rows it touched.
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

    fn health(&self) -> u8 {
        self.health.load(Ordering::Relaxed)
    }

    /// Ends the transaction and gives the connection back. An error keeps it out of the pool: `Drop` closes it.
    async fn finish(mut self, sql: &'static str) -> Result<(), StoreError> {
        self.simple(sql).await?;
        drop(self.connection.take());
        Ok(())
    }
}

/// A transaction that nobody finished (its future was dropped, or its process panicked) must not meet another one on
/// the same connection: the connection is closed, which makes Postgres roll it back.
impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(left_open) = self.connection.take() {
            drop(Object::take(left_open));
        }
    }
}

#[tracing::instrument(name = "operation", skip_all, fields(operation = O::NAME))]
pub(crate) async fn perform<O: Operation>(
    store: &Store,
    scope: Scope,
    operation: &O,
) -> Result<O::Done, O::Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let tx = Tx::begin(store, scope).await?;
        let outcome = operation.run(&tx).await;
        let health = tx.health();
        match outcome {
            Ok(done) if health == SOUND => {
                if store.is_cut(O::NAME, Moment::BeforeCommit) {
                    return Err(StoreError::Cut(O::NAME).into());
                }
                tx.finish("COMMIT").await?;
                if store.is_cut(O::NAME, Moment::AfterCommit) {
                    return Err(StoreError::Cut(O::NAME).into());
                }
                return Ok(done);
            }
            // An operation that swallowed a failed statement would believe in a commit that Postgres turns into a
            // rollback.
            Ok(_) => {
                tx.finish("ROLLBACK").await?;
                return Err(
                    StoreError::Inconsistent { table: "transaction", what: O::NAME.to_owned() }.into()
                );
            }
            Err(error) => {
                tx.finish("ROLLBACK").await?;
                if health != AGAIN || tries >= TRIES_MAX {
                    return Err(error);
                }
                tracing::debug!(operation = O::NAME, tries, "postgres asked for another try");
            }
        }
    }
}
