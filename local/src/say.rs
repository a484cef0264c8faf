//! Texts for the person at the terminal; logs go to standard error.

use std::io::{IsTerminal, Write};

/// Prints a text and a line end. A closed standard output is not an error.
pub fn say(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
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
