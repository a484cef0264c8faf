//! The bill as tables, as in `docs/cost.md`.

use std::collections::BTreeSet;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use super::bill::{Bill, DELIVERY, Design, LINES, bill, meta_posts, mixed};
use super::counts::{Counts, KINDS, Sample};
use super::floor::{floor, parts};
use super::prices::{FUNCTION_URL_REQUEST, HTTP_API_REQUEST, Pico};

pub(super) const MILLION: u64 = 1_000_000;
/// Messages a month.
const VOLUMES: [(&str, u64); 3] = [("10 k", 10_000), ("1 M", MILLION), ("150 M", 150 * MILLION)];
/// Statuses in one POST when Meta packs.
const PACKED: u64 = 10;
const A_DOLLAR: Pico = 1_000_000_000_000;

/// The counts, and the tables that follow from them.
pub(super) fn report(sample: &Sample) -> String {
    let tables = [
        ("The counts", counts_table(sample)),
        ("Per million messages, line by line", lines(sample)),
        ("A month of the mix", months(sample)),
        ("Meta's POSTs, per million messages of a campaign", webhooks(sample)),
        ("The floor of a month", floor_table()),
    ];
    tables.map(|(title, table)| format!("### {title}\n\n{table}\n")).join("\n")
}

pub(super) type Row = Vec<String>;

pub(super) fn table(header: &[&str], rows: impl IntoIterator<Item = Row>) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

pub(super) fn row(first: &str, rest: impl IntoIterator<Item = String>) -> Row {
    std::iter::once(first.to_owned()).chain(rest).collect()
}

/// Rounded to the nearest.
pub(super) fn dollars(amount: Pico, decimals: usize) -> String {
    let unit = 10_u128.pow(u32::try_from(decimals).unwrap_or_default());
    let rounded = (amount * unit + A_DOLLAR / 2) / A_DOLLAR;
    format!("${}.{:0decimals$}", grouped(rounded / unit), rounded % unit)
}

/// In groups of three digits.
pub(super) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// Thousandths, rounded up: a ratio is never made to look better.
pub(super) fn per_mille(part: Pico, of: Pico) -> u128 {
    (part * 1_000).div_ceil(of.max(1))
}

fn percent(part: Pico, of: Pico) -> String {
    let per_mille = per_mille(part, of);
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

/// Our bill and the naive one of each kind and of the mix, their ratios, and what statuses cost that come alone.
fn lines(sample: &Sample) -> String {
    let of = |design: Design| {
        let kinds = sample.iter().map(move |counts| bill(counts, design, MILLION));
        kinds.chain([mixed(sample, design, MILLION)]).collect::<Vec<Bill>>()
    };
    let (ours, naive, alone) = (of(Design::Ours), of(Design::Naive), of(Design::StatusesAlone));
    let both = |name: &str, line: &dyn Fn(&Bill) -> Pico| {
        let cells = ours.iter().zip(&naive).flat_map(|(ours, naive)| [line(ours), line(naive)]);
        row(name, cells.map(|amount| dollars(amount, 4)))
    };
    let ratio = |name: &str, bills: &[Bill], part: fn(&Bill) -> Pico| {
        let ratios = bills.iter().zip(&naive).map(|(ours, naive)| percent(part(ours), part(naive)));
        row(name, ratios.flat_map(|ratio| [ratio, String::new()]))
    };
    let line = |index: usize, name: &str| both(name, &|bill| bill.0.get(index).copied().unwrap_or_default());
    let mut rows: Vec<Row> = LINES.iter().enumerate().map(|(index, name)| line(index, name)).collect();
    let others = rows.split_off(DELIVERY);
    rows.push(both("**delivery**", &Bill::delivery));
    rows.push(ratio("ours of naive", &ours, Bill::delivery));
    rows.push(row(
        "if every status comes alone",
        alone.iter().flat_map(|bill| [dollars(bill.delivery(), 4), String::new()]),
    ));
    rows.push(ratio("of naive", &alone, Bill::delivery));
    rows.extend(others);
    rows.push(ratio("delivery and API requests, of naive", &ours, Bill::with_api_requests));
    let names = KINDS.map(|(kind, _)| kind).into_iter().chain(["the mix"]);
    let header: Vec<String> = names.flat_map(|name| [name.to_owned(), "naive".to_owned()]).collect();
    let header: Vec<&str> = std::iter::once("line").chain(header.iter().map(String::as_str)).collect();
    table(&header, rows)
}

fn months(sample: &Sample) -> String {
    let (small, production) = floor();
    let month = |name: &str, design: Design, floor: Pico, part: fn(&Bill) -> Pico| {
        row(name, VOLUMES.map(|(_, volume)| dollars(part(&mixed(sample, design, volume)) + floor, 2)))
    };
    let rows = [
        month("ours, delivery", Design::Ours, 0, Bill::delivery),
        month("naive, delivery", Design::Naive, 0, Bill::delivery),
        month("API requests, both", Design::Ours, 0, Bill::api_requests),
        month("Meta's POSTs, both", Design::Ours, 0, Bill::meta_posts),
        month("floor, small shape", Design::Ours, small, |_| 0),
        month("floor, production shape", Design::Ours, production, |_| 0),
        month("**everything, small**", Design::Ours, small, Bill::total),
        month("**everything, production**", Design::Ours, production, Bill::total),
        month("naive, everything, production", Design::Naive, production, Bill::total),
    ];
    table(&["a month", VOLUMES[0].0, VOLUMES[1].0, VOLUMES[2].0], rows)
}

fn webhooks([campaign, ..]: &Sample) -> String {
    let sent = campaign.of("statuses") * MILLION / campaign.of("messages").max(1);
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

/// Each part in both shapes, and how it is reckoned.
fn floor_table() -> String {
    let cents = |amounts: [Pico; 2]| amounts.map(|amount| dollars(amount, 2));
    let (small, production) = floor();
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(["part", "small", "production", "reckoned"]);
    for part in parts() {
        let amounts = cents([part.small, part.production]);
        table.add_row(row(part.name, amounts.into_iter().chain([part.reckoned.to_owned()])));
    }
    table.add_row(row("**sum**", cents([small, production]).into_iter().chain([String::new()])));
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn counts_table(sample: &Sample) -> String {
    let header: Vec<&str> = std::iter::once("in the run").chain(KINDS.map(|(kind, _)| kind)).collect();
    let names: BTreeSet<&String> = sample.iter().flat_map(Counts::names).collect();
    let rows = names
        .into_iter()
        .map(|name| -> Row { row(name, sample.iter().map(|counts| grouped(counts.of(name).into()))) });
    table(&header, rows)
}
