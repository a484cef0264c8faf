//! Repair of what lost events left behind, and the figures that show it.

pub mod gauges;
pub mod sweep;
