//! The proof that a ledger was not changed: its entries and seals, exported, and checked without the platform.

use domain::billing::{BlockEntry, EntryKind, SealHash};
use domain::{MessageId, Money, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use store::billing::ledger::Span;
use store::billing::seals::{self, Seal};
use store::billing::statements;
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::billing::seal::{block_entry, hash_of};
use crate::kernel::permit::BillingReader;
use crate::kernel::platform::Platform;

/// Entries of one page, unless its one block has more: of some 350 bytes each they stay below a third of what Lambda answers.
const PAGE_ENTRIES_MAX: i64 = 5_000;
/// Seals of one page; in a quiet ledger each covers a few entries.
const PAGE_SEALS_MAX: i64 = 500;

/// Some seals with the entries that they cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub tenant: TenantId,
    pub seals: Vec<Seal>,
    pub entries: Vec<BlockEntry>,
    /// The number of the last seal, when there are more.
    pub next: Option<i64>,
}

/// The seals behind number `after`. Entries that are not sealed yet are not in it.
pub async fn proof(platform: &Platform, permit: &BillingReader, after: i64) -> Result<Proof, StoreError> {
    platform.store.perform(&platform.act(permit), &Export { after }).await
}

struct Export {
    after: i64,
}

impl Operation for Export {
    const NAME: &'static str = "ledger_proof";
    type Done = Proof;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Proof, StoreError> {
        // One more than a page holds shows whether there is another.
        let mut seals = seals::list(tx, self.after, PAGE_SEALS_MAX + 1).await?;
        let found = seals.len();
        let before = seals.first().map_or(0, |seal| seal.first_seq - 1);
        let fitting = seals.iter().take_while(|seal| seal.last_seq - before <= PAGE_ENTRIES_MAX).count();
        seals.truncate(fitting.max(1).min(usize::try_from(PAGE_SEALS_MAX).unwrap_or(usize::MAX)));
        let until = seals.last().map_or(0, |seal| seal.last_seq);
        let entries =
            statements::lines(tx, Span { after: before, before: until + 1 }, until - before).await?;
        let next = seals.last().filter(|_| seals.len() < found).map(|seal| seal.number);
        Ok(Proof { tenant: tx.tenant(), entries: entries.iter().map(block_entry).collect(), seals, next })
    }
}

/// One page of an exported proof.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ProofPage {
    tenant_id: TenantId,
    seals: Vec<ExportedSeal>,
    entries: Vec<ExportedEntry>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ExportedSeal {
    number: i64,
    first_seq: i64,
    last_seq: i64,
    #[serde(deserialize_with = "word")]
    hash: SealHash,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ExportedEntry {
    seq: i64,
    #[serde(deserialize_with = "word")]
    kind: EntryKind,
    amount: Money,
    balance_after: Money,
    #[serde(default)]
    message_id: Option<MessageId>,
    #[serde(default)]
    debit_seq: Option<i64>,
    recorded_at: Timestamp,
}

impl From<ExportedEntry> for BlockEntry {
    fn from(entry: ExportedEntry) -> Self {
        let ExportedEntry { seq, kind, amount, balance_after, message_id, debit_seq, recorded_at } = entry;
        Self { seq, kind, amount, balance_after, message_id, debit_seq, recorded_at }
    }
}

fn word<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// What a proof that is right proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub tenant: TenantId,
    pub entries: i64,
    pub seals: i64,
    /// After the last sealed entry.
    pub balance: Money,
    /// Of the last seal: whoever kept the one of an earlier proof finds it in every later one.
    pub last_hash: SealHash,
}

