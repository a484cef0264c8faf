//! The results: a row per function, a row per check, and every shortfall in words.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use comfy_table::{Cell, CellAlignment, Color, Table};

use tidings::say::say;
use tidings::table::table;

const INIT_MS_MAX: f64 = 20.0;
const FIRST_MS_MAX: f64 = 60.0;
const IDLE_MIB_MAX: f64 = 20.0;
const ZIP_MB_MAX: f64 = 5.0;
/// The webhook has neither a database nor a client for Meta.
const WEBHOOK_ZIP_MB_MAX: f64 = 3.0;

/// What was measured of a function; `None` where it was not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// From its start to its first request for work, in milliseconds, the median.
    pub init_ms: Option<f64>,
    /// From its start to its first answer, in milliseconds, the median.
    pub first_ms: Option<f64>,
    /// Its memory when idle, in MiB.
    pub idle_mib: Option<f64>,
    /// Its zip for `x86_64`, in MB.
    pub zip_mb: Option<f64>,
    /// Its zip for `arm64`, in MB.
    pub arm64_zip_mb: Option<f64>,
    /// Events answered as expected, and all events.
    pub events: Option<(usize, usize)>,
}

#[derive(Debug)]
struct Row {
    step: &'static str,
    what: String,
    is_fine: bool,
    took: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    functions: BTreeMap<String, Measured>,
    rows: Vec<Row>,
    shortfalls: Vec<String>,
}

impl Report {
    pub fn function(&mut self, name: &str) -> &mut Measured {
        self.functions.entry(name.to_owned()).or_default()
    }

    /// Adds the outcome of one check. Returns whether it succeeded.
    pub fn row<E: std::fmt::Display>(
        &mut self,
        step: &'static str,
        what: impl Into<String>,
        since: Instant,
        outcome: &Result<(), E>,
    ) -> bool {
        let (what, took) = (what.into(), since.elapsed());
        let is_fine = outcome.is_ok();
        let mark = if is_fine { "✓" } else { "✗" };
        say(format!("{mark} {step}: {what} ({:.1} s)", took.as_secs_f64()));
        if let Err(why) = outcome {
            self.shortfalls.push(format!("{step}, {what}: {why}"));
        }
        self.rows.push(Row { step, what, is_fine, took });
        is_fine
    }

    /// Shows everything; `true` when there is no shortfall.
    pub fn show(mut self) -> bool {
        let functions = self.table_of_functions();
        if !self.functions.is_empty() {
            say(format!("\n{functions}"));
        }
        let mut rows = table(&["step", "what", "seconds", ""]);
        for row in &self.rows {
            let seconds = number(format!("{:.1}", row.took.as_secs_f64()));
            rows.add_row(vec![Cell::new(row.step), Cell::new(&row.what), seconds, mark(row.is_fine)]);
        }
        say(rows);
        for shortfall in &self.shortfalls {
            tidings::say::complain(shortfall);
        }
        let is_green = self.shortfalls.is_empty() && !self.rows.is_empty();
        say(if is_green { "The check is green." } else { "The check is NOT green." });
        is_green
    }

    fn table_of_functions(&mut self) -> Table {
        let mut shown = table(&[
            "function",
            "init ms",
            "first answer ms",
            "idle MiB",
            "zip MB",
            "arm64 zip MB",
            "events",
        ]);
        for (name, measured) in &self.functions {
            let zip_mb_max = if name == "webhook" { WEBHOOK_ZIP_MB_MAX } else { ZIP_MB_MAX };
            let mut cells = vec![Cell::new(name)];
            for (what, value, limit) in [
                ("init, ms", measured.init_ms, INIT_MS_MAX),
                ("first answer, ms", measured.first_ms, FIRST_MS_MAX),
                ("idle memory, MiB", measured.idle_mib, IDLE_MIB_MAX),
                ("zip, MB", measured.zip_mb, zip_mb_max),
                ("zip for arm64, MB", measured.arm64_zip_mb, zip_mb_max),
            ] {
                cells.push(limited(value, limit));
                let over = value.filter(|value| *value > limit);
                self.shortfalls
                    .extend(over.map(|value| format!("{name}: {what}: {value:.2}, more than {limit}")));
            }
            cells.push(match measured.events {
                Some((fine, all)) => marked(format!("{fine}/{all}"), fine == all && all > 0),
                None => Cell::new("–").set_alignment(CellAlignment::Right),
            });
            shown.add_row(cells);
        }
        shown
    }
}

fn mark(is_fine: bool) -> Cell {
    if is_fine { Cell::new("✓").fg(Color::Green) } else { Cell::new("✗").fg(Color::Red) }
}

fn marked(text: impl std::fmt::Display, is_fine: bool) -> Cell {
    let sign = if is_fine { '✓' } else { '✗' };
    number(format!("{text} {sign}")).fg(if is_fine { Color::Green } else { Color::Red })
}

fn limited(value: Option<f64>, limit: f64) -> Cell {
    match value {
        Some(value) => marked(format!("{value:.2}"), value <= limit),
        None => number("–"),
    }
}

fn number(value: impl ToString) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        Measured { init_ms: Some(19.9), zip_mb: Some(3.5), events: Some((2, 2)), ..Measured::default() }
    }

    #[test]
    fn a_limit_that_is_passed_is_a_shortfall_in_words_and_the_webhooks_zip_has_a_tighter_one() {
        let mut report = Report::default();
        report.row("build", "sam build", Instant::now(), &Ok::<(), String>(()));
        *report.function("auth") = measured();
        *report.function("webhook") = measured();
        let shown = report.table_of_functions().to_string();
        assert!(shown.contains("3.50 ✗") && shown.contains("3.50 ✓"), "{shown}");
        assert_eq!(report.shortfalls, ["webhook: zip, MB: 3.50, more than 3"]);
        assert!(!report.show());
    }

    #[test]
    fn a_report_without_checks_is_not_green() {
        assert!(!Report::default().show());
    }
}
