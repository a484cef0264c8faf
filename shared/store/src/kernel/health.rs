//! Whether the database takes writes.

use crate::kernel::error::StoreError;
use crate::kernel::pool::Store;
use crate::kernel::tx::{Tx, params};

/// Little memory, so that the rows of the check go to a file.
const OPENING: &str = "BEGIN; SET LOCAL work_mem = '64kB'; SET LOCAL statement_timeout = '3s'";
/// Rows of the check, about half a megabyte.
const ROWS: i32 = 20_000;

/// A commit in the write-ahead log and a file that has to grow, both without a row that stays: a full disk shows in the file
/// before it stops the log.
const WRITE: &str = "-- health::write
SELECT current_setting('transaction_read_only') = 'off' AS takes_writes,
       pg_logical_emit_message(true, 'tidings', 'health') IS NOT NULL AS is_logged,
       (SELECT count(*) FROM generate_series(1, $1)) AS rows";

pub(crate) const STATEMENTS: &[&str] = &[WRITE];

impl Store {
    /// Writes something that leaves nothing behind.
    pub async fn check_write(&self) -> Result<(), StoreError> {
        let tx = Tx::begin(self.connection().await?, OPENING).await?;
        let row = tx.row(WRITE, params![ROWS => INT4]).await?;
        let takes_writes = row.is_some_and(|row| row.get("takes_writes"));
        let unshared = std::sync::Arc::into_inner(tx);
        let outlived = || crate::kernel::tx::outlived("the check of a write");
        unshared.ok_or_else(outlived)?.finish("COMMIT").await?;
        if takes_writes { Ok(()) } else { Err(StoreError::Unavailable("the database is read-only".into())) }
    }
}
