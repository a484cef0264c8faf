//! Databases of a cluster: an installation on one machine has one, and so has each test.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::kernel::connect::{Connector, Opened};
use crate::kernel::error::StoreError;

/// Creates a database unless it exists, as a copy of `template` when given; returns whether it was created.
///
/// `url` names another database of the same cluster and a user who may create one.
pub async fn create(url: &str, name: &str, template: Option<&str>) -> Result<bool, StoreError> {
    // Copying files is faster than writing the copy to the log, which a database that can be made again does not need.
    let source = template.map(|template| format!(" TEMPLATE {} STRATEGY file_copy", quoted(template)));
    let sql = format!("CREATE DATABASE {}{}", quoted(name), source.unwrap_or_default());
    // Of two creations at once, the second violates the catalogue's unique index.
    let there = [SqlState::DUPLICATE_DATABASE, SqlState::UNIQUE_VIOLATION];
    on(url, |client| async move {
        match client.batch_execute(&sql).await {
            Ok(()) => Ok(true),
            Err(error) if error.code().is_some_and(|code| there.contains(code)) => Ok(false),
            Err(error) => Err(error),
        }
    })
    .await
}

/// Removes a database and ends every connection to it.
pub async fn drop_database(url: &str, name: &str) -> Result<(), StoreError> {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
    run(url, &sql).await
}

/// Renames a database, which must have no connections.
pub async fn rename(url: &str, from: &str, to: &str) -> Result<(), StoreError> {
    let sql = format!("ALTER DATABASE {} RENAME TO {}", quoted(from), quoted(to));
    run(url, &sql).await
}

pub async fn exists(url: &str, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT FROM pg_database WHERE datname = $1";
    let found = on(url, |client| async move { client.query(sql, &[&name]).await }).await;
    found.map(|rows| !rows.is_empty())
}

pub(crate) async fn run(url: &str, sql: &str) -> Result<(), StoreError> {
    on(url, |client| async move { client.batch_execute(sql).await }).await
}

/// Runs `work` on a separate connection, which ends when `work` drops its client.
pub(crate) async fn on<T, F>(url: &str, work: impl FnOnce(Client) -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
{
    let unreachable = |error: tokio_postgres::Error| StoreError::Unavailable(error.into());
    let Opened { client, driver } = Connector::new(&url.into())?.open().await.map_err(unreachable)?;
    let (outcome, _) = futures_util::future::join(work(client), driver).await;
    outcome.map_err(unreachable)
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
