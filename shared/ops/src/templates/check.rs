//! Asking Meta anew about a template: its approval may be lost, or a refused send contradicts what is stored.
//!
//! Who asks is a dispatch, which has the account's token: right after the refusal, or woken by the sweep, which finds
//! the rows. While a template is in doubt it is on hold, so that one change at Meta costs one message and not all that wait.

use domain::holds::{HoldReason, HoldTarget};
use domain::{TemplateStatus, TenantId, with_causes};
use jiff::{SignedDuration, Timestamp};
use meta::templates::RemoteTemplate;
use store::billing::wallet;
use store::templates::Answered;
use store::templates::checks::{self, Check};
use store::whatsapp::accounts::{self, Account};
use store::{Operation, StoreError, TenantTx, holds};

use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;
use crate::templates::at_meta::{AccountTemplates, Wording, answered};
use crate::whatsapp::token;

/// Templates of one tenant that are asked about in one go; the next dispatch asks about the rest.
const CHECKS_MAX: i64 = 20;
/// When a check is due again that Meta did not answer, or whose process ended.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// Asks Meta about the tenant's templates whose time has come; what is not begun by `until`, or fails, is left to a later
/// dispatch, for which the sweep asks.
pub async fn check_templates(platform: &Platform, tenant: TenantId, until: Timestamp) {
    if let Err(error) = check_all(platform, tenant, until).await {
        tracing::warn!(error = with_causes(&error), %tenant, "Templates were not checked; the sweep has it done later.");
    }
}

async fn check_all(platform: &Platform, tenant: TenantId, until: Timestamp) -> Result<(), StoreError> {
    let due = platform.store.perform(&platform.as_system(tenant), &TakeChecks {}).await?;
    let mut is_lifted = false;
    for (check, account) in due {
        if platform.clock.now() >= until {
            break;
        }
        // Without its token the account is paused, and asked again once it is connected again.
        let Some(token) = token::decrypt_or_pause(platform, tenant, &account).await? else { continue };
        let at_meta = AccountTemplates { platform, token, waba_id: &account.waba_id };
        let id = check.template.meta_template_id.as_deref();
        match at_meta.find(id, &wording(&check)).await {
            Ok(remote) => {
                let record = RecordCheck { check, remote };
                is_lifted |= platform.store.perform(&platform.as_system(tenant), &record).await?;
            }
            Err(error) => {
                tracing::warn!(
                    error = with_causes(&error), %tenant, template_id = %check.template.template_id,
                    "Meta could not be asked about a template; it is asked again in some minutes."
                );
            }
        }
    }
    if is_lifted {
        wake(platform, tenant, SignedDuration::ZERO).await;
    }
    Ok(())
}

fn wording(check: &Check) -> Wording<'_> {
    let template = &check.template;
    Wording {
        name: &template.name,
        language: &template.language,
        category: template.category,
        body: &template.body,
        variables: &template.variables,
    }
}

struct TakeChecks {}

impl Operation for TakeChecks {
    const NAME: &'static str = "take_template_checks";
    type Done = Vec<(Check, Account)>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<(Check, Account)>, StoreError> {
        let mut taken = Vec::new();
        for check in checks::take(tx, tx.now() + AGAIN, CHECKS_MAX).await? {
            // Its token is refused: Meta is asked when the account is connected again.
            let account = accounts::find(tx, &check.template.waba_id).await?;
            taken.extend(
                account.filter(|account| account.paused_reason.is_none()).map(|found| (check, found)),
            );
        }
        Ok(taken)
    }
}

struct RecordCheck {
    check: Check,
    remote: Option<RemoteTemplate>,
}

impl Operation for RecordCheck {
    const NAME: &'static str = "record_template_check";
    /// Whether a hold was lifted.
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StoreError> {
        // Holds follow: their lock comes first, as in everything that moves money.
        wallet::lock(tx).await?;
        let (template, wording) = (&self.check.template, wording(&self.check));
        let is_same = self.remote.as_ref().is_none_or(|remote| wording.is_same(remote));
        let words = self.remote.as_ref().filter(|_| !is_same).map(RemoteTemplate::words);
        let body = self.remote.as_ref().filter(|_| is_same).and_then(|remote| wording.body_by_meta(remote));
        let answer = self.answer(tx.now());
        if !checks::record(tx, &self.check, &answer, (words.as_deref(), body)).await? {
            return Ok(false);
        }
        let target = HoldTarget::Template(template.template_id);
        let why = match (&answer.status, &words) {
            (TemplateStatus::Approved, None) => {
                return holds::lift(tx, &target, HoldReason::Template).await;
            }
            (TemplateStatus::Approved, Some(_)) => "its words at Meta are not those of the template here",
            // Nothing waits for what was never approved.
            (TemplateStatus::Draft | TemplateStatus::Pending, _) if !self.check.is_doubted => {
                return Ok(false);
            }
            (status, _) => status.as_str(),
        };
        holds::place(tx, &target, HoldReason::Template, why, None).await?;
        Ok(false)
    }
}

impl RecordCheck {
    fn answer(&self, now: Timestamp) -> Answered {
        match self.remote.clone() {
            Some(remote) => answered(remote, self.check.submitted_at.unwrap_or(now), now),
            None => Answered {
                status: TemplateStatus::Deleted,
                reason: None,
                meta_id: None,
                category: None,
                check_at: None,
            },
        }
    }
}
