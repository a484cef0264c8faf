//! `GET /billing/statement`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::billing::StatementLine;
use domain::problem::FieldError;
use domain::{Money, Month, Problem};
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse, Queried};
use ops::BillingReader;
use ops::billing::statement::{Statement, Sum};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::billing::entry::EntryOut;
use crate::billing::format::{Format, format_of};
use crate::billing::statement_csv::{PART_LINES_MAX, Part};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementQuery {
    /// A month in UTC.
    #[param(schema_with = schema::month_in_query, required = true)]
    month: Option<String>,
    /// `json` or `csv`; without it the header `Accept` decides.
    #[param(schema_with = schema::format_in_query)]
    format: Option<String>,
    /// Lines at most, of JSON; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `nextCursor` of the page before, or the cursor of the `Link` of the part before.
    cursor: Option<String>,
}

struct Asked {
    month: Month,
    format: Format,
    page: Cursor<StatementLine>,
    is_first: bool,
}

impl StatementQuery {
    fn read(self, headers: &HeaderMap) -> Result<Asked, Problem> {
        let mut wrong = Vec::new();
        let is_first = self.cursor.is_none();
        let page = PageQuery { limit: self.limit, cursor: self.cursor }.cursor(&mut wrong);
        let format = format_of(self.format.as_deref(), headers, &mut wrong);
        let month = self.month.ok_or_else(|| "is required, such as 2026-11".to_owned());
        match month.and_then(|text| text.parse().map_err(|error: domain::NotAMonth| error.to_string())) {
            Ok(month) if wrong.is_empty() => Ok(Asked { month, format, page, is_first }),
            Ok(_) => Err(Problem::invalid(wrong)),
            Err(why) => {
                wrong.push(FieldError::new("month", why));
                Err(Problem::invalid(wrong))
            }
        }
    }
}

/// How many entries of one kind, and what they add up to.
#[derive(Serialize, ToSchema)]
pub(crate) struct SumOut {
    entries: i64,
    #[schema(value_type = schema::Amount)]
    amount: Money,
}

impl From<Sum> for SumOut {
    fn from(sum: Sum) -> Self {
        Self { entries: sum.entries, amount: sum.amount }
    }
}

/// A month's statement: the opening balance and the four sums add up to the closing balance.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatementOut {
    month: String,
    #[schema(value_type = schema::Amount)]
    opening_balance: Money,
    top_ups: SumOut,
    /// Not positive.
    debits: SumOut,
    refunds: SumOut,
    adjustments: SumOut,
    #[schema(value_type = schema::Amount)]
    closing_balance: Money,
    /// A page of its entries, oldest first.
    lines: Page<EntryOut>,
}

impl StatementOut {
    fn of(month: Month, statement: &Statement) -> Self {
        let Statement { summary, lines, next } = statement;
        Self {
            month: month.to_string(),
            opening_balance: summary.opening_balance,
            top_ups: summary.top_ups.into(),
            debits: summary.debits.into(),
            refunds: summary.refunds.into(),
            adjustments: summary.adjustments.into(),
            closing_balance: summary.closing_balance,
            lines: Page::until(lines, next.map(StatementLine)),
        }
    }
}

/// The tenant's statement of a month.
///
/// As JSON, a page of lines at a time, or as CSV in parts of at most 10,000 lines. A part that is not the last has a `Link` to
/// the next (`rel="next"`), and all parts in order are one CSV file: the first has the header and the opening balance, the last
/// the sums and the closing balance.
#[utoipa::path(get, path = "/billing/statement", operation_id = "getStatement", tag = "billing", security(("bearer" = ["billing:read"])), params(StatementQuery), responses(
    (status = 200, content((StatementOut = "application/json"), (String = "text/csv")), headers(("Link" = Option<String>, description = "Of CSV: the next part"))),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn statement(
    State(app): State<App>,
    Allowed(permit): Allowed<BillingReader>,
    headers: HeaderMap,
    Queried(query): Queried<StatementQuery>,
) -> Result<Response, ProblemResponse> {
    let Asked { month, format, page, is_first } = query.read(&headers)?;
    let limit = if format == Format::Csv { PART_LINES_MAX } else { page.limit };
    let read = ops::billing::statement::statement(&app.platform, &permit, month, page.before.0, limit);
    let statement = read.await?;
    Ok(match format {
        Format::Json => Json(StatementOut::of(month, &statement)).into_response(),
        Format::Csv => Part { month, is_first, statement: &statement }.into_response()?,
    })
}
