//! Templates: created, listed, edited, unpaused and deleted.
//!
//! A template is reviewed at once: the answer to a creation has the result, `APPROVED` unless `POST /sandbox/reviews`
//! set another one, and the webhook about it follows. The name of a deleted template that people may have received
//! stays locked for 30 days.

mod create;
mod delete;
mod edit;
mod list;
mod updates;

pub(super) use create::{create, upsert};
pub(super) use delete::delete;
pub(super) use edit::{edit, unpause};
pub(super) use list::{list, show};
