use crate::kernel::words::words;

/// What a ledger entry books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Credit that the tenant paid for.
    TopUp,
    /// The price of a message.
    Debit,
    /// A debit given back.
    Refund,
    /// A correction by the platform's owner, in either direction.
    Adjustment,
}

words! { EntryKind, UnknownEntryKind, "is not a kind of ledger entry":
    TopUp = "TOPUP",
    Debit = "DEBIT",
    Refund = "REFUND",
    Adjustment = "ADJUSTMENT",
}
