//! Message templates and what Meta says of them.

use domain::{Category, TemplateId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// A template as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its id.
    pub template_id: TemplateId,
    /// Meta's name of it.
    pub name: String,
    /// Meta's code, such as `en_US`.
    pub language: String,
    /// Sets price and priority.
    pub category: Category,
    /// Text with `{{1}}`, `{{2}}`, ….
    pub body: String,
    /// What the tenant calls the variables, in order.
    pub variables: Vec<String>,
    /// Meta's word: `APPROVED`, `PENDING`, `REJECTED`, …; `DRAFT` before Meta was asked.
    pub status: String,
    /// Meta's id of it.
    pub meta_template_id: Option<String>,
    /// The WhatsApp Business account that it belongs to.
    pub waba_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something about it last changed.
    pub updated_at: Timestamp,
}

impl Template {
    /// Whether Meta lets it be sent.
    pub fn is_approved(&self) -> bool {
        self.status == APPROVED
    }
}

/// The one status in which a template can be sent.
pub const APPROVED: &str = "APPROVED";
/// Not offered to Meta yet.
pub const DRAFT: &str = "DRAFT";
/// The unique index on a template's name and language.
pub const NAME_TAKEN: &str = "templates_name";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, REDRAFT, FIND, FIND_BY_NAME, LIST, SETTLE];

const INSERT: &str = "-- templates::insert
INSERT INTO templates (tenant_id, template_id, name, language, category, body, variables, status, meta_template_id, waba_id,
                       created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Adds a template; [`NAME_TAKEN`] refuses a second one of the same name and language.
pub async fn insert(tx: &TenantTx, template: &Template) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, template.template_id.0 => UUID, template.name => TEXT, template.language => TEXT,
        template.category.as_str() => TEXT, template.body => TEXT, template.variables => TEXT_ARRAY,
        template.status => TEXT, template.meta_template_id => TEXT, template.waba_id => TEXT,
        template.created_at => TIMESTAMPTZ, template.updated_at => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await
}

const REDRAFT: &str = "-- templates::redraft
UPDATE templates SET category = $3, body = $4, variables = $5, updated_at = $6
 WHERE tenant_id = $1 AND template_id = $2 AND status = 'DRAFT'";

/// Rewrites a draft, which Meta has not seen or has refused, before it is offered (again).
pub async fn redraft(tx: &TenantTx, template: &Template) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, template.template_id.0 => UUID, template.category.as_str() => TEXT, template.body => TEXT,
        template.variables => TEXT_ARRAY, template.updated_at => TIMESTAMPTZ,
    ];
    tx.run_one(REDRAFT, values).await
}

const FIND: &str = "-- templates::find
SELECT template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at
  FROM templates WHERE tenant_id = $1 AND template_id = $2";

/// A template of the tenant.
pub async fn find(tx: &TenantTx, template: TemplateId) -> Result<Option<Template>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, template.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const FIND_BY_NAME: &str = "-- templates::find_by_name
SELECT template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at
  FROM templates WHERE tenant_id = $1 AND name = $2 AND language = $3";

/// The tenant's template of that name and language.
pub async fn find_by_name(tx: &TenantTx, name: &str, language: &str) -> Result<Option<Template>, StoreError> {
    let row = tx.row(FIND_BY_NAME, params![tx.tenant().0 => UUID, name => TEXT, language => TEXT]).await?;
    row.as_ref().map(from_row).transpose()
}

const LIST: &str = "-- templates::list
SELECT template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at
  FROM templates WHERE tenant_id = $1 AND template_id < $2 ORDER BY tenant_id DESC, template_id DESC LIMIT $3";

/// Templates older than `before`, newest first.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<Template>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    rows.iter().map(from_row).collect()
}

const SETTLE: &str = "-- templates::settle
UPDATE templates SET status = CASE WHEN status = 'DRAFT' THEN $3 ELSE status END,
       category = CASE WHEN category_said_at IS NULL THEN coalesce($6, category) ELSE category END,
       meta_template_id = coalesce($4, meta_template_id), updated_at = $5
 WHERE tenant_id = $1 AND template_id = $2";

/// What Meta answered when a draft was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// Its status.
    pub status: &'a str,
    /// Its id at Meta, once known.
    pub meta_id: Option<&'a str>,
    /// The category that Meta gave it, and charges for: not always the one that was asked for.
    pub category: Option<Category>,
}

/// Stores what Meta answered. What a webhook said before the answer came is the later word, and stays.
pub async fn settle(tx: &TenantTx, template: TemplateId, said: Answered<'_>) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, template.0 => UUID, said.status => TEXT, said.meta_id => TEXT, tx.now() => TIMESTAMPTZ,
        said.category.map(Category::as_str) => TEXT,
    ];
    tx.run_one(SETTLE, values).await
}

fn from_row(row: &Row) -> Result<Template, StoreError> {
    let category: &str = row.get("category");
    Ok(Template {
        template_id: TemplateId(row.get("template_id")),
        name: row.get("name"),
        language: row.get("language"),
        category: category.parse().map_err(|error| StoreError::Inconsistent {
            table: "templates",
            what: format!("category {category} {error}"),
        })?,
        body: row.get("body"),
        variables: row.get("variables"),
        status: row.get("status"),
        meta_template_id: row.get("meta_template_id"),
        waba_id: row.get("waba_id"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}
