//! What Meta reports by webhook, applied.

pub mod apply;
mod notices;