/// The first thing that is wrong with a proof.
#[derive(Debug, Error)]
pub enum NotProven {
    #[error("the file is not an exported proof: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("the file is empty")]
    Empty,
    #[error("its pages are of two tenants, {0} and {1}")]
    OtherTenant(TenantId, TenantId),
    #[error("the proof is not complete: fetch the page behind the seal {0} and add it to the file")]
    Incomplete(i64),
    #[error("the seal {found} stands where the seal {expected} should be")]
    Seal { expected: i64, found: i64 },
    #[error("the seal {number} covers the entries {first} to {last}, and the one before it ends at {before}")]
    Cover { number: i64, first: i64, last: i64, before: i64 },
    #[error("the entry {expected} is missing")]
    Missing { expected: i64 },
    #[error("the entry {found} stands where the entry {expected} should be")]
    Order { expected: i64, found: i64 },
    #[error("the balance after the entry {seq} is {balance}, and the entries add up to {sum}")]
    Balance { seq: i64, balance: Money, sum: Money },
    #[error(
        "the seal {number} does not fit its entries {first} to {last}: one of them was changed, or the seal was"
    )]
    Hash { number: i64, first: i64, last: i64 },
    #[error("the entry {0} is covered by no seal")]
    Unsealed(i64),
}

/// Checks a proof: pages of `GET /billing/ledger/proof`, one after the other in a text.
pub fn verify(text: &str) -> Result<Verified, NotProven> {
    let mut verified: Option<Verified> = None;
    let mut last_seal_of_open_page = None;
    for page in serde_json::Deserializer::from_str(text).into_iter::<ProofPage>() {
        let page = page?;
        last_seal_of_open_page =
            page.next_cursor.as_ref().map(|_| page.seals.last().map_or(0, |seal| seal.number));
        let start = verified.unwrap_or(Verified {
            tenant: page.tenant_id,
            entries: 0,
            seals: 0,
            balance: Money::ZERO,
            last_hash: SealHash::BEFORE_ALL,
        });
        verified = Some(verify_page(start, page)?);
    }
    match (verified, last_seal_of_open_page) {
        (None, _) => Err(NotProven::Empty),
        (Some(_), Some(seal)) => Err(NotProven::Incomplete(seal)),
        (Some(verified), None) => Ok(verified),
    }
}

fn verify_page(mut so_far: Verified, page: ProofPage) -> Result<Verified, NotProven> {
    if page.tenant_id != so_far.tenant {
        return Err(NotProven::OtherTenant(so_far.tenant, page.tenant_id));
    }
    let mut entries = page.entries.into_iter().map(BlockEntry::from);
    for seal in page.seals {
        let ExportedSeal { number, first_seq: first, last_seq: last, hash } = seal;
        if number != so_far.seals + 1 {
            return Err(NotProven::Seal { expected: so_far.seals + 1, found: number });
        }
        if first != so_far.entries + 1 || last < first {
            return Err(NotProven::Cover { number, first, last, before: so_far.entries });
        }
        let mut block = Vec::new();
        for expected in first..=last {
            let entry = entries.next().ok_or(NotProven::Missing { expected })?;
            so_far.balance = follows(&entry, expected, so_far.balance)?;
            block.push(entry);
        }
        if hash_of(so_far.tenant, number, so_far.last_hash, &block) != hash {
            return Err(NotProven::Hash { number, first, last });
        }
        (so_far.seals, so_far.entries, so_far.last_hash) = (number, last, hash);
    }
    match entries.next() {
        Some(entry) => Err(NotProven::Unsealed(entry.seq)),
        None => Ok(so_far),
    }
}

/// Whether an entry is the next one; the balance after it.
fn follows(entry: &BlockEntry, expected: i64, balance: Money) -> Result<Money, NotProven> {
    if entry.seq == expected + 1 {
        return Err(NotProven::Missing { expected });
    }
    if entry.seq != expected {
        return Err(NotProven::Order { expected, found: entry.seq });
    }
    match balance.checked_add(entry.amount) {
        Some(sum) if sum == entry.balance_after => Ok(sum),
        sum => Err(NotProven::Balance {
            seq: entry.seq,
            balance: entry.balance_after,
            sum: sum.unwrap_or_default(),
        }),
    }
}
