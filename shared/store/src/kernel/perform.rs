//! Runs operations, each in one transaction, again when Postgres asks for it.

use std::sync::Arc;

use domain::{Act, SystemAct};

use crate::kernel::error::StoreError;
#[cfg(feature = "faults")]
use crate::kernel::pool::Moment;
use crate::kernel::pool::Store;
use crate::kernel::tx::{AGAIN, Operation, SOUND, SystemOperation, SystemTx, TenantTx, Tx, outlived};

/// How often an operation is run again after a deadlock or a serialization failure.
const TRIES_MAX: u32 = 5;

impl Store {
    /// Runs an operation in one transaction.
    #[tracing::instrument(name = "operation", skip_all, fields(operation = O::NAME))]
    pub async fn perform<O: Operation>(&self, act: &Act, operation: &O) -> Result<O::Done, O::Error> {
        // The tenant travels as text that a UUID printed, so there is nothing to escape.
        let opening = format!("BEGIN; SELECT set_config('app.tenant', '{}', true)", act.tenant);
        let mut tries = Tries::of(O::NAME);
        loop {
            let tx = Tx::begin(self.connection().await?, &opening).await?;
            let outcome = Box::pin(operation.run(&TenantTx::new(Arc::clone(&tx), act.clone()))).await;
            if let Some(outcome) = tries.end(self, tx, outcome).await {
                return outcome;
            }
        }
    }

    /// Runs an operation that spans tenants in one transaction.
    #[tracing::instrument(name = "operation", skip_all, fields(operation = O::NAME))]
    pub async fn perform_system<O: SystemOperation>(
        &self,
        act: &SystemAct,
        operation: &O,
    ) -> Result<O::Done, O::Error> {
        let mut tries = Tries::of(O::NAME);
        loop {
            let tx = Tx::begin(self.connection().await?, "BEGIN; SET LOCAL ROLE tidings_system").await?;
            let outcome = Box::pin(operation.run(&SystemTx::new(Arc::clone(&tx), act.clone()))).await;
            if let Some(outcome) = tries.end(self, tx, outcome).await {
                return outcome;
            }
        }
    }
}

/// How often an operation was tried.
struct Tries {
    operation: &'static str,
    count: u32,
}

impl Tries {
    const fn of(operation: &'static str) -> Self {
        Self { operation, count: 0 }
    }

    /// Commits or rolls back; `None` when Postgres asked for another try.
    async fn end<D, E: From<StoreError>>(
        &mut self,
        store: &Store,
        tx: Arc<Tx>,
        outcome: Result<D, E>,
    ) -> Option<Result<D, E>> {
        self.count += 1;
        let Some(tx) = Arc::into_inner(tx) else { return Some(Err(outlived(self.operation).into())) };
        let health = tx.health();
        match outcome {
            Ok(done) if health == SOUND => Some(self.commit(store, tx).await.map(|()| done).map_err(E::from)),
            // An operation that swallowed a failed statement would believe in a commit that Postgres turns into a
            // rollback.
            Ok(_) => {
                let swallowed =
                    StoreError::Inconsistent { table: "transaction", what: self.operation.to_owned() };
                Some(Err(tx.finish("ROLLBACK").await.err().unwrap_or(swallowed).into()))
            }
            Err(error) => {
                if let Err(unavailable) = tx.finish("ROLLBACK").await {
                    return Some(Err(unavailable.into()));
                }
                if health != AGAIN || self.count >= TRIES_MAX {
                    return Some(Err(error));
                }
                tracing::debug!(
                    operation = self.operation,
                    tries = self.count,
                    "Postgres asked for another try"
                );
                None
            }
        }
    }

    #[cfg_attr(
        not(feature = "faults"),
        expect(unused_variables, reason = "only a cut by a test needs the store")
    )]
    async fn commit(&self, store: &Store, tx: Tx) -> Result<(), StoreError> {
        #[cfg(feature = "faults")]
        store.check_cut(self.operation, Moment::BeforeCommit)?;
        tx.finish("COMMIT").await?;
        #[cfg(feature = "faults")]
        store.check_cut(self.operation, Moment::AfterCommit)?;
        Ok(())
    }
}
