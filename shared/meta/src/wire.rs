//! Shapes that several of Meta's answers share.

use serde::Deserialize;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub after: Option<String>,
}

/// Meta writes ids as text, and sometimes as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Text(String),
    Number(u64),
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        match id {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        }
    }
}

/// `{"data": […], "paging": {…}}`.
#[derive(Deserialize)]
pub(crate) struct Listed<T> {
    data: Vec<T>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl<T> Listed<T> {
    /// The page, with its items as `read` reads them. A last page has cursors too, but no `next`.
    pub(crate) fn page<U>(self, read: impl FnMut(T) -> U) -> Page<U> {
        let after =
            self.paging.filter(|paging| paging.next.is_some()).and_then(|paging| paging.cursors?.after);
        Page { items: self.data.into_iter().map(read).collect(), after }
    }
}

/// `{"success": true}`.
#[derive(Deserialize)]
pub(crate) struct Success {
    pub(crate) success: bool,
}
