//! The bill as tables, as in `docs/cost.md`.

use std::cmp::Reverse;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use super::bill::{Bill, Design, LINES, bill, meta_posts, mixed};
use super::counts::{Calls, Counts, KINDS, Sample};
use super::prices::{FLOOR, FUNCTION_URL_REQUEST, HTTP_API_REQUEST, Pico, floor};

pub(super) const MILLION: u64 = 1_000_000;
/// Messages a month.
const VOLUMES: [(&str, u64); 3] = [("10 k", 10_000), ("1 M", MILLION), ("150 M", 150 * MILLION)];
/// Statuses in one POST when Meta packs.
const PACKED: u64 = 10;
const A_DOLLAR: Pico = 1_000_000_000_000;

/// All tables, and the counts that they follow from.
pub(super) fn report(sample: &Sample) -> String {
    let tables = [
        ("Counted, per 1,000 messages", counted(sample)),
        ("Processing a million messages, line by line", lines(sample)),
        ("Against the naive design, per million messages", ratios(sample)),
        ("A month of the mix", months(sample)),
        ("Meta's POSTs, per million messages", webhooks(sample)),
        ("The floor of a month", fixed()),
        ("Transactions, per 1,000 messages of a campaign", transactions(&sample.campaign)),
    ];
    let text = tables.map(|(title, table)| format!("### {title}\n\n{table}\n\n")).concat();
    let counts = serde_json::to_string_pretty(sample).unwrap_or_default();
    format!("{text}### The counts\n\n```json\n{counts}\n```\n")
}

type Row = Vec<String>;
type Count = fn(&Counts) -> u64;
type Timed = fn(&Counts) -> Calls;

fn table(header: &[&str], rows: impl IntoIterator<Item = Row>) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(first: &str, rest: impl IntoIterator<Item = String>) -> Row {
    std::iter::once(first.to_owned()).chain(rest).collect()
}

