//! What was closed or refused for want of a place, in one line a minute at most.

use std::time::Duration;

use tokio::time::Instant;

const LINE_EVERY: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// Connections that were closed to make place for another.
    pub(crate) closed: u64,
    /// Connections that were refused because each open one had a request.
    pub(crate) refused: u64,
    /// Why a connection could not be accepted, the last time.
    failed: Option<String>,
    last_line: Option<Instant>,
}

/// What happened since the last line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) closed: u64,
    pub(crate) refused: u64,
    pub(crate) failed: Option<String>,
}

impl Refusals {
    pub(crate) fn failed(&mut self, error: &std::io::Error) {
        self.failed = Some(error.to_string());
    }

    /// What to log now, if anything.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Count> {
        let is_silent = self.closed == 0 && self.refused == 0 && self.failed.is_none();
        let is_early = self.last_line.is_some_and(|last| now < last + LINE_EVERY);
        if is_silent || is_early {
            return None;
        }
        let count = Count { closed: self.closed, refused: self.refused, failed: self.failed.take() };
        *self = Self { last_line: Some(now), ..Self::default() };
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_are_refused_there_is_one_line_a_minute() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        assert_eq!(refusals.due(start), None, "nothing was refused");
        let mut lines = Vec::new();
        for second in 0..90 {
            refusals.closed += 10;
            refusals.refused += 1;
            lines.extend(refusals.due(start + Duration::from_secs(second)).map(|line| (second, line)));
        }
        let line = |closed, refused| Count { closed, refused, failed: None };
        assert_eq!(lines, [(0, line(10, 1)), (60, line(600, 60))]);
    }
}
