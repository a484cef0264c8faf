//! Shapes that several of Meta's requests and answers share.

use std::borrow::Cow;

use domain::foreign;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Items per page unless the caller names a number: one call for most accounts, and an answer far below the size limit.
pub(crate) const PAGE_ITEMS: u16 = 100;

/// Which part of a list to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageQuery<'a> {
    /// The fields of each item; without them Meta chooses a few.
    pub fields: &'a [&'a str],
    /// Items per page; Meta's default is 25.
    pub limit: Option<u16>,
    /// The cursor from [`Page::next`].
    pub after: Option<&'a str>,
}

impl PageQuery<'_> {
    /// The members of the request's query.
    pub(crate) fn members(&self) -> Vec<(&'static str, String)> {
        let fields = (!self.fields.is_empty()).then(|| ("fields", self.fields.join(",")));
        let limit = self.limit.map(|limit| ("limit", limit.to_string()));
        let after = self.after.map(|after| ("after", after.to_owned()));
        [fields, limit, after].into_iter().flatten().collect()
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The cursor of the page's end, which the last page has too.
    pub last_cursor: Option<String>,
    pub has_next: bool,
}

impl<T> Page<T> {
    /// The cursor of the next page, if there is one. Meta's own link to it is not followed, because it may name another
    /// host and another API version.
    pub fn next(&self) -> Option<&str> {
        self.last_cursor.as_deref().filter(|_cursor| self.has_next)
    }
}

/// Meta writes ids as text, and sometimes as numbers. One that cannot be stored makes the answer unreadable, because what
/// it names could not be found again.
#[derive(Deserialize)]
#[serde(try_from = "TextOrNumber")]
pub(crate) struct Id(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(u64),
}

impl TryFrom<TextOrNumber> for Id {
    type Error = &'static str;

    fn try_from(id: TextOrNumber) -> Result<Self, Self::Error> {
        let id = match id {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        };
        foreign::is_id(&id).then_some(Self(id)).ok_or("an id that cannot be stored")
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

/// The answer with every text as foreign texts are stored.
pub(crate) fn bounded(mut answer: Value) -> Value {
    match &mut answer {
        Value::String(text) => {
            if let Cow::Owned(bounded) = foreign::text(text) {
                *text = bounded;
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| *element = bounded(element.take())),
        Value::Object(members) => members.values_mut().for_each(|member| *member = bounded(member.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    answer
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
    /// The page, with its items read by `read`. The last page has cursors too, but no `next`.
    pub(crate) fn page<U>(self, read: impl FnMut(T) -> U) -> Page<U> {
        let has_next = self.paging.as_ref().is_some_and(|paging| paging.next.is_some());
        let last_cursor = self.paging.and_then(|paging| paging.cursors?.after);
        Page { items: self.data.into_iter().map(read).collect(), last_cursor, has_next }
    }

    /// All items of a list that Meta does not paginate.
    pub(crate) fn items<U>(self, read: impl FnMut(T) -> U) -> Vec<U> {
        self.data.into_iter().map(read).collect()
    }
}

/// An optional member. A value of unknown shape counts as absent instead of failing the whole answer.
pub(crate) fn lenient<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok().flatten())
}

/// A member that may be absent, null, text or a number, as text.
pub(crate) fn text_of(id: Option<Id>) -> Option<String> {
    id.map(String::from)
}

/// The object without its null members.
pub(crate) fn present(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_key, value| !value.is_null());
    }
    object
}

/// `{"type": "image", "image": …}`, Meta's format for tagged values.
pub(crate) fn typed(kind: &str, value: impl Serialize) -> Value {
    let mut members = Map::new();
    members.insert("type".to_owned(), kind.into());
    members.insert(kind.to_owned(), serde_json::to_value(value).unwrap_or_default());
    Value::Object(members)
}

/// `{"success": true}`.
#[derive(Deserialize)]
pub(crate) struct Success {
    pub(crate) success: bool,
}
