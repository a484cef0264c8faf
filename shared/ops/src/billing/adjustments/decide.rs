//! A second person approves an adjustment, or it is rejected.

use domain::AdjustmentId;
use domain::billing::AdjustmentState;
use store::billing::{adjustments, wallet};
use store::{StoreError, SystemOperation, SystemTx, TenantTx};

use super::{AdjustError, Adjustment, book, check_room, person, record};
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;

/// Books an adjustment that another person asked for. Once: one that is booked is answered again as it is.
pub async fn approve(
    platform: &Platform,
    permit: &SuperAdmin,
    id: AdjustmentId,
) -> Result<Adjustment, AdjustError> {
    decide(platform, permit, id, Verdict::Approve).await
}

/// Ends an adjustment that waits; who asked for it may take it back so. One that is rejected is answered again as it is.
pub async fn reject(
    platform: &Platform,
    permit: &SuperAdmin,
    id: AdjustmentId,
) -> Result<Adjustment, AdjustError> {
    decide(platform, permit, id, Verdict::Reject).await
}

async fn decide(
    platform: &Platform,
    permit: &SuperAdmin,
    id: AdjustmentId,
    verdict: Verdict,
) -> Result<Adjustment, AdjustError> {
    platform.store.perform_system(&platform.system_act(permit), &Decide { id, verdict }).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Approve,
    Reject,
}

struct Decide {
    id: AdjustmentId,
    verdict: Verdict,
}

impl SystemOperation for Decide {
    const NAME: &'static str = "decide_adjustment";
    type Done = Adjustment;
    type Error = AdjustError;

    async fn run(&self, tx: &SystemTx) -> Result<Adjustment, AdjustError> {
        let tenant = adjustments::find(tx, self.id).await?.ok_or(AdjustError::NotFound)?.tenant_id;
        let tx = &tx.as_tenant(tenant);
        // The wallet before the request, as wherever money moves: of two decisions the second finds what the first wrote.
        let funds = wallet::funds(tx).await?.ok_or(AdjustError::NoTenant)?;
        let mut adjustment = adjustments::lock(tx, self.id).await?.ok_or(AdjustError::NotFound)?;
        let who = person(tx.actor())?;
        if self.verdict == Verdict::Approve && adjustment.requested_by == who {
            return Err(AdjustError::SamePerson);
        }
        if self.is_done(&adjustment)? {
            return Ok(adjustment);
        }
        adjustment.decided_by = Some(who);
        adjustment.decided_at = Some(tx.now());
        match self.verdict {
            Verdict::Approve => {
                check_room(funds, adjustment.amount)?;
                book(tx, &mut adjustment).await?;
            }
            Verdict::Reject => adjustment.state = AdjustmentState::Rejected,
        }
        self.write(tx, &adjustment).await?;
        Ok(adjustment)
    }
}

impl Decide {
    /// Whether it was decided like this before.
    fn is_done(&self, adjustment: &Adjustment) -> Result<bool, AdjustError> {
        let is = match adjustment.state {
            AdjustmentState::Pending => return Ok(false),
            AdjustmentState::Booked if self.verdict == Verdict::Approve => return Ok(true),
            AdjustmentState::Rejected if self.verdict == Verdict::Reject => return Ok(true),
            AdjustmentState::Booked => "is booked already: correct it with another adjustment",
            AdjustmentState::Rejected => "was rejected: ask for another one",
            AdjustmentState::Expired => "was not decided in time: ask for another one",
        };
        Err(AdjustError::TooLate(format!("the adjustment {is}")))
    }

    async fn write(&self, tx: &TenantTx, decided: &Adjustment) -> Result<(), StoreError> {
        adjustments::decide(tx, decided).await?;
        let action = match self.verdict {
            Verdict::Approve => "adjustment.approve",
            Verdict::Reject => "adjustment.reject",
        };
        record(tx, action, decided).await
    }
}
