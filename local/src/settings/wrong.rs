//! What is wrong with the settings.

use std::fmt::{self, Display};

/// A variable, and what is wrong with it. Values of secrets are not quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub name: String,
    pub why: String,
}

impl Wrong {
    pub fn new(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), why: why.into() }
    }
}

/// All that is wrong, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrongs(pub Vec<Wrong>);

impl Display for Wrongs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was started, because of these settings:")?;
        self.0.iter().try_for_each(|Wrong { name, why }| write!(f, "\n  {name} {why}"))
    }
}
