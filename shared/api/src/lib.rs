//! What an HTTP function with operations needs beside `http-kit`: access tokens, callers, idempotency keys, and the
//! answers that every route's description shares.
//!
//! [`App`] is the state of every router; [`Allowed`] is the caller with the permit that a handler names; [`Keyed`] is a
//! body with the idempotency key that came with it. A handler without a permit in its arguments has no tenant to act for.

pub mod app;
pub mod caller;
mod canonical;
pub mod keyed;
mod legacy_hash;
pub mod openapi;
pub mod rate_card;
pub mod schema;
pub mod tokens;

pub use app::App;
pub use caller::Allowed;
pub use keyed::{CsvBody, KeyRequired, Keyed, KeyedBody, KeyedOrCsv};
pub use tokens::Tokens;
