//! The tables at the end of a story.

use comfy_table::{Cell, CellAlignment, Color};
use store::operators::audit::{Finding, Sums};

use crate::story::outcome::Outcome;
use tidings::say::say;
use tidings::table::table;

fn mark(is_fine: bool) -> Cell {
    if is_fine { Cell::new("✓").fg(Color::Green) } else { Cell::new("✗").fg(Color::Red) }
}

fn number(value: impl ToString) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

pub(crate) fn outcomes(outcomes: &[Outcome]) {
    let mut shown = table(&["recipient", "documented", "messages", "ended as", "refunded", ""]);
    for outcome in outcomes {
        let ended: Vec<String> =
            outcome.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
        shown.add_row(vec![
            Cell::new(outcome.expected.recipient),
            Cell::new(outcome.expected.documented),
            number(outcome.messages),
            Cell::new(ended.join(", ")),
            number(outcome.refunded),
            mark(outcome.unexpected == 0),
        ]);
    }
    say(format!("\n{shown}"));
}

pub(crate) fn sums(sums: &Sums) {
    let mut shown = table(&["ledger", "amount"]);
    for (what, amount) in [
        ("top-ups", sums.top_ups),
        ("adjustments", sums.adjustments),
        ("debits", sums.debits),
        ("refunds", sums.refunds),
        ("balances", sums.balances),
    ] {
        shown.add_row(vec![Cell::new(what), number(amount)]);
    }
    shown.add_row(vec![Cell::new("entries"), number(sums.entries)]);
    shown.add_row(vec![Cell::new("write-offs"), number(sums.write_offs)]);
    say(shown);
}

pub(crate) fn findings(findings: &[Finding]) {
    let mut shown = table(&["invariant", "violations", ""]);
    for finding in findings {
        shown.add_row(vec![
            Cell::new(finding.invariant),
            number(finding.violations),
            mark(finding.violations == 0),
        ]);
    }
    say(shown);
}

pub(crate) fn verdict(is_clean: bool) {
    say(if is_clean { "The audit is clean." } else { "The audit is NOT clean." });
}
