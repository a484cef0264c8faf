//! Message templates and their status at Meta; [`checks`] asks Meta about them anew.

pub mod checks;

use domain::tenants::usage::Quantity;
use domain::{Category, TemplateId, TemplateStatus, WabaId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{TenantTx, params};
use crate::usage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub template_id: TemplateId,
    pub name: String,
    /// Meta's code, such as `en_US`.
    pub language: String,
    /// Sets price and priority.
    pub category: Category,
    /// Text with `{{1}}`, `{{2}}`, ….
    pub body: String,
    /// The tenant's names of the variables, in order.
    pub variables: Vec<String>,
    pub status: TemplateStatus,
    /// Meta's reason for the status, such as `INVALID_FORMAT`.
    pub reason: Option<String>,
    /// Meta's words, where they are not those of `body`.
    pub content_at_meta: Option<String>,
    /// Meta's id of the template.
    pub meta_template_id: Option<String>,
    pub waba_id: WabaId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Template {
    /// Whether Meta sends messages from it.
    pub fn is_approved(&self) -> bool {
        self.status.is_approved()
    }
}

/// The unique index on a template's name and language.
pub const NAME_TAKEN: &str = "templates_name";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, REDRAFT, REFUSED, FIND, FIND_BY_NAME, LIST, RECORD_ANSWER];

macro_rules! columns {
    () => {
        "template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at, reason, content_at_meta"
    };
}

const INSERT: &str = concat!(
    "-- templates::insert
INSERT INTO templates (tenant_id, ",
    columns!(),
    ", submitted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $12)"
);

/// Adds a template, if the plan allows one more; [`NAME_TAKEN`] refuses a second one of the same name and language.
pub async fn insert(tx: &TenantTx, template: &Template) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, template.template_id.0 => UUID, template.name => TEXT, template.language => TEXT,
        template.category.as_str() => TEXT, template.body => TEXT, template.variables => TEXT_ARRAY,
        template.status.as_str() => TEXT, template.meta_template_id => TEXT, template.waba_id.0 => TEXT,
        template.created_at => TIMESTAMPTZ, template.updated_at => TIMESTAMPTZ, template.reason => TEXT,
        template.content_at_meta => TEXT,
    ];
    tx.run_one(INSERT, values).await?;
    usage::take(tx, Quantity::Templates, 1).await
}

const REDRAFT: &str = "-- templates::redraft
UPDATE templates SET status = 'DRAFT', category = $3, body = $4, variables = $5, updated_at = $6, submitted_at = $6,
       variables_since = CASE WHEN variables <> $5 THEN $6 ELSE variables_since END,
       meta_template_id = CASE WHEN status = 'DELETED' THEN NULL ELSE meta_template_id END
 WHERE tenant_id = $1 AND template_id = $2 AND status = $7 AND status IN ('DRAFT', 'REJECTED', 'DELETED')";

/// Rewrites a template that Meta has not seen, has refused, has rejected or has deleted, before it is submitted (again).
/// `was` is its status until now.
pub async fn redraft(tx: &TenantTx, template: &Template, was: &TemplateStatus) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, template.template_id.0 => UUID, template.category.as_str() => TEXT, template.body => TEXT,
        template.variables => TEXT_ARRAY, template.updated_at => TIMESTAMPTZ, was.as_str() => TEXT,
    ];
    tx.run_one(REDRAFT, values).await?;
    // A deleted one is not counted.
    usage::take(tx, Quantity::Templates, usize::from(*was == TemplateStatus::Deleted)).await
}

const REFUSED: &str = "-- templates::refused
UPDATE templates SET submitted_at = NULL WHERE tenant_id = $1 AND template_id = $2";

/// Meta refused the submission: a notice about a template of that name is not about this one.
pub async fn refused(tx: &TenantTx, template: TemplateId) -> Result<(), StoreError> {
    tx.run_one(REFUSED, params![tx.tenant().0 => UUID, template.0 => UUID]).await
}

