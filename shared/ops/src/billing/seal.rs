//! Sealing ledgers: a hash over each block of entries and over the seal before it.
//!
//! The sweeper seals, and not whoever books: a claim debits thousands of messages in one statement while it holds the wallet,
//! and a hash for each row there, each over the one before, could not be computed by that statement. Entries are never
//! changed, so a seal that comes a minute later proves the same from then on.

use domain::TenantId;
use domain::billing::{BLOCK_ENTRIES_MAX, BlockEntry, SealHash, block_text};
use jiff::Timestamp;
use store::billing::ledger::{Entry, Span};
use store::billing::seals::{self, Seal};
use store::billing::statements;
use store::{Operation, StoreError, TenantTx};

use crate::kernel::hash::sha256;
use crate::kernel::platform::Platform;

/// Seals every entry of a tenant that is not sealed, block by block until `until`; returns how many entries.
pub async fn seal(platform: &Platform, tenant: TenantId, until: Timestamp) -> Result<i64, StoreError> {
    let mut sealed = 0;
    loop {
        let block = platform.store.perform(&platform.as_system(tenant), &SealBlock).await?;
        sealed += block;
        if block < BLOCK_ENTRIES_MAX || platform.clock.now() >= until {
            return Ok(sealed);
        }
    }
}

struct SealBlock;

impl Operation for SealBlock {
    const NAME: &'static str = "seal_ledger";
    /// How many entries the block has; none when there are none, or when another process sealed them.
    type Done = i64;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<i64, StoreError> {
        let last = seals::last(tx).await?;
        let (number, after, previous) =
            last.map_or((0, 0, SealHash::BEFORE_ALL), |seal| (seal.number, seal.last_seq, seal.hash));
        let entries = statements::lines(tx, Span { after, before: i64::MAX }, BLOCK_ENTRIES_MAX).await?;
        let Some(last_seq) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        if last_seq - after != count {
            let what = format!("entries behind {after} have a gap before {last_seq}; they are not sealed");
            return Err(StoreError::Inconsistent { table: "ledger", what });
        }
        let entries: Vec<BlockEntry> = entries.iter().map(block_entry).collect();
        let hash = hash_of(tx.tenant(), number + 1, previous, &entries);
        let seal = Seal { number: number + 1, first_seq: after + 1, last_seq, hash };
        Ok(if seals::add(tx, &seal).await? { count } else { 0 })
    }
}

/// The hash of a block.
pub(crate) fn hash_of(tenant: TenantId, number: i64, previous: SealHash, entries: &[BlockEntry]) -> SealHash {
    let mut hash = SealHash::BEFORE_ALL;
    hash.0.copy_from_slice(&sha256(block_text(tenant, number, previous, entries).as_bytes()));
    hash
}

pub(crate) fn block_entry(entry: &Entry) -> BlockEntry {
    BlockEntry {
        seq: entry.seq,
        kind: entry.kind,
        amount: entry.amount,
        balance_after: entry.balance_after,
        message_id: entry.message_id,
        debit_seq: entry.debit_seq,
        recorded_at: entry.recorded_at,
    }
}
