//! Claims about statements, asked of a real Postgres.

mod claims;
mod statements;
mod walls;
mod world;
