//! A person's rights to what is stored about them.

pub mod erase;
