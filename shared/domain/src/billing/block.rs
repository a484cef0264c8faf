//! What a seal of a ledger is the hash of: a text that anybody can write again from the entries and give to `sha256sum`.

use std::fmt::{self, Write};
use std::str::FromStr;

use jiff::Timestamp;
use thiserror::Error;

use crate::billing::EntryKind;
use crate::kernel::id::{MessageId, TenantId};
use crate::kernel::money::Money;

/// Entries of one block at most.
pub const BLOCK_ENTRIES_MAX: i64 = 1_000;

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SealHash(pub [u8; 32]);

impl SealHash {
    /// What the first seal of a ledger has for the one before it.
    pub const BEFORE_ALL: Self = Self([0; 32]);
}

impl fmt::Display for SealHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be 64 lower-case hexadecimal digits")]
pub struct NotAHash;

impl FromStr for SealHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 64 || !text.bytes().all(is_hex) {
            return Err(NotAHash);
        }
        let mut hash = [0; 32];
        for (byte, place) in hash.iter_mut().zip((0..64).step_by(2)) {
            let digits = text.get(place..place + 2).ok_or(NotAHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_digits| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

/// What of an entry is sealed. Nothing of it is about a person, so that the erasure of one breaks no seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockEntry {
    pub seq: i64,
    pub kind: EntryKind,
    pub amount: Money,
    pub balance_after: Money,
    pub message_id: Option<MessageId>,
    pub debit_seq: Option<i64>,
    pub recorded_at: Timestamp,
}

/// The text of a block: five lines about the block, then one for each entry. Amounts are in millionths and times in
/// microseconds since 1970; what an entry does not have is empty.
pub fn block_text(tenant: TenantId, number: i64, previous: SealHash, entries: &[BlockEntry]) -> String {
    let mut text = format!("tidings ledger block 1\n{tenant}\n{number}\n{previous}\n{}\n", entries.len());
    for entry in entries {
        let BlockEntry { seq, kind, amount, balance_after, message_id, debit_seq, recorded_at } = entry;
        let message = message_id.map(|id| id.to_string()).unwrap_or_default();
        let debit = debit_seq.map(|seq| seq.to_string()).unwrap_or_default();
        let (amount, balance, at) = (amount.micros(), balance_after.micros(), recorded_at.as_microsecond());
        // Writing into a text cannot fail.
        let _written = writeln!(text, "{seq},{kind},{amount},{balance},{message},{debit},{at}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proofs are kept for years and checked by other programs: the text does not change.
    #[test]
    fn the_text_of_a_block_is_always_the_same() {
        let entry = BlockEntry {
            seq: 7,
            kind: EntryKind::Refund,
            amount: Money::from_micros(12_000),
            balance_after: Money::from_micros(5_000_000),
            message_id: Some("01890000-0000-7000-8000-000000000002".parse().unwrap()),
            debit_seq: Some(3),
            recorded_at: "2026-11-01T00:00:00.000001Z".parse().unwrap(),
        };
        let top_up =
            BlockEntry { seq: 8, kind: EntryKind::TopUp, message_id: None, debit_seq: None, ..entry };
        let tenant = "01890000-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(
            block_text(tenant, 2, SealHash([0xab; 32]), &[entry, top_up]),
            format!(
                "tidings ledger block 1\n01890000-0000-7000-8000-000000000001\n2\n{}\n2\n\
                 7,REFUND,12000,5000000,01890000-0000-7000-8000-000000000002,3,1793491200000001\n\
                 8,TOPUP,12000,5000000,,,1793491200000001\n",
                "ab".repeat(32)
            )
        );
    }

    #[test]
    fn a_hash_is_read_as_it_is_written_and_in_no_other_way() {
        let hash = SealHash([0xf0; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "f0", &"F0".repeat(32), &"0x".repeat(32), &"f0".repeat(33), &"\u{e9}".repeat(32)] {
            assert_eq!(text.parse::<SealHash>(), Err(NotAHash), "{text}");
        }
    }
}
