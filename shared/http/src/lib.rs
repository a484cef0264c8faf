//! What every HTTP door shares: problems, callers, bodies, pages, request ids.
//!
//! The cast: [`App`] is the state of every router; [`Allowed`] is the caller with the permit that a handler names;
//! [`Body`] is a JSON body that was checked field by field; [`Problem`] is every answer that is not a success (RFC 9457);
//! [`Page`] is how lists are asked for. [`dress`] puts the layers around a finished router.
//!
//! What is guaranteed: a handler without a permit in its arguments has no tenant to act for; a 5xx tells nothing but its
//! request id; an answer never holds what another tenant owns.

pub mod app;
pub mod body;
pub mod caller;
pub mod key;
pub mod layers;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod tokens;

pub use app::App;
pub use body::Body;
pub use caller::Allowed;
pub use key::IdempotencyKey;
pub use layers::{TimeLeft, dress};
pub use page::{Cursor, IdInPath, Page, PageQuery};
pub use problem::{Kind, Problem, ProblemBody};
pub use tokens::Tokens;
