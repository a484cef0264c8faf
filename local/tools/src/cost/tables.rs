//! The bill, as tables for a terminal or for `docs/cost.md`.

use std::fmt::Write;

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{Cell, CellAlignment, Table};

use super::counts::{Counts, Kind, Sample};
use super::model::{Bill, Design, bill, mixed, posts};
use super::pico::{Pico, grouped};
use super::prices::{FLOOR, FUNCTION_URL_REQUEST, HTTP_API_REQUEST};

/// A million messages.
pub const MILLION: u64 = 1_000_000;
/// Messages a month that are priced.
pub const VOLUMES: [(&str, u64); 3] = [("10 k", 10_000), ("1 M", MILLION), ("150 M", 150 * MILLION)];
/// Statuses in one POST, when Meta packs: what is shown as a saving.
const PACKED: u64 = 10;

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// With lines.
    Terminal,
    /// As in a document, with the counts behind.
    Markdown,
}

/// Everything that the counts come to.
pub fn report(sample: &Sample, style: Style) -> String {
    let mut text = String::new();
    let mut part = |title: &str, table: Table| {
        // Writing to a string cannot fail.
        write!(text, "### {title}\n\n{table}\n\n").unwrap_or_default();
    };
    part("Counted, per 1,000 messages", counted(sample, style));
    part("Per million messages behind the doors, line by line", lines(sample, style));
    part("Against the naive design, per million messages", ratios(sample, style));
    part("A month of the mix", months(sample, style));
    part("Meta's POSTs, per million messages", webhooks(sample, style));
    part("The floor of a month", floor(style));
    part("Transactions, per 1,000 messages of a campaign", transactions(&sample.campaign, style));
    if style == Style::Markdown {
        let counts = serde_json::to_string_pretty(sample).unwrap_or_default();
        write!(text, "### The counts\n\n```json\n{counts}\n```\n").unwrap_or_default();
    }
    text
}

