//! How a process starts and how queue events are taken apart: the same on Lambda and on one machine.
//!
//! [`each_record`] gives every record of an SQS event an outcome of its own, so that one bad record does not fail the
//! batch; [`observe`] turns on the logs; [`emf`] writes metrics, and [`tally`] counts what failed; `lambda`, a feature, starts a deployed function from its
//! environment; `platform` adds the database and `api` access tokens, for the functions that need them. What a record or
//! a request means is decided by its function.

pub mod emf;
pub mod held;
#[cfg(feature = "lambda")]
pub mod lambda;
mod logs;
mod records;
pub mod tally;

pub use logs::{Logs, json_lines, observe};
pub use records::{Batch, RecordOutcome, Records, each_record, records_together};
