//! Messages as their tenant knows them: accepted, cancelled, read.

pub mod accept;
pub mod cancel;
pub mod read;
pub(crate) mod transition;
