//! A business number while one dispatcher sends from it.

use domain::messages::Lane;
use domain::{ClaimId, PhoneNumberId, TenantId};
use jiff::Timestamp;
use secrecy::SecretString;
use store::delivery::claims::{Claim, ClaimRequest};
use store::delivery::leases;
use store::{Operation, StoreError};

use crate::delivery::call_stats::CallStats;
use crate::delivery::claim::{ClaimDue, Dispatched};
use crate::delivery::rate_limiter::RateLimiter;
use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;

/// Seconds of sending in one claim: long enough that the commits around it do not matter, and a small part of its lease.
const CLAIM_SECONDS: i64 = 5;
/// Messages in one claim, at least and at most.
const CLAIM_MESSAGES: (i64, i64) = (50, 1_000);

/// One number being sent from.
pub(crate) struct NumberSession<'a> {
    pub platform: &'a Platform,
    pub tenant: TenantId,
    pub number: PhoneNumberId,
    pub token: SecretString,
    /// Messages a second.
    pub rate: i32,
    pub rate_limiter: RateLimiter,
    pub stats: &'a CallStats,
    pub dispatched: Dispatched,
}

impl NumberSession<'_> {
    /// Runs an operation as the system, on the number's tenant.
    pub(crate) async fn perform<O: Operation>(&self, operation: &O) -> Result<O::Done, O::Error> {
        self.platform.store.perform(&self.platform.as_system(self.tenant), operation).await
    }

    /// Claims some seconds of what is due.
    pub(crate) async fn claim(&mut self, lease_until: Timestamp) -> Result<(ClaimId, Claim), StoreError> {
        let (least, most) = CLAIM_MESSAGES;
        self.claim_at_most((i64::from(self.rate) * CLAIM_SECONDS).clamp(least, most), None, lease_until).await
    }

    /// Claims what is due in the lanes that go before `lane`.
    pub(crate) async fn claim_before(
        &mut self,
        lane: Lane,
        limit: i64,
        lease_until: Timestamp,
    ) -> Result<(ClaimId, Claim), StoreError> {
        self.claim_at_most(limit, Some(lane), lease_until).await
    }

    async fn claim_at_most(
        &mut self,
        limit: i64,
        before: Option<Lane>,
        lease_until: Timestamp,
    ) -> Result<(ClaimId, Claim), StoreError> {
        let claim_id = ClaimId::at(self.platform.clock.now());
        let request = ClaimRequest { number: self.number.clone(), claim_id, limit, lease_until, before };
        let claim = self.perform(&ClaimDue { request }).await?;
        self.dispatched.count(&claim);
        Ok((claim_id, claim))
    }

    /// Whether a message waits in a lane that goes before this one.
    pub(crate) async fn is_higher_lane_waiting(&self, lane: Lane) -> Result<bool, StoreError> {
        self.perform(&DueBefore { number: self.number.clone(), lane }).await
    }
}

one_statement! {
    const NAME: &'static str = "due_before";
    struct DueBefore { number: PhoneNumberId, lane: Lane }
    fn run(&self, tx) -> bool { leases::due_before(tx, &self.number, self.lane) }
}