/// Rounded to the nearest.
pub(super) fn dollars(amount: Pico, decimals: usize) -> String {
    let unit = 10_u128.pow(u32::try_from(decimals).unwrap_or_default());
    let rounded = (amount * unit + A_DOLLAR / 2) / A_DOLLAR;
    format!("${}.{:0decimals$}", grouped(rounded / unit), rounded % unit)
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// Thousandths, rounded up: a ratio is never made to look better.
pub(super) fn per_mille(part: Pico, of: Pico) -> u128 {
    (part * 1_000).div_ceil(of.max(1))
}

fn percent(part: Pico, of: Pico) -> String {
    let per_mille = per_mille(part, of);
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

fn per_thousand(count: u64, messages: u64) -> String {
    let tenths = (u128::from(count) * 10_000 + u128::from(messages) / 2) / u128::from(messages.max(1));
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

fn counted(sample: &Sample) -> Table {
    let names: Vec<&str> = std::iter::once("what").chain(KINDS.map(|(name, _)| name)).collect();
    let per_thousand: [(&str, Count); 21] = [
        ("API requests", |c| c.requests.count),
        ("schedules made", |c| c.schedules),
        ("events put", |c| c.events),
        ("dispatch invocations", |c| c.dispatches.count),
        ("dispatch milliseconds", |c| c.dispatches.milliseconds),
        ("wake-ups: SQS sends", |c| c.wake_ups.sends),
        ("wake-ups: receives, deletes", |c| c.wake_ups.receives_and_deletes()),
        ("statuses from Meta", |c| c.statuses),
        ("updates: receives", |c| c.updates.receives),
        ("updates: deletes", |c| c.updates.deletes),
        ("updates: invocations", |c| c.updates.invocations.count),
        ("refunds: SQS sends", |c| c.refunds.sends),
        ("refunds: receives, deletes", |c| c.refunds.receives_and_deletes()),
        ("refunds: invocations", |c| c.refunds.invocations.count),
        ("connections to Meta", |c| c.connections),
        ("bytes to Meta", |c| c.bytes_up),
        ("bytes from Meta", |c| c.bytes_down),
        ("rows: attempts", |c| c.attempts),
        ("rows: ledger entries", |c| c.ledger_entries),
        ("rows: refunds of these", |c| c.refunds_paid),
        ("transactions", |c| c.transactions.values().sum()),
    ];
    let milliseconds: [(&str, Timed); 4] = [
        ("ms here: a request", |c| c.requests),
        ("ms here: a webhook", |c| c.webhooks),
        ("ms here: an updates event", |c| c.updates.invocations),
        ("ms here: a refunds event", |c| c.refunds.invocations),
    ];
    let first = row("messages in the run", sample.all().map(|counts| grouped(counts.messages.into())));
    let counts = per_thousand.map(|(what, count)| {
        row(what, sample.all().map(|counts| self::per_thousand(count(counts), counts.messages)))
    });
    let times = milliseconds.map(|(what, calls)| {
        let mean = |calls: Calls| match calls.count {
            0 => "–".to_owned(),
            count => grouped(calls.milliseconds.div_ceil(count).into()),
        };
        row(what, sample.all().map(|counts| mean(calls(counts))))
    });
    table(&names, std::iter::once(first).chain(counts).chain(times))
}

fn lines(sample: &Sample) -> Table {
    let header = ["line", "campaign", "naive", "single, now", "single, scheduled", "the mix", "naive mix"];
    let ours = |counts: &Counts| bill(counts, Design::Ours, MILLION);
    let bills = [
        ours(&sample.campaign),
        bill(&sample.campaign, Design::Naive, MILLION),
        ours(&sample.single),
        ours(&sample.scheduled),
        mixed(sample, Design::Ours, MILLION),
        mixed(sample, Design::Naive, MILLION),
    ];
    let mut rows: Vec<Row> = LINES
        .iter()
        .enumerate()
        .map(|(line, name)| row(name, bills.iter().filter_map(|bill| Some(dollars(*bill.0.get(line)?, 4)))))
        .collect();
    rows.insert(8, row("**processing**", bills.map(|bill| dollars(bill.processing(), 4))));
    table(&header, rows)
}

fn ratios(sample: &Sample) -> Table {
    let header =
        ["messages", "ours", "naive", "ratio", "with the API request", "statuses alone", "their ratio"];
    let bills = |design: Design| {
        let kinds = sample.all().map(|counts| bill(counts, design, MILLION)).into_iter();
        kinds.chain([mixed(sample, design, MILLION)])
    };
    let names = KINDS.map(|(name, _)| name).into_iter().chain(["the mix"]);
    let all = names.zip(bills(Design::Ours)).zip(bills(Design::StatusesAlone)).zip(bills(Design::Naive));
    let rows = all.map(|(((name, ours), alone), naive)| {
        let naive_processing = naive.processing();
        let cells = [
            dollars(ours.processing(), 4),
            dollars(naive_processing, 4),
            percent(ours.processing(), naive_processing),
            percent(ours.with_api_request(), naive.with_api_request()),
            dollars(alone.processing(), 4),
            percent(alone.processing(), naive_processing),
        ];
        row(name, cells)
    });
    table(&header, rows)
}

fn months(sample: &Sample) -> Table {
    let (small, production) = floor();
    let part = |name: &str, design: Design, floor: Pico, part: fn(&Bill) -> Pico| {
        row(name, VOLUMES.map(|(_, volume)| dollars(part(&mixed(sample, design, volume)) + floor, 2)))
    };
    let nothing: fn(&Bill) -> Pico = |_| 0;
    let rows = [
        part("ours, processing", Design::Ours, 0, Bill::processing),
        part("naive, processing", Design::Naive, 0, Bill::processing),
        part("the API request, both", Design::Ours, 0, Bill::api_request),
        part("Meta's POSTs, both", Design::Ours, 0, Bill::meta_posts),
        part("floor, small shape", Design::Ours, small, nothing),
        part("floor, production shape", Design::Ours, production, nothing),
        part("**everything, small**", Design::Ours, small, Bill::total),
        part("**everything, production**", Design::Ours, production, Bill::total),
        part("naive, everything, production", Design::Naive, production, Bill::total),
    ];
    table(&["a month", VOLUMES[0].0, VOLUMES[1].0, VOLUMES[2].0], rows)
}

fn webhooks(sample: &Sample) -> Table {
    let sent = sample.campaign.statuses * MILLION / sample.campaign.messages.max(1);
    let today = meta_posts(sent, HTTP_API_REQUEST);
    let rows = [
        ("HTTP API, one status each (as deployed)", sent, HTTP_API_REQUEST),
        ("function URL, one status each", sent, FUNCTION_URL_REQUEST),
        ("HTTP API, ten statuses each", sent.div_ceil(PACKED), HTTP_API_REQUEST),
        ("function URL, ten statuses each", sent.div_ceil(PACKED), FUNCTION_URL_REQUEST),
    ]
    .map(|(name, posts, price)| {
        let cost = meta_posts(posts, price);
        row(name, [grouped(posts.into()), dollars(cost, 2), dollars(today.saturating_sub(cost), 2)])
    });
    table(&["Meta's POSTs", "POSTs", "cost", "saved"], rows)
}

fn fixed() -> Table {
    let (small, production) = floor();
    let parts = FLOOR.into_iter().chain([("**sum**", small, production, "")]);
    let rows = parts.map(|(what, small, production, how)| {
        row(what, [dollars(small, 2), dollars(production, 2), how.to_owned()])
    });
    let mut table = table(&["part", "small", "production", "calculation"], rows);
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    table
}

fn transactions(counts: &Counts) -> Table {
    let mut operations: Vec<(&String, &u64)> = counts.transactions.iter().collect();
    operations.sort_by_key(|(name, count)| (Reverse(**count), *name));
    let rows = operations
        .into_iter()
        .map(|(name, count)| row(&format!("`{name}`"), [per_thousand(*count, counts.messages)]));
    table(&["operation", "commits"], rows)
}
