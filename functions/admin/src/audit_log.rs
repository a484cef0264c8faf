use api::schema;
use axum::Json;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::{AuditEntryId, TenantId};
use http_kit::Page;
use http_kit::csv::{self, CsvPage};
use jiff::Timestamp;
use ops::tenants::audit_log::Entry;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) mod all;
pub(crate) mod own;

/// One entry of the audit log. Entries never change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEntryOut {
    #[schema(value_type = Uuid)]
    id: AuditEntryId,
    /// Absent when it is the platform's own.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<TenantId>,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
    /// `user:<id>`, `key:<id>`, `system` or `meta`.
    #[schema(example = "user:0190163d-8694-739b-aea5-966c26f8ad91")]
    actor: String,
    /// An address, or the name that an operator gave.
    #[schema(example = "192.0.2.7")]
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[schema(example = "contacts.import")]
    action: String,
    /// What it was done to: a kind and an id.
    #[schema(example = "template:0190163d-8694-739b-aea5-966c26f8ad92")]
    subject: String,
    /// What it changed.
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<&Entry> for AuditEntryOut {
    fn from(entry: &Entry) -> Self {
        let Entry { entry_id, tenant_id, at, actor, source, action, subject, detail } = entry.clone();
        Self { id: entry_id, tenant_id, at, actor, source, action, subject, detail }
    }
}

const HEADER: &[&str] = &["at", "actor", "source", "action", "subject", "detail", "tenantId", "id"];

impl AuditEntryOut {
    fn cells(self) -> Vec<String> {
        let tenant = self.tenant_id.map(|tenant| tenant.to_string()).unwrap_or_default();
        let (at, detail, id) = (self.at.to_string(), self.detail.to_string(), self.id.to_string());
        vec![at, self.actor, self.source.unwrap_or_default(), self.action, self.subject, detail, tenant, id]
    }
}

/// As JSON, or as CSV for a caller that prefers it.
fn answer(headers: &HeaderMap, path: &str, entries: &[Entry], limit: i64) -> Response {
    let page: Page<AuditEntryOut> = Page::of(entries, limit, |entry| entry.entry_id);
    if !csv::is_preferred(headers) {
        return Json(page).into_response();
    }
    let next = page.next_cursor.map(|cursor| format!("{path}?limit={limit}&cursor={cursor}"));
    CsvPage::new(HEADER, page.data.into_iter().map(AuditEntryOut::cells), next).into_response()
}
