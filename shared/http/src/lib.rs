//! What every HTTP function shares: problems as answers, bodies, pages, ids in paths, request ids, the idempotency header.
//!
//! It knows neither operations nor the database, so that a function without them does not compile them: what a function
//! with operations needs beside it is in `api`.
//!
//! A 5xx says nothing but its request id.

pub mod body;
pub mod csv;
pub mod event;
pub mod key;
pub mod layers;
pub mod page;
pub mod path;
pub mod problem;
pub mod rate;
pub mod receive;
mod shape;
pub mod source;

pub use body::Body;
pub use key::{IdempotencyKey, Replayed};
pub use layers::{Scheme, TimeLeft, answer_outside, with_layers};
pub use page::{Cursor, Page, PageQuery, Queried};
pub use path::IdInPath;
pub use problem::{ProblemBody, ProblemResponse};
pub use rate::Rates;
pub use receive::{UnknownSender, limit_body, receive_body};
pub use source::{CameFrom, Peer};
