//! What the start is doing, while it takes time: a moving line on a terminal, otherwise a line of the log. Standard output
//! may be a result that a program reads.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::say::{MOVING, is_read_by_a_person, say};

const TICK: Duration = Duration::from_millis(100);

/// Does `work` and shows meanwhile that it goes on.
pub async fn step<T>(what: &'static str, work: impl Future<Output = T>) -> T {
    if !is_read_by_a_person() {
        tracing::info!("{what}.");
        return work.await;
    }
    let line = MOVING.add(ProgressBar::new_spinner().with_message(what));
    if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}") {
        line.set_style(style);
    }
    line.enable_steady_tick(TICK);
    let done = work.await;
    line.finish_and_clear();
    done
}

/// One thing that was done, or is about to be.
pub fn note(text: &str) {
    if is_read_by_a_person() { say(text) } else { tracing::info!("{text}") }
}