const FIND: &str = concat!(
    "-- templates::find
SELECT ",
    columns!(),
    "
  FROM templates WHERE tenant_id = $1 AND template_id = $2"
);

pub async fn find(tx: &TenantTx, template: TemplateId) -> Result<Option<Template>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, template.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const FIND_BY_NAME: &str = concat!(
    "-- templates::find_by_name
SELECT ",
    columns!(),
    "
  FROM templates WHERE tenant_id = $1 AND name = $2 AND language = $3"
);

pub async fn find_by_name(tx: &TenantTx, name: &str, language: &str) -> Result<Option<Template>, StoreError> {
    let row = tx.row(FIND_BY_NAME, params![tx.tenant().0 => UUID, name => TEXT, language => TEXT]).await?;
    row.as_ref().map(from_row).transpose()
}

const LIST: &str = concat!(
    "-- templates::list
SELECT ",
    columns!(),
    "
  FROM templates WHERE tenant_id = $1 AND template_id < $2 ORDER BY tenant_id DESC, template_id DESC LIMIT $3"
);

/// Templates older than `before`, newest first.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<Template>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    rows.iter().map(from_row).collect()
}

const RECORD_ANSWER: &str = "-- templates::record_answer
UPDATE templates t SET status = CASE WHEN t.status = 'DRAFT' OR content_at_meta IS NOT NULL THEN $3 ELSE t.status END,
       category = CASE WHEN category_said_at IS NULL THEN coalesce($6, category) ELSE category END,
       meta_template_id = coalesce($4, meta_template_id), updated_at = $5, body = $7, variables = $8, reason = $9,
       variables_since = CASE WHEN variables <> $8 THEN $5 ELSE variables_since END,
       content_at_meta = NULL, is_doubted = false, checked_at = NULL, check_at = $10
  FROM (SELECT status FROM templates WHERE tenant_id = $1 AND template_id = $2 FOR NO KEY UPDATE) AS was
 WHERE t.tenant_id = $1 AND t.template_id = $2
RETURNING t.status, was.status AS was";

/// What Meta answered when a draft was submitted, or about a template that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: TemplateStatus,
    /// Meta's reason for the status.
    pub reason: Option<String>,
    /// Meta's id of the template, once known.
    pub meta_id: Option<String>,
    /// The category that Meta gave it, and charges for: not always the one that was asked for.
    pub category: Option<Category>,
    /// When Meta is asked again, if it is to be.
    pub check_at: Option<Timestamp>,
}

/// Stores what Meta answered about a template with these words; returns the status. A webhook that came before the answer is
/// newer and is not overwritten.
pub async fn record_answer(
    tx: &TenantTx,
    template: TemplateId,
    (body, variables): (&str, &[String]),
    answer: &Answered,
) -> Result<TemplateStatus, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, template.0 => UUID, answer.status.as_str() => TEXT, answer.meta_id => TEXT,
        tx.now() => TIMESTAMPTZ, answer.category.map(Category::as_str) => TEXT, body => TEXT, variables => TEXT_ARRAY,
        answer.reason => TEXT, answer.check_at => TIMESTAMPTZ,
    ];
    let row = tx.row(RECORD_ANSWER, values).await?;
    let gone =
        || StoreError::Inconsistent { table: "templates", what: format!("{template} no longer exists") };
    let row = row.ok_or_else(gone)?;
    let (was, is) = ["was", "status"].map(|column| TemplateStatus::from(row.get::<_, &str>(column))).into();
    usage::template_changed(tx, &was, &is).await?;
    Ok(is)
}

fn from_row(row: &Row) -> Result<Template, StoreError> {
    Ok(Template {
        template_id: TemplateId(row.get("template_id")),
        name: row.get("name"),
        language: row.get("language"),
        category: word(row, "templates", "category")?,
        body: row.get("body"),
        variables: row.get("variables"),
        status: TemplateStatus::from(row.get::<_, &str>("status")),
        reason: row.get("reason"),
        content_at_meta: row.get("content_at_meta"),
        meta_template_id: row.get("meta_template_id"),
        waba_id: WabaId(row.get("waba_id")),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}
