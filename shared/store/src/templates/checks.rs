//! Templates about which Meta is asked anew: their approval may be lost, or a refused send contradicts what is stored.

use domain::{Category, MessageId, TemplateId, TenantId};
use jiff::{SignedDuration, Timestamp};

use super::{Answered, Template, from_row};
use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params, uuids};
use crate::usage;

/// How long Meta's word about a template counts: a send that does not fit its words is the fault of that message then.
const TRUSTED: SignedDuration = SignedDuration::from_mins(10);
/// Wait before a template is asked about that Meta confirmed just before.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// Tenants found by one sweep; the next one finds the rest.
const TENANTS_MAX: i64 = 200;

pub(crate) const STATEMENTS: &[&str] = &[TENANTS, TAKE, RECORD, DOUBT];

const TENANTS: &str = "-- template_checks::tenants
SELECT DISTINCT tenant_id FROM templates WHERE check_at <= $1 LIMIT $2";

/// Tenants with templates about which Meta is to be asked.
pub async fn tenants(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(TENANTS, params![tx.now() => TIMESTAMPTZ, TENANTS_MAX => INT8]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

/// A template to ask about, as it was when it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub template: Template,
    pub submitted_at: Option<Timestamp>,
    /// Whether a refused send put it in doubt.
    pub is_doubted: bool,
    /// Meta's time of the status.
    said_at: Option<Timestamp>,
}

const TAKE: &str = "-- template_checks::take
UPDATE templates SET check_at = $3
 WHERE tenant_id = $1 AND check_at <= $2 AND template_id = ANY (ARRAY(
    SELECT t.template_id FROM templates t WHERE t.tenant_id = $1 AND t.check_at <= $2 ORDER BY t.check_at LIMIT $4))
RETURNING template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at,
          reason, content_at_meta, submitted_at, is_doubted, status_said_at";

/// Takes some of the checks that are due. Whatever becomes of them, they are due again at `again_at`.
pub async fn take(tx: &TenantTx, again_at: Timestamp, limit: i64) -> Result<Vec<Check>, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ, again_at => TIMESTAMPTZ, limit => INT8,
    ];
    let rows = tx.rows(TAKE, values).await?;
    let check = |row| {
        Ok(Check {
            template: from_row(row)?,
            submitted_at: row.get("submitted_at"),
            is_doubted: row.get("is_doubted"),
            said_at: row.get("status_said_at"),
        })
    };
    rows.iter().map(check).collect()
}

const RECORD: &str = "-- template_checks::record
UPDATE templates SET status = $3, reason = $4, meta_template_id = $5, category = coalesce($6, category), check_at = $7,
       content_at_meta = $8, body = coalesce($9, body), is_doubted = false, checked_at = $10,
       updated_at = CASE WHEN (status, content_at_meta) IS DISTINCT FROM ($3, $8) THEN $10 ELSE updated_at END
 WHERE tenant_id = $1 AND template_id = $2 AND status = $11 AND status_said_at IS NOT DISTINCT FROM $12";

/// Stores what Meta said; `false` when a notice of Meta's came since the check was taken, which is newer.
pub async fn record(
    tx: &TenantTx,
    check: &Check,
    answer: &Answered,
    (words_at_meta, body): (Option<&str>, Option<&str>),
) -> Result<bool, StoreError> {
    let template = &check.template;
    let values = params![
        tx.tenant().0 => UUID, template.template_id.0 => UUID, answer.status.as_str() => TEXT, answer.reason => TEXT,
        answer.meta_id => TEXT, answer.category.map(Category::as_str) => TEXT, answer.check_at => TIMESTAMPTZ,
        words_at_meta => TEXT, body => TEXT, tx.now() => TIMESTAMPTZ, template.status.as_str() => TEXT,
        check.said_at => TIMESTAMPTZ,
    ];
    let is_recorded = tx.run(RECORD, values).await? == 1;
    if is_recorded {
        usage::template_changed(tx, &template.status, &answer.status).await?;
    }
    Ok(is_recorded)
}

const DOUBT: &str = "-- template_checks::doubt
UPDATE templates t SET is_doubted = true, check_at = CASE WHEN t.checked_at > $4 THEN $5::timestamptz ELSE $3 END
  FROM (SELECT DISTINCT template_id FROM messages WHERE tenant_id = $1 AND message_id = ANY ($2)) AS m
 WHERE t.tenant_id = $1 AND t.template_id = m.template_id AND ($6 OR coalesce(t.checked_at <= $4, true))
RETURNING t.template_id";

/// Puts the templates of refused messages in doubt, and returns those that are. One that Meta confirmed just before is not,
/// unless Meta said that it does not let it be sent; about that Meta is asked once a minute.
pub async fn doubt(
    tx: &TenantTx,
    messages: &[MessageId],
    of_standing: bool,
) -> Result<Vec<TemplateId>, StoreError> {
    let (trusted, again) = (tx.now() - TRUSTED, tx.now() + AGAIN);
    let values = params![
        tx.tenant().0 => UUID, uuids(messages) => UUID_ARRAY, tx.now() => TIMESTAMPTZ, trusted => TIMESTAMPTZ,
        again => TIMESTAMPTZ, of_standing => BOOL,
    ];
    let rows = tx.rows(DOUBT, values).await?;
    Ok(rows.iter().map(|row| TemplateId(row.get("template_id"))).collect())
}
