//! Claims about queues on tables that go beyond what SQS promises.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod dead_letters;
mod fair;
mod place;
mod wake_ups;
