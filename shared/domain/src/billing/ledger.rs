//! Entries of a tenant's ledger are numbered without gaps.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use crate::kernel::page::PagePosition;

/// An entry's number in its tenant's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerSeq(pub i64);

impl fmt::Display for LedgerSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LedgerSeq {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl PagePosition for LedgerSeq {
    const LIST: &'static str = "ledger";
    const NEWEST: Self = Self(i64::MAX);
}
