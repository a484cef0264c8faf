//! What is said to the person at the terminal, on standard output; logs go to standard error.

use std::io::Write;

/// Prints a text and a line end. A reader that went away is no reason to fail.
pub(crate) fn say(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("nobody reads standard output");
    }
}

/// Prints an error to standard error.
pub(crate) fn complain(text: impl std::fmt::Display) {
    if writeln!(std::io::stderr().lock(), "error: {text}").is_err() {
        tracing::debug!("nobody reads standard error");
    }
}
