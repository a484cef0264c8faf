//! Brings a database to the present schema.
//!
//! The migrations are embedded, forward only, and run under an advisory lock, so two starts at once run them once.

use std::str::FromStr;

use tokio_postgres::NoTls;

use crate::error::StoreError;

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// Any constant will do: it is the name of the lock.
const LOCK: i64 = 0x7469_6469_6e67_7321;

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the migrations that this run applied, in order.
    pub applied: Vec<String>,
}

/// A text that changes whenever a migration does: the name of a template database.
pub fn fingerprint() -> u64 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .fold(0, |all, migration| all.wrapping_mul(31).wrapping_add(migration.checksum()))
}

/// Applies what is missing. The URL's user must own the database or be a superuser.
///
/// Refuses a database whose applied migrations differ from ours.
pub async fn migrate(url: &str) -> Result<Migrated, StoreError> {
    let unreachable = |error: tokio_postgres::Error| StoreError::Unavailable(error.into());
    let config = tokio_postgres::Config::from_str(url).map_err(unreachable)?;
    let (mut client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
    let driver = async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the migration's connection broke");
        }
    };
    let work = async {
        client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await.map_err(unreachable)?;
        let report = embedded::migrations::runner()
            .run_async(&mut client)
            .await
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await.map_err(unreachable)?;
        let applied = report.applied_migrations().iter().map(ToString::to_string).collect();
        drop(client);
        Ok(Migrated { applied })
    };
    let (outcome, ()) = futures_util::future::join(work, driver).await;
    outcome
}
