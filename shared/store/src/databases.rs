//! Databases of a cluster: for one machine, which makes its own, and for tests, which have one each.

use std::collections::BTreeMap;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connect::{Connector, Opened};
use crate::error::StoreError;

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

/// Ends every connection to the database of the URL but its own, whatever is under way on it; tells how many.
pub async fn throw_everybody_out(url: &str) -> Result<usize, StoreError> {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let thrown_out = on(url, |client| async move { client.query(sql, &[]).await }).await;
    thrown_out.map(|rows| rows.len())
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

/// Runs SQL as whoever `url` names: for tests, which break a database on purpose.
pub async fn execute(url: &str, sql: &str) -> Result<(), StoreError> {
    run(url, sql).await
}

/// How many rows each table of a database holds, and a hash of them: for tests that claim that nothing changed.
pub async fn contents(url: &str) -> Result<BTreeMap<String, (i64, String)>, StoreError> {
    on(url, read_contents).await
}

async fn read_contents(client: Client) -> Result<BTreeMap<String, (i64, String)>, tokio_postgres::Error> {
    let mut contents = BTreeMap::new();
    for row in client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await? {
        let table: String = row.get("tablename");
        let sql = format!(
            "SELECT count(*) AS rows, md5(coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '')) AS hash FROM {} t",
            quoted(&table)
        );
        let row = client.query_one(&sql, &[]).await?;
        contents.insert(table, (row.get("rows"), row.get("hash")));
    }
    Ok(contents)
}

async fn run(url: &str, sql: &str) -> Result<(), StoreError> {
    on(url, |client| async move { client.batch_execute(sql).await }).await
}

/// Works on a connection of its own, which ends when `work` lets go of its client.
async fn on<T, F>(url: &str, work: impl FnOnce(Client) -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
{
    let unreachable = |error: tokio_postgres::Error| StoreError::Unavailable(error.into());
    let Opened { client, driver } = Connector::new(&url.into())?.open().await.map_err(unreachable)?;
    let (outcome, _) = futures_util::future::join(work(client), driver).await;
    outcome.map_err(unreachable)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
