//! Brings the database to the present schema: at deploy time, on invoke, and as a command.

use store::migrate::{Migrated, migrate};
use store::{Access, StoreError};

/// Applies what is missing, as a user who owns the database.
pub async fn run(access: &Access) -> Result<Migrated, StoreError> {
    let migrated = migrate(access).await?;
    for name in &migrated.applied {
        tracing::info!(name, "migration applied");
    }
    Ok(migrated)
}
