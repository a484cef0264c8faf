//! Template categories in Meta's words: those that we know, and those that are retired or new.

use std::fmt;

use domain::Category;

/// A template's category as Meta's API spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateCategory {
    Known(Category),
    /// Another word. `TRANSACTIONAL`, `OTP` and `ACCOUNT_UPDATE` were Meta's until 2023 and still appear in
    /// `previous_category`.
    Other(String),
}

impl TemplateCategory {
    /// Reads Meta's word, in either case.
    pub fn read(word: &str) -> Self {
        word.parse().map_or_else(|_unknown| Self::Other(word.to_owned()), Self::Known)
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(category) => category.as_str(),
            Self::Other(word) => word,
        }
    }

    /// The category, if it is one that sets a price.
    pub const fn known(&self) -> Option<Category> {
        match self {
            Self::Known(category) => Some(*category),
            Self::Other(_) => None,
        }
    }
}

impl From<Category> for TemplateCategory {
    fn from(category: Category) -> Self {
        Self::Known(category)
    }
}

impl fmt::Display for TemplateCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
