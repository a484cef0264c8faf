//! Databases of a cluster: one machine makes its own, and each test has one.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::kernel::connect::{Connector, Opened};
use crate::kernel::error::StoreError;

/// Makes a database unless it is there; `template` is copied when given. Tells whether it was made.
///
/// `url` names another database of the same cluster and a user who may create one.
pub async fn create(url: &str, name: &str, template: Option<&str>) -> Result<bool, StoreError> {
    // Copying files beats writing the copy to the log, which a database that can be made again does not need.
    let source = template.map(|template| format!(" TEMPLATE {} STRATEGY file_copy", quoted(template)));
    let sql = format!("CREATE DATABASE {}{}", quoted(name), source.unwrap_or_default());
    // Two at once: the loser meets the catalogue's unique index.
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

/// Removes a database with everybody who is connected to it.
pub async fn drop_database(url: &str, name: &str) -> Result<(), StoreError> {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
    run(url, &sql).await
}

/// Gives a database another name; nobody may be connected to it.
pub async fn rename(url: &str, from: &str, to: &str) -> Result<(), StoreError> {
    let sql = format!("ALTER DATABASE {} RENAME TO {}", quoted(from), quoted(to));
    run(url, &sql).await
}

/// Whether a database of that name is there.
pub async fn exists(url: &str, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT FROM pg_database WHERE datname = $1";
    let found = on(url, |client| async move { client.query(sql, &[&name]).await }).await;
    found.map(|rows| !rows.is_empty())
}

pub(crate) async fn run(url: &str, sql: &str) -> Result<(), StoreError> {
    on(url, |client| async move { client.batch_execute(sql).await }).await
}

/// Works on a connection of its own, which ends when `work` lets go of its client.
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
