//! A business number while one dispatch sends from it.

use domain::messages::Lane;
use domain::{ClaimId, PhoneNumberId, TenantId};
use jiff::Timestamp;
use store::delivery::claims::{Claim, ClaimRequest};
use store::delivery::leases::{Lease, Renewed};
use store::{Operation, StoreError};

use crate::delivery::calls::Calls;
use crate::delivery::claim::{ClaimDue, Dispatched};
use crate::delivery::number_lease::{DueBefore, Release, Renew};
use crate::delivery::rate_limiter::RateLimiter;
use crate::delivery::recorder::Findings;
use crate::delivery::retry::until_answered;
use crate::kernel::platform::Platform;

/// Seconds of sending in one claim: long enough that the commits around it do not matter, and a small part of its lease.
const CLAIM_SECONDS: i64 = 5;
/// Messages in one claim, at least and at most.
const CLAIM_MESSAGES: (i64, i64) = (50, 1_000);

/// One number being sent from.
pub(crate) struct NumberSession<'a> {
    pub platform: &'a Platform,
    pub tenant: TenantId,
    pub lease: Lease,
    /// Until when the number is this dispatch's.
    pub lease_until: Timestamp,
    /// When another dispatch is to go on.
    pub until: Timestamp,
    /// Messages a second.
    pub rate: i32,
    pub rate_limiter: RateLimiter,
    pub calls: Calls<'a>,
    pub findings: &'a Findings,
    pub dispatched: Dispatched,
}

/// Why a session starts nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its time is up, or the process is going down: another dispatch goes on.
    HandOver,
    /// The account is on hold, or outcomes cannot be recorded.
    Ended,
    /// Another dispatch has the number.
    LeaseLost,
}

impl NumberSession<'_> {
    /// Runs an operation as the system, on the number's tenant.
    pub(crate) async fn perform<O: Operation>(&self, operation: &O) -> Result<O::Done, O::Error> {
        self.platform.store.perform(&self.platform.as_system(self.tenant), operation).await
    }

    /// Runs an operation that changes nothing the second time, until it is answered.
    pub(crate) async fn insist<O>(&self, operation: &O) -> Result<O::Done, StoreError>
    where
        O: Operation<Error = StoreError>,
    {
        until_answered(self.platform, self.tenant, operation).await
    }

    pub(crate) fn number(&self) -> &PhoneNumberId {
        &self.lease.number
    }

    /// Whether to start nothing more, and why. Makes the number's lease last longer when half of it has passed.
    pub(crate) async fn must_stop(&mut self) -> Result<Option<Stop>, StoreError> {
        let now = self.platform.clock.now();
        if self.findings.is_paused() || self.findings.has_failed() {
            return Ok(Some(Stop::Ended));
        }
        if now >= self.until || self.platform.is_closing() {
            return Ok(Some(Stop::HandOver));
        }
        if self.lease_until > now + self.platform.timings.lease / 2 {
            return Ok(None);
        }
        Ok((self.renew().await? == Renewed::Lost).then_some(Stop::LeaseLost))
    }

    /// Makes the number's lease last longer.
    pub(crate) async fn renew(&mut self) -> Result<Renewed, StoreError> {
        let until = self.platform.clock.now() + self.platform.timings.lease;
        let renewed = self.insist(&Renew { lease: self.lease.clone(), until }).await?;
        if renewed == Renewed::Lost {
            tracing::warn!(number = %self.lease.number, "the number's lease was lost to another dispatcher");
        } else {
            self.lease_until = until;
        }
        Ok(renewed)
    }

    /// Gives the number back; `true` when it is still ours because another dispatch asked for it.
    pub(crate) async fn release(&self, in_any_case: bool) -> Result<bool, StoreError> {
        self.insist(&Release { lease: self.lease.clone(), in_any_case }).await
    }

    /// Claims some seconds of what is due.
    pub(crate) async fn claim(&mut self, claim_id: ClaimId) -> Result<(Claim, Timestamp), StoreError> {
        let (least, most) = CLAIM_MESSAGES;
        let limit = (i64::from(self.rate) * CLAIM_SECONDS).clamp(least, most);
        self.claim_at_most(claim_id, limit, None).await
    }

    /// Claims what is due in the lanes that go before `lane`, or in all of them.
    pub(crate) async fn claim_at_most(
        &mut self,
        claim_id: ClaimId,
        limit: i64,
        before: Option<Lane>,
    ) -> Result<(Claim, Timestamp), StoreError> {
        let lease_until = self.platform.clock.now() + self.platform.timings.lease;
        let request = ClaimRequest { number: self.number().clone(), claim_id, limit, lease_until, before };
        let claim = self.perform(&ClaimDue { request }).await?;
        self.dispatched.count(&claim);
        Ok((claim, lease_until))
    }

    /// Whether a message waits in a lane that goes before this one.
    pub(crate) async fn is_higher_lane_waiting(&self, lane: Lane) -> Result<bool, StoreError> {
        self.perform(&DueBefore { number: self.number().clone(), lane }).await
    }
}
