//! What a function was given and what of it failed: the metrics `Handled` and `Failed` of each version of each function.
//!
//! Lambda counts an error only when an invocation fails. An answer with a 5xx, a handler that panicked behind the router, and
//! a record that goes back to its queue belong to invocations that succeeded, so they are counted here. `stacks/` has
//! an alarm on the share of failures of each function's deployed version, and that alarm takes a release back.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::emf::{self, Metric, Unit};

/// Requests, records of queues, and other events, each as one.
pub const HANDLED: &str = "Handled";
/// Those of them that failed.
pub const FAILED: &str = "Failed";
/// The dimensions of both. The version is the number that Lambda published it under.
pub const DIMENSIONS: [&str; 2] = ["FunctionName", "ExecutedVersion"];

/// How often successes are written: a line for each would cost as much as its invocation. A failure is written at once.
const LINE_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// The counts of one process. Clones share them.
#[derive(Clone)]
pub struct Tally(Arc<Process>);

struct Process {
    function: String,
    version: String,
    clock: Clock,
    write: Box<dyn Fn(&Value) + Send + Sync>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    handled: usize,
    failed: usize,
    written_at: Option<Timestamp>,
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tally")
    }
}

impl Tally {
    /// Of the function and version that Lambda started this process for, to standard output.
    pub fn from_environment(clock: Clock) -> Self {
        let variable = |name, unset: &str| std::env::var(name).unwrap_or_else(|_unset| unset.to_owned());
        let (function, version) = (
            variable("AWS_LAMBDA_FUNCTION_NAME", "local"),
            variable("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        );
        Self::new(function, version, clock, emf::write)
    }

    pub fn new(
        function: String,
        version: String,
        clock: Clock,
        write: impl Fn(&Value) + Send + Sync + 'static,
    ) -> Self {
        let (write, counts) = (Box::new(write), Mutex::default());
        Self(Arc::new(Process { function, version, clock, write, counts }))
    }

    /// Begins work on this many requests, records or events.
    pub fn begin(&self, given: usize) -> Begun {
        Begun { tally: self.clone(), given, is_counted: false }
    }

    fn add(&self, handled: usize, failed: usize) {
        let Process { function, version, clock, write, counts } = &*self.0;
        let now = clock.now();
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.handled = counts.handled.saturating_add(handled);
        counts.failed = counts.failed.saturating_add(failed);
        let is_due = |at: Timestamp| now.duration_since(at) >= LINE_EVERY;
        if counts.handled == 0 || (failed == 0 && !counts.written_at.is_none_or(is_due)) {
            return;
        }
        let count = |name, number| Metric {
            name,
            unit: Unit::Count,
            value: i64::try_from(number).unwrap_or(i64::MAX),
        };
        let metrics = [count(HANDLED, counts.handled), count(FAILED, counts.failed)];
        *counts = Counts { written_at: Some(now), ..Counts::default() };
        drop(counts);
        let [of_function, of_version] = DIMENSIONS;
        write(&emf::line(&metrics, &[(of_function, function), (of_version, version)], now));
    }
}

/// Work that was begun. When it is dropped before its end, which happens when it panics, all of it has failed.
#[derive(Debug)]
pub struct Begun {
    tally: Tally,
    given: usize,
    is_counted: bool,
}

impl Begun {
    /// Counts the work, once: what ends after it was given up stays given up.
    pub fn end(&mut self, failed: usize) {
        if !std::mem::replace(&mut self.is_counted, true) {
            self.tally.add(self.given, failed);
        }
    }

    /// Counts all of it as failed.
    pub fn fail(&mut self) {
        self.end(self.given);
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.fail();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Lines = Arc<Mutex<Vec<Value>>>;

    fn tally() -> (Tally, Clock, Lines) {
        let (lines, clock) = (Lines::default(), Clock::shifted());
        let written = Arc::clone(&lines);
        let write = move |line: &Value| written.lock().unwrap().push(line.clone());
        let tally = Tally::new("stack-Auth-1".to_owned(), "41".to_owned(), clock.clone(), write);
        (tally, clock, lines)
    }

    fn counts(lines: &Lines) -> Vec<(i64, i64)> {
        let lines = lines.lock().unwrap();
        let number = |line: &Value, name: &str| line[name].as_i64().unwrap();
        lines.iter().map(|line| (number(line, HANDLED), number(line, FAILED))).collect()
    }

    #[test]
    fn counts_are_filed_under_the_function_and_its_version() {
        let (tally, _, lines) = tally();
        tally.begin(10).end(3);
        let line = lines.lock().unwrap()[0].clone();
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([DIMENSIONS]));
        assert_eq!((&line["FunctionName"], &line["ExecutedVersion"]), (&json!("stack-Auth-1"), &json!("41")));
        assert_eq!(counts(&lines), [(10, 3)]);
    }

    #[test]
    fn successes_share_a_line_and_a_failure_is_written_at_once_with_those_before_it() {
        let (tally, clock, lines) = tally();
        for _ in 0..5 {
            tally.begin(1).end(0);
        }
        assert_eq!(counts(&lines), [(1, 0)], "the first at once, four wait");
        tally.begin(1).end(1);
        tally.begin(2).end(0);
        clock.advance(LINE_EVERY);
        tally.begin(3).end(0);
        assert_eq!(counts(&lines), [(1, 0), (5, 1), (5, 0)]);
    }

    #[test]
    fn work_that_is_dropped_failed_and_work_that_was_given_up_is_not_counted_twice() {
        let (tally, _, lines) = tally();
        drop(tally.begin(4));
        let mut late = tally.begin(2);
        late.fail();
        late.end(0);
        drop(late);
        tally.begin(0).end(0);
        assert_eq!(counts(&lines), [(4, 4), (2, 2)]);
    }
}
