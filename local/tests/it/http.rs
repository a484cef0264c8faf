//! What the API refuses, and how: one file per kind of claim.

mod amounts;
mod authorization;
mod bodies;
mod cast;
mod description;
mod ids;
mod keys;
mod kinds;
mod legacy_keys;
mod lists;
mod oddities;
mod passwords;
mod phones;
mod raw;
mod registrations;
mod throttle;
mod times;
mod tokens;
mod variables;
mod walls;
mod webhook_news;
mod webhook_signature;
