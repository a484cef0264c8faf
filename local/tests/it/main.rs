//! Claims about the whole system, through its public doors: HTTP in front, Meta's sandbox behind, a real Postgres below.

mod flow;
mod http;
mod resilience;
mod world;
