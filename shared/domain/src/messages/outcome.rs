//! The outcome of a call to Meta for one message: it decides whether the message may ever be sent again.

use jiff::SignedDuration;

use crate::Wamid;
use crate::updates::MetaError;

/// The result of one attempt.
///
/// | what was seen | outcome |
/// |---|---|
/// | no connection, no request byte written | known unsent |
/// | 429, or a Graph error that says throttled | known unsent, wait |
/// | another Graph error with a 4xx status | rejected |
/// | 5xx, time-out or reset after the first byte, 2xx without an id | unknown |
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Meta took it and named it.
    Accepted(Wamid),
    /// Meta will never take it.
    Rejected(MetaError),
    /// It certainly did not leave; it may be sent again after a while.
    KnownUnsent {
        /// What Meta asks for, when it says; our own back-off otherwise.
        wait: Option<SignedDuration>,
        /// Meta's words, when there are any.
        error: Option<MetaError>,
    },
    /// It may have left. Never sent again by a machine (I16).
    Unknown,
}
