//! Why money is given back.

/// Why money is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundReason {
    /// Meta took the message and then failed to deliver it.
    Failed,
    /// Meta never took it.
    Rejected,
    /// Nobody ever learned what became of it.
    Unresolved,
    /// Taken back before it was sent.
    Withdrawn,
}

impl RefundReason {
    pub const ALL: [Self; 4] = [Self::Failed, Self::Rejected, Self::Unresolved, Self::Withdrawn];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Unresolved => "unresolved",
            Self::Withdrawn => "withdrawn",
        }
    }
}
