//! What each trait promises, of whatever implements it: the same claims of Postgres tables and of AWS' services.
//!
//! AWS is ministack, an emulator, where it is installed (see `testkit::ministack`); where it is not, that half says that
//! it was skipped.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod aws_place;
mod events;
mod partly;
mod place;
mod queues;
mod received;
mod reloadable;
mod secrets;
mod timers;
