//! Meta's notices about templates, people and accounts. Each statement applies a notice only when no later one is known,
//! and a repeated one changes nothing (I19). Of two in one second the more severe one counts, in whichever order they arrive:
//! for a template by [`TemplateStatus::BY_SEVERITY`] and [`Category::ALL`]; a person who stops counts before one who resumes,
//! an account that is closed before one that is open, and one that was deleted before one that was disabled.

use domain::updates::{AccountUpdate, Decision, PreferenceUpdate, TemplateUpdate};
use domain::{Category, ContactId, TemplateId, TemplateStatus};
use jiff::Timestamp;

use crate::contacts::{self, consent};
use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};
use crate::usage;

/// Starts the reason of an account that Meta closed; its reopening finds the account by it.
const CLOSED: &str = "Meta closed the account";

pub(crate) const STATEMENTS: &[&str] = &[TEMPLATE_STATUS, TEMPLATE_CATEGORY, CLOSE, REOPEN];

// A template is found by Meta's id or, while the answer to its creation is not here yet, by its name and language. An
// older draft of that name is not the template that Meta means. Meta is asked about a template that is in doubt, of which
// no id is known, or that was rejected, because the reason is not here.
const TEMPLATE_STATUS: &str = "-- notices::template_status
UPDATE templates t SET status = $6, status_said_at = $7, updated_at = $8,
       reason = CASE WHEN t.status = $6 THEN reason END,
       check_at = CASE WHEN is_doubted OR meta_template_id IS NULL OR ($6 = 'REJECTED' AND t.status <> $6) THEN $8 END
  FROM (SELECT template_id, status FROM templates
         WHERE tenant_id = $1 AND waba_id = $2
           AND (meta_template_id = $3 OR (meta_template_id IS NULL AND name = $4 AND language = $5 AND submitted_at > $8::timestamptz - interval '15 minutes'))
           FOR NO KEY UPDATE) AS was
 WHERE t.tenant_id = $1 AND t.template_id = was.template_id
   AND coalesce((status_said_at, coalesce(array_position($9, t.status), 0)) < ($7, coalesce(array_position($9, $6), 0)),
                status_said_at IS NULL AND ($7 IS NOT NULL OR t.status <> $6))
RETURNING t.template_id, t.status, was.status AS was, is_doubted OR content_at_meta IS NOT NULL AS is_in_question";

const TEMPLATE_CATEGORY: &str = "-- notices::template_category
UPDATE templates SET category = $6, category_said_at = $7, updated_at = $8
 WHERE tenant_id = $1 AND waba_id = $2
   AND (meta_template_id = $3 OR (meta_template_id IS NULL AND name = $4 AND language = $5 AND submitted_at > $8::timestamptz - interval '15 minutes'))
   AND coalesce((category_said_at, array_position($9, category)) < ($7, array_position($9, $6)),
                category_said_at IS NULL AND ($7 IS NOT NULL OR category <> $6))
RETURNING template_id, status, status AS was, is_doubted OR content_at_meta IS NOT NULL AS is_in_question";

/// A template that a notice changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedTemplate {
    pub template_id: TemplateId,
    pub status: TemplateStatus,
    /// Its words at Meta are not ours, or Meta has to be asked whether they are: an approval does not let it go on.
    pub is_in_question: bool,
}

/// Applies a decision about a template; returns the templates that changed: none when the template is not ours or a later
/// decision is known.
pub async fn template(tx: &TenantTx, update: &TemplateUpdate) -> Result<Vec<ChangedTemplate>, StoreError> {
    let (sql, word, by_severity): (_, _, Vec<&str>) = match &update.decision {
        Decision::Status(status) => {
            let words = TemplateStatus::BY_SEVERITY.iter().map(TemplateStatus::as_str);
            (TEMPLATE_STATUS, status.as_str(), words.collect())
        }
        Decision::Category(category) => {
            (TEMPLATE_CATEGORY, category.as_str(), Category::ALL.map(Category::as_str).into())
        }
    };
    let values = params![
        tx.tenant().0 => UUID, update.waba_id.0 => TEXT, update.template_id => TEXT, update.name => TEXT,
        update.language => TEXT, word => TEXT, update.at => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ,
        by_severity => TEXT_ARRAY,
    ];
    let mut changed = Vec::new();
    for row in tx.rows(sql, values).await? {
        let (was, status) =
            ["was", "status"].map(|column| TemplateStatus::from(row.get::<_, &str>(column))).into();
        usage::template_changed(tx, &was, &status).await?;
        let template_id = TemplateId(row.get("template_id"));
        changed.push(ChangedTemplate { template_id, status, is_in_question: row.get("is_in_question") });
    }
    Ok(changed)
}

/// Applies what a person wants to every contact that has the number; returns how many that changes.
pub async fn preference(tx: &TenantTx, update: &PreferenceUpdate) -> Result<u64, StoreError> {
    let contacts = contacts::by_phone(tx, &update.phone).await?;
    if update.wants_messages {
        return consent::resume(tx, &contacts, update.at).await;
    }
    let stops: Vec<(ContactId, Option<Timestamp>)> =
        contacts.into_iter().map(|contact| (contact, update.at)).collect();
    consent::stop(tx, &stops).await
}

// A notice from before the account was connected (again) no longer applies. Of two reasons of one second the first in the
// alphabet counts, which is ACCOUNT_DELETED.
const CLOSE: &str = "-- notices::close
UPDATE whatsapp_accounts SET standing_said_at = $4,
       paused_reason = CASE WHEN paused_reason IS NULL THEN $3
                            WHEN starts_with(paused_reason, $5) AND (standing_said_at < $4 OR paused_reason > $3) THEN $3
                            ELSE paused_reason END
 WHERE tenant_id = $1 AND waba_id = $2 AND coalesce(connected_at <= $4, true)
   AND coalesce(standing_said_at <= $4, standing_said_at IS NULL)
RETURNING paused_reason";

const REOPEN: &str = "-- notices::reopen
UPDATE whatsapp_accounts SET standing_said_at = $4,
       paused_reason = CASE WHEN starts_with(paused_reason, $3) THEN NULL ELSE paused_reason END
 WHERE tenant_id = $1 AND waba_id = $2 AND coalesce(standing_said_at < $4, standing_said_at IS NULL)
RETURNING paused_reason";

/// Pauses an account that Meta closed, or ends that when Meta reopened it, unless the account is paused for another reason.
/// Returns why it is paused now, if it is; `None` when a later notice is known.
pub async fn account(tx: &TenantTx, update: &AccountUpdate) -> Result<Option<Option<String>>, StoreError> {
    let (tenant, waba_id) = (tx.tenant().0, update.waba_id.0.as_str());
    let row = if update.is_closed {
        let reason = format!("{CLOSED}: {}", update.reason);
        let values = params![tenant => UUID, waba_id => TEXT, reason => TEXT, update.at => TIMESTAMPTZ, CLOSED => TEXT];
        tx.row(CLOSE, values).await?
    } else {
        let values = params![tenant => UUID, waba_id => TEXT, CLOSED => TEXT, update.at => TIMESTAMPTZ];
        tx.row(REOPEN, values).await?
    };
    Ok(row.map(|row| row.get("paused_reason")))
}
