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

/// What a ledger is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryGroup {
    Debit,
    /// Everything that is not a debit.
    Credit,
    TopUp,
    Refund,
    Adjustment,
}

words! { EntryGroup, UnknownEntryGroup, "must be DEBIT, CREDIT, TOPUP, REFUND or ADJUSTMENT":
    Debit = "DEBIT",
    Credit = "CREDIT",
    TopUp = "TOPUP",
    Refund = "REFUND",
    Adjustment = "ADJUSTMENT",
}

impl EntryGroup {
    pub const fn kinds(self) -> &'static [EntryKind] {
        match self {
            Self::Debit => &[EntryKind::Debit],
            Self::Credit => &[EntryKind::TopUp, EntryKind::Refund, EntryKind::Adjustment],
            Self::TopUp => &[EntryKind::TopUp],
            Self::Refund => &[EntryKind::Refund],
            Self::Adjustment => &[EntryKind::Adjustment],
        }
    }
}
