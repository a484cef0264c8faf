//! Positions in lists, which are read a page at a time.

use std::fmt::Display;
use std::str::FromStr;

/// A position in one list. The list's name stands in its cursors, so that a cursor of one list is not taken for another's.
pub trait PagePosition: Copy + FromStr + Display {
    const LIST: &'static str;
    /// Before everything that the list holds: where it starts. A list that is read newest first starts in the future.
    const START: Self;
}
