//! Meta's notices about templates, people and accounts. Each statement applies a notice only when no later one is known,
//! and a repeated one changes nothing (I19). Of two in one second, for a template the word that is first in the alphabet
//! counts, so that an approval wins; for a person or an account the stricter one counts.

use domain::updates::{AccountUpdate, Decision, PreferenceUpdate, TemplateUpdate};
use domain::{Category, TemplateId, TemplateStatus};

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// Starts the reason of an account that Meta closed; its reopening finds the account by it.
const CLOSED: &str = "Meta closed the account";

pub(crate) const STATEMENTS: &[&str] = &[TEMPLATE_STATUS, TEMPLATE_CATEGORY, STOP, RESUME, CLOSE, REOPEN];

// A template is found by Meta's id or, while the answer to its creation is not here yet, by its name and language. An
// older draft of that name is not the template that Meta means.
const TEMPLATE_STATUS: &str = "-- notices::template_status
UPDATE templates SET status = $6, status_said_at = $7, updated_at = $8
 WHERE tenant_id = $1 AND waba_id = $2
   AND (meta_template_id = $3 OR (meta_template_id IS NULL AND name = $4 AND language = $5 AND updated_at > $8::timestamptz - interval '15 minutes'))
   AND coalesce((status_said_at, $6) < ($7, status), status_said_at IS NULL AND ($7 IS NOT NULL OR status <> $6))
RETURNING template_id, status";

const TEMPLATE_CATEGORY: &str = "-- notices::template_category
UPDATE templates SET category = $6, category_said_at = $7, updated_at = $8
 WHERE tenant_id = $1 AND waba_id = $2
   AND (meta_template_id = $3 OR (meta_template_id IS NULL AND name = $4 AND language = $5 AND updated_at > $8::timestamptz - interval '15 minutes'))
   AND coalesce((category_said_at, $6) < ($7, category), category_said_at IS NULL AND ($7 IS NOT NULL OR category <> $6))
RETURNING template_id, status";

/// Applies a decision about a template; returns the templates that changed, with their status: none when the template is
/// not ours or a later decision is known.
pub async fn template(
    tx: &TenantTx,
    update: &TemplateUpdate,
) -> Result<Vec<(TemplateId, TemplateStatus)>, StoreError> {
    let (sql, word) = match &update.decision {
        Decision::Status(status) => (TEMPLATE_STATUS, status.as_str()),
        Decision::Category(category) => (TEMPLATE_CATEGORY, Category::as_str(*category)),
    };
    let values = params![
        tx.tenant().0 => UUID, update.waba_id.0 => TEXT, update.template_id => TEXT, update.name => TEXT,
        update.language => TEXT, word => TEXT, update.at => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ,
    ];
    let rows = tx.rows(sql, values).await?;
    Ok(rows
        .iter()
        .map(|row| (TemplateId(row.get("template_id")), TemplateStatus::from(row.get::<_, &str>("status"))))
        .collect())
}

const STOP: &str = "-- notices::stop
UPDATE contacts SET opted_out_by_wish = opted_out_by_wish OR opted_out_at IS NULL,
       opted_out_at = coalesce(opted_out_at, $4), wish_said_at = $3
 WHERE tenant_id = $1 AND phone = $2 AND coalesce(wish_said_at <= $3, wish_said_at IS NULL)";

const RESUME: &str = "-- notices::resume
UPDATE contacts SET opted_out_at = CASE WHEN opted_out_by_wish THEN NULL ELSE opted_out_at END,
       opted_out_by_wish = false, wish_said_at = $3
 WHERE tenant_id = $1 AND phone = $2 AND coalesce(wish_said_at < $3, wish_said_at IS NULL)";

/// Applies what a person wants. A contact that the tenant opted out stays so.
pub async fn preference(tx: &TenantTx, update: &PreferenceUpdate) -> Result<u64, StoreError> {
    let phone = update.phone.as_str();
    if update.wants_messages {
        return tx.run(RESUME, params![tx.tenant().0 => UUID, phone => TEXT, update.at => TIMESTAMPTZ]).await;
    }
    let values =
        params![tx.tenant().0 => UUID, phone => TEXT, update.at => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ];
    tx.run(STOP, values).await
}

// A notice from before the account was connected (again) no longer applies.
const CLOSE: &str = "-- notices::close
UPDATE whatsapp_accounts SET paused_reason = coalesce(paused_reason, $3), standing_said_at = $4
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
    let (sql, words) = if update.is_closed {
        (CLOSE, format!("{CLOSED}: {}", update.reason))
    } else {
        (REOPEN, CLOSED.to_owned())
    };
    let values =
        params![tx.tenant().0 => UUID, update.waba_id.0 => TEXT, words => TEXT, update.at => TIMESTAMPTZ];
    Ok(tx.row(sql, values).await?.map(|row| row.get("paused_reason")))
}
