use crate::kernel::words::words;

/// Why money is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundReason {
    /// Meta took the message and then failed to deliver it.
    Failed,
    /// Meta never took it.
    Rejected,
    /// No answer and no status came within the horizon.
    Unresolved,
    /// Taken back before it was sent.
    Withdrawn,
}

words! { RefundReason, UnknownRefundReason, "is not a reason for a refund":
    Failed = "failed",
    Rejected = "rejected",
    Unresolved = "unresolved",
    Withdrawn = "withdrawn",
}
