//! What we charged for a message beside what Meta says that it charges.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::TenantId;
use crate::kernel::page::PagePosition;
use crate::kernel::words::words;

/// What a comparison of one debit with Meta's word finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// Both charge, in the same category; or neither does.
    Match,
    /// The tenant paid and Meta takes nothing.
    FreeAtMeta,
    /// Meta charges in another category than the tenant paid in.
    OtherCategory,
    /// The tenant paid nothing and Meta charges.
    NotCharged,
    /// The tenant got its money back and Meta charges.
    RefundedAndBilled,
    /// The tenant got its money back, and Meta takes nothing or has said nothing.
    Refunded,
    /// Meta has not said yet what it charges.
    NotSaid,
}

words! { Finding, UnknownFinding, "is not a finding of the reconciliation":
    Match = "MATCH",
    FreeAtMeta = "FREE_AT_META",
    OtherCategory = "OTHER_CATEGORY",
    NotCharged = "NOT_CHARGED",
    RefundedAndBilled = "REFUNDED_AND_BILLED",
    Refunded = "REFUNDED",
    NotSaid = "NOT_SAID",
}

/// The last tenant that a page of the reconciliation is about: tenants follow each other by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reconciled(pub TenantId);

impl fmt::Display for Reconciled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Reconciled {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl PagePosition for Reconciled {
    const LIST: &'static str = "reconciliation";
    const START: Self = Self(TenantId(Uuid::nil()));
}
