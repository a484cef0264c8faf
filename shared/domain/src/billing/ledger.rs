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
    const START: Self = Self(i64::MAX);
}

/// The number of the last entry that a page of a statement showed: statements are read from the oldest entry on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementLine(pub i64);

impl fmt::Display for StatementLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StatementLine {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl PagePosition for StatementLine {
    const LIST: &'static str = "statement";
    const START: Self = Self(0);
}

/// The number of the last seal that a page of a proof showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealNumber(pub i64);

impl fmt::Display for SealNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SealNumber {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl PagePosition for SealNumber {
    const LIST: &'static str = "proof";
    const START: Self = Self(0);
}
