//! `GET /admin/reconciliation`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::billing::Reconciled;
use domain::problem::FieldError;
use domain::{Day, NotADay, Problem};
use http_kit::csv::CsvPage;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse, Queried, page};
use ops::SuperAdmin;
use ops::billing::reconciliation::{Compared, Reconciliation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::billing::format::{Format, format_of};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReconciliationQuery {
    /// A day in UTC.
    #[param(schema_with = schema::day_in_query, required = true)]
    day: Option<String>,
    /// `json` or `csv`; without it the header `Accept` decides.
    #[param(schema_with = schema::format_in_query)]
    format: Option<String>,
    /// Tenants of one page at most; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `nextCursor` of the page before, or the cursor of its `Link`.
    cursor: Option<String>,
}

struct Asked {
    day: Day,
    format: Format,
    page: Cursor<Reconciled>,
}

impl ReconciliationQuery {
    fn read(self, headers: &HeaderMap) -> Result<Asked, Problem> {
        let mut wrong = Vec::new();
        let page = PageQuery { limit: self.limit, cursor: self.cursor }.cursor(&mut wrong);
        let format = format_of(self.format.as_deref(), headers, &mut wrong);
        let day = self.day.ok_or_else(|| "is required, such as 2026-11-30".to_owned());
        match day.and_then(|text| text.parse().map_err(|error: NotADay| error.to_string())) {
            Ok(day) if wrong.is_empty() => Ok(Asked { day, format, page }),
            Ok(_) => Err(Problem::invalid(wrong)),
            Err(why) => {
                wrong.push(FieldError::new("day", why));
                Err(Problem::invalid(wrong))
            }
        }
    }
}

/// Messages of one tenant, market and category that were debited on the day and of which the comparison finds the same.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComparedOut {
    tenant_id: Uuid,
    market: String,
    /// What the tenant was charged for.
    #[schema(value_type = schema::PricedCategory)]
    category: String,
    #[schema(value_type = schema::FindingWord)]
    finding: &'static str,
    /// Of `OTHER_CATEGORY`: Meta's word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_category: Option<String>,
    #[schema(minimum = 1)]
    messages: i64,
    /// What the tenant was charged for them, in millionths, before any refund.
    #[schema(minimum = 0)]
    charged_micros: i64,
    /// Some of them, five at most; none of a match.
    examples: Vec<Uuid>,
}

impl From<&Compared> for ComparedOut {
    fn from(compared: &Compared) -> Self {
        Self {
            tenant_id: compared.tenant.0,
            market: compared.market.clone(),
            category: compared.category.clone(),
            finding: compared.finding.as_str(),
            meta_category: compared.meta_category.clone(),
            messages: compared.messages,
            charged_micros: compared.charged_micros,
            examples: compared.examples.iter().map(|id| id.0).collect(),
        }
    }
}

const HEADER: &[&str] =
    &["tenantId", "market", "category", "finding", "metaCategory", "messages", "chargedMicros", "examples"];

impl ComparedOut {
    fn cells(self) -> Vec<String> {
        let examples: Vec<String> = self.examples.iter().map(Uuid::to_string).collect();
        vec![
            self.tenant_id.to_string(),
            self.market,
            self.category,
            self.finding.to_owned(),
            self.meta_category.unwrap_or_default(),
            self.messages.to_string(),
            self.charged_micros.to_string(),
            examples.join(" "),
        ]
    }
}

fn answer(asked: &Asked, found: &Reconciliation) -> Response {
    let next = found.next.map(Reconciled);
    if asked.format == Format::Json {
        return Json(Page::<ComparedOut>::until(&found.rows, next)).into_response();
    }
    let (day, limit) = (asked.day, asked.page.limit);
    let next = next
        .map(page::encode)
        .map(|cursor| format!("/admin/reconciliation?day={day}&format=csv&limit={limit}&cursor={cursor}"));
    CsvPage::new(HEADER, found.rows.iter().map(|row| ComparedOut::from(row).cells()), next).into_response()
}

/// What tenants were charged on a day in UTC, beside what Meta says that it charges.
///
/// Needs the role `SUPER_ADMIN`. Every debit of that day is in one row: a tenant's messages in one market and category of which
/// the comparison finds the same. `MATCH`: both charge in the same category, or neither does. `FREE_AT_META`: the tenant paid and
/// Meta takes nothing. `OTHER_CATEGORY`: Meta charges in another one. `NOT_CHARGED`: the tenant paid nothing and Meta charges.
/// `REFUNDED_AND_BILLED`: the tenant was refunded and Meta charges. `REFUNDED`: the tenant was refunded and Meta does not charge.
/// `NOT_SAID`: Meta has not said it yet. A page is about up to `limit` tenants. As CSV each page has the header, and its `Link`
/// leads to the next.
#[utoipa::path(get, path = "/admin/reconciliation", operation_id = "getReconciliation", tag = "admin", security(("bearer" = [])), params(ReconciliationQuery), responses(
    (status = 200, content((Page<ComparedOut> = "application/json"), (String = "text/csv")), headers(("Link" = Option<String>, description = "Of CSV: the next page"))),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn reconciliation(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    headers: HeaderMap,
    Queried(query): Queried<ReconciliationQuery>,
) -> Result<Response, ProblemResponse> {
    let asked = query.read(&headers)?;
    let (after, limit) = (asked.page.before.0, asked.page.limit);
    let compared =
        ops::billing::reconciliation::reconciliation(&app.platform, &permit, asked.day, after, limit);
    Ok(answer(&asked, &compared.await?))
}
