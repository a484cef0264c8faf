//! Claiming due messages under the balance lock.

use store::delivery::claims::{self, Claim, ClaimRequest};
use store::{Operation, StoreError, TenantTx};

/// Claims due messages under the balance lock: see [`store::delivery::claims`].
pub struct ClaimDue {
    pub request: ClaimRequest,
}

impl Operation for ClaimDue {
    const NAME: &'static str = "claim";
    type Done = Claim;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Claim, StoreError> {
        claims::claim(tx, &self.request).await
    }
}

/// What became of the due messages that a dispatch did not send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Messages that the balance did not cover.
    pub unfunded: usize,
    /// Messages that may never be sent.
    pub forbidden: usize,
    /// Messages that are on hold.
    pub held: usize,
}

impl Dispatched {
    pub(crate) fn count(&mut self, claim: &Claim) {
        self.add(Self { unfunded: claim.unfunded, forbidden: claim.forbidden, held: claim.held });
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.unfunded += other.unfunded;
        self.forbidden += other.forbidden;
        self.held += other.held;
    }
}
