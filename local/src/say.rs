//! Texts for the person at the terminal; logs go to standard error.

use std::io::Write;

/// Prints a text and a line end. A closed standard output is not an error.
pub fn say(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("standard output is closed");
    }
}

/// Prints an error to standard error.
pub fn complain(text: impl std::fmt::Display) {
    if writeln!(std::io::stderr().lock(), "error: {text}").is_err() {
        tracing::debug!("standard error is closed");
    }
}
