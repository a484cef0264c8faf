//! Texts for the person at the terminal; logs go to standard error.

use std::io::{IsTerminal, Write};
use std::sync::LazyLock;

use indicatif::MultiProgress;

/// Lines of progress, which are taken away while a text is printed.
pub(crate) static MOVING: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Prints a text and a line end. A closed standard output is not an error.
pub fn say(text: impl std::fmt::Display) {
    let write = || {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush())
    };
    if MOVING.suspend(write).is_err() {
        tracing::debug!("standard output is closed");
    }
}

/// Whether a person reads what is said. Otherwise a service manager keeps it in a log.
pub fn is_read_by_a_person() -> bool {
    std::io::stdout().is_terminal()
}

/// Prints an error to standard error.
pub fn complain(text: impl std::fmt::Display) {
    if writeln!(std::io::stderr().lock(), "error: {text}").is_err() {
        tracing::debug!("standard error is closed");
    }
}