fn table(style: Style, header: &[&str]) -> Table {
    let preset = if style == Style::Markdown { ASCII_MARKDOWN } else { UTF8_FULL_CONDENSED };
    let mut table = Table::new();
    table.load_preset(preset).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(table: &mut Table, first: &str, rest: impl IntoIterator<Item = String>) {
    table.add_row(std::iter::once(Cell::new(first)).chain(rest.into_iter().map(Cell::new)));
}

/// A count for each thousand messages, with one decimal.
fn per_thousand(count: u64, messages: u64) -> String {
    let tenths = (u128::from(count) * 10_000 + u128::from(messages) / 2) / u128::from(messages.max(1));
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

fn per_call(total: u64, calls: u64) -> String {
    if calls == 0 { "–".to_owned() } else { grouped(u128::from(total.div_ceil(calls))) }
}

fn percent(part: Pico, of: Pico) -> String {
    let per_mille = part.per_mille_of(of);
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

type Count = fn(&Counts) -> u64;
/// Milliseconds in all, and calls.
type Timed = fn(&Counts) -> (u64, u64);

fn counted(sample: &Sample, style: Style) -> Table {
    let names: Vec<&str> = std::iter::once("what").chain(Kind::ALL.map(Kind::name)).collect();
    let mut table = table(style, &names);
    let counts: [(&str, Count); 22] = [
        ("messages in the run", |counts| counts.messages),
        ("API requests", |counts| counts.accepts.count),
        ("schedules made", |counts| counts.schedules),
        ("events put", |counts| counts.events),
        ("dispatch invocations", |counts| counts.dispatches.count),
        ("dispatch milliseconds", |counts| counts.dispatches.milliseconds),
        ("wake-ups: SQS sends", |counts| counts.wake_ups.sends),
        ("wake-ups: receives, deletes", |counts| counts.wake_ups.taking()),
        ("statuses from Meta", |counts| counts.statuses),
        ("updates: receives", |counts| counts.updates.receives),
        ("updates: deletes", |counts| counts.updates.deletes),
        ("updates: invocations", |counts| counts.updates.invocations.count),
        ("refunds: SQS sends", |counts| counts.refunds.sends),
        ("refunds: receives, deletes", |counts| counts.refunds.taking()),
        ("refunds: invocations", |counts| counts.refunds.invocations.count),
        ("connections to Meta", |counts| counts.graph.connections),
        ("bytes to Meta", |counts| counts.graph.bytes_up),
        ("bytes from Meta", |counts| counts.graph.bytes_down),
        ("rows: attempts", |counts| counts.rows.attempts),
        ("rows: ledger entries", |counts| counts.rows.ledger_entries),
        ("rows: refunds of these", |counts| counts.rows.refunds),
        ("transactions", Counts::committed),
    ];
    for (index, (what, count)) in counts.into_iter().enumerate() {
        let cell = |kind: Kind| {
            let of = sample.of(kind);
            if index == 0 { grouped(of.messages.into()) } else { per_thousand(count(of), of.messages) }
        };
        row(&mut table, what, Kind::ALL.map(cell));
    }
    let here: [(&str, Timed); 4] = [
        ("ms here: a request", |counts| (counts.accepts.milliseconds, counts.accepts.count)),
        ("ms here: a webhook", |counts| (counts.webhooks.milliseconds, counts.webhooks.count)),
        ("ms here: an updates event", |counts| {
            (counts.updates.invocations.milliseconds, counts.updates.invocations.count)
        }),
        ("ms here: a refunds event", |counts| {
            (counts.refunds.invocations.milliseconds, counts.refunds.invocations.count)
        }),
    ];
    for (what, of) in here {
        row(
            &mut table,
            what,
            Kind::ALL.map(|kind| {
                let (milliseconds, calls) = of(sample.of(kind));
                per_call(milliseconds, calls)
            }),
        );
    }
    table
}

fn lines(sample: &Sample, style: Style) -> Table {
    let header = ["line", "campaign", "naive", "single, now", "single, scheduled", "the mix", "naive mix"];
    let mut table = table(style, &header);
    let of = |kind: Kind| bill(sample.of(kind), Design::Ours, MILLION);
    let bills = [
        of(Kind::Campaign),
        bill(&sample.campaign, Design::Naive, MILLION),
        of(Kind::Single),
        of(Kind::Scheduled),
        mixed(sample, Design::Ours, MILLION),
        mixed(sample, Design::Naive, MILLION),
    ];
    for (index, (name, _)) in Bill::default().lines().into_iter().enumerate() {
        let amount =
            |bill: &Bill| bill.lines().get(index).map(|(_, amount)| amount.dollars(4)).unwrap_or_default();
        row(&mut table, name, bills.iter().map(amount));
    }
    row(&mut table, "**sum**", bills.iter().map(|bill| bill.behind_the_doors().dollars(4)));
    row(&mut table, "the API's door", bills.iter().map(|bill| bill.door.dollars(4)));
    row(&mut table, "Meta's POSTs", bills.iter().map(|bill| bill.posts.dollars(4)));
    table
}

fn ratios(sample: &Sample, style: Style) -> Table {
    let header = ["messages", "ours", "naive", "ratio", "with the door", "statuses alone", "their ratio"];
    let mut table = table(style, &header);
    let bills = |design: Design| {
        let kinds = Kind::ALL.map(|kind| (kind.name(), bill(sample.of(kind), design, MILLION)));
        kinds.into_iter().chain([("the mix", mixed(sample, design, MILLION))])
    };
    let all = bills(Design::Ours).zip(bills(Design::OursUnpacked)).zip(bills(Design::Naive));
    for (((name, ours), (_, alone)), (_, naive)) in all {
        let (mine, theirs) = (ours.behind_the_doors(), naive.behind_the_doors());
        row(
            &mut table,
            name,
            [
                mine.dollars(4),
                theirs.dollars(4),
                percent(mine, theirs),
                percent(ours.with_the_door(), naive.with_the_door()),
                alone.behind_the_doors().dollars(4),
                percent(alone.behind_the_doors(), theirs),
            ],
        );
    }
    table
}

fn months(sample: &Sample, style: Style) -> Table {
    let mut table = table(style, &["a month", VOLUMES[0].0, VOLUMES[1].0, VOLUMES[2].0]);
    let of = |design: Design, part: fn(&Bill) -> Pico| {
        VOLUMES.map(|(_, volume)| part(&mixed(sample, design, volume)))
    };
    let shown = |amounts: [Pico; 3]| amounts.map(|amount| amount.dollars(2));
    let ours = of(Design::Ours, Bill::behind_the_doors);
    let naive = of(Design::Naive, Bill::behind_the_doors);
    let (door, meta) = (of(Design::Ours, |bill| bill.door), of(Design::Ours, |bill| bill.posts));
    row(&mut table, "ours, behind the doors", shown(ours));
    row(&mut table, "naive, behind the doors", shown(naive));
    row(&mut table, "the API's door, both", shown(door));
    row(&mut table, "Meta's POSTs, both", shown(meta));
    let (small, production) = floors();
    row(&mut table, "floor, small shape", shown([small; 3]));
    row(&mut table, "floor, production shape", shown([production; 3]));
    let whole = |floor: Pico| of(Design::Ours, Bill::whole).map(|amount| amount + floor);
    row(&mut table, "**everything, small**", shown(whole(small)));
    row(&mut table, "**everything, production**", shown(whole(production)));
    let naive_whole = of(Design::Naive, Bill::whole).map(|amount| amount + production);
    row(&mut table, "naive, everything, production", shown(naive_whole));
    table
}

fn floors() -> (Pico, Pico) {
    (FLOOR.iter().map(|part| part.small).sum(), FLOOR.iter().map(|part| part.production).sum())
}

fn webhooks(sample: &Sample, style: Style) -> Table {
    let mut table = table(style, &["Meta's POSTs", "POSTs", "cost", "saved"]);
    let Counts { statuses, messages, .. } = sample.campaign;
    let sent = statuses * MILLION / messages.max(1);
    let today = posts(sent, HTTP_API_REQUEST);
    for (name, count, door) in [
        ("HTTP API, one status each (as deployed)", sent, HTTP_API_REQUEST),
        ("function URL, one status each", sent, FUNCTION_URL_REQUEST),
        ("HTTP API, ten statuses each", sent.div_ceil(PACKED), HTTP_API_REQUEST),
        ("function URL, ten statuses each", sent.div_ceil(PACKED), FUNCTION_URL_REQUEST),
    ] {
        let cost = posts(count, door);
        row(&mut table, name, [grouped(count.into()), cost.dollars(2), (today - cost).dollars(2)]);
    }
    table
}

fn floor(style: Style) -> Table {
    let mut table = table(style, &["part", "small", "production", "reckoned"]);
    for part in FLOOR {
        row(&mut table, part.what, [part.small.dollars(2), part.production.dollars(2), part.how.to_owned()]);
    }
    let (small, production) = floors();
    row(&mut table, "**sum**", [small.dollars(2), production.dollars(2), String::new()]);
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    table
}

fn transactions(counts: &Counts, style: Style) -> Table {
    let mut table = table(style, &["operation", "commits"]);
    for (name, count) in counts.operations() {
        row(&mut table, &format!("`{name}`"), [per_thousand(count, counts.messages)]);
    }
    table
}
