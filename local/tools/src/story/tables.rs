//! The tables at the end of a story.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Color, Table};
use store::testing::audit::{Finding, Sums};

use crate::story::outcome::Outcome;
use tidings::say::say;

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn mark(is_fine: bool) -> Cell {
    if is_fine { Cell::new("✓").fg(Color::Green) } else { Cell::new("✗").fg(Color::Red) }
}

fn number(value: impl ToString) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

pub(crate) fn outcomes(outcomes: &[Outcome]) {
    let mut table = table(&["recipient", "documented", "messages", "ended as", "refunded", ""]);
    for outcome in outcomes {
        let ended: Vec<String> =
            outcome.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
        table.add_row(vec![
            Cell::new(outcome.expected.recipient),
            Cell::new(outcome.expected.documented),
            number(outcome.messages),
            Cell::new(ended.join(", ")),
            number(outcome.refunded),
            mark(outcome.unexpected == 0),
        ]);
    }
    say(format!("\n{table}"));
}

pub(crate) fn sums(sums: &Sums) {
    let mut table = table(&["ledger", "amount"]);
    for (what, amount) in [
        ("top-ups", sums.top_ups),
        ("adjustments", sums.adjustments),
        ("debits", sums.debits),
        ("refunds", sums.refunds),
        ("balances", sums.balances),
    ] {
        table.add_row(vec![Cell::new(what), number(amount)]);
    }
    table.add_row(vec![Cell::new("entries"), number(sums.entries)]);
    table.add_row(vec![Cell::new("write-offs"), number(sums.write_offs)]);
    say(table);
}

pub(crate) fn findings(findings: &[Finding]) {
    let mut table = table(&["invariant", "violations", ""]);
    for finding in findings {
        table.add_row(vec![
            Cell::new(finding.invariant),
            number(finding.violations),
            mark(finding.violations == 0),
        ]);
    }
    say(table);
}

pub(crate) fn verdict(is_clean: bool) {
    say(if is_clean { "The audit is clean." } else { "The audit is NOT clean." });
}
