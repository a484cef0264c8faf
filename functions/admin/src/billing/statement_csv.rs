//! A month's statement as CSV, in parts that an answer can hold.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::billing::{EntryKind, StatementLine};
use domain::problem::Kind;
use domain::{Month, Problem};
use http_kit::csv::{MEDIA_TYPE, harmless};
use http_kit::page;
use ops::billing::read::Entry;
use ops::billing::statement::Statement;

use crate::billing::entry::{reason_of, type_of};

/// Lines of one part at most.
pub(crate) const PART_LINES_MAX: i64 = 10_000;
/// Bytes after which a part ends. Lambda answers at most 6,291,456 bytes (AWS: Lambda quotas), API Gateway's answer holds the
/// body as a JSON text, where each quote and line end takes two, and the last line adds some thousand.
const PART_BYTES_MAX: usize = 3_000_000;

const HEADER: [&str; 9] = [
    "type",
    "reason",
    "seq",
    "recordedAt",
    "amount",
    "balanceAfter",
    "messageId",
    "refundsSeq",
    "description",
];

/// One part of a month's statement.
pub(crate) struct Part<'a> {
    pub(crate) month: Month,
    /// Whether it begins the file.
    pub(crate) is_first: bool,
    pub(crate) statement: &'a Statement,
}

impl Part<'_> {
    pub(crate) fn into_response(self) -> Result<Response, Problem> {
        let (text, next) = self.write(PART_BYTES_MAX).map_err(|error| internal(&error))?;
        let name = format!("attachment; filename=\"statement-{}.csv\"", self.month);
        let mut response = text.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CONTENT_DISPOSITION, value(&name)?);
        if let Some(next) = next {
            let cursor = page::encode(StatementLine(next));
            let link =
                format!("</billing/statement?month={}&format=csv&cursor={cursor}>; rel=\"next\"", self.month);
            headers.insert(header::LINK, value(&link)?);
        }
        Ok(response)
    }

    /// The part as text, and the number of its last entry when it is not the last part.
    fn write(&self, bytes_max: usize) -> Result<(Vec<u8>, Option<i64>), csv::Error> {
        let Statement { summary, lines, next } = self.statement;
        let mut csv = csv::Writer::from_writer(Vec::new());
        if self.is_first {
            csv.write_record(HEADER)?;
            let balance = summary.opening_balance.to_string();
            csv.write_record(["OPENING_BALANCE", "", "", "", "", &balance, "", "", ""])?;
        }
        for line in lines {
            write_line(&mut csv, line)?;
            csv.flush()?;
            let is_last = next.is_none() && Some(line) == lines.last();
            if csv.get_ref().len() >= bytes_max && !is_last {
                return Ok((bytes_of(csv)?, Some(line.seq)));
            }
        }
        if next.is_none() {
            let sums = [
                (EntryKind::TopUp, summary.top_ups),
                (EntryKind::Debit, summary.debits),
                (EntryKind::Refund, summary.refunds),
                (EntryKind::Adjustment, summary.adjustments),
            ];
            for (kind, sum) in sums {
                let (amount, entries) = (sum.amount.to_string(), format!("{} entries", sum.entries));
                csv.write_record(["SUM", kind.as_str(), "", "", &amount, "", "", "", &entries])?;
            }
            let balance = summary.closing_balance.to_string();
            csv.write_record(["CLOSING_BALANCE", "", "", "", "", &balance, "", "", ""])?;
        }
        Ok((bytes_of(csv)?, *next))
    }
}

fn write_line(csv: &mut csv::Writer<Vec<u8>>, line: &Entry) -> Result<(), csv::Error> {
    let text = |value: Option<String>| value.unwrap_or_default();
    let refunds = line.debit_seq.filter(|_| line.kind == EntryKind::Refund);
    csv.write_record([
        type_of(line.kind),
        reason_of(line.kind).unwrap_or_default(),
        &line.seq.to_string(),
        &line.recorded_at.to_string(),
        &line.amount.to_string(),
        &line.balance_after.to_string(),
        &text(line.message_id.map(|id| id.0.to_string())),
        &text(refunds.map(|seq| seq.to_string())),
        &harmless(line.note.as_deref().unwrap_or_default()),
    ])
}

fn bytes_of(csv: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|error| internal(&error))
}

fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(error = domain::with_causes(error), "A statement could not be written as CSV.");
    Problem::new(Kind::Internal)
}
