//! Products of a catalogue, in templates and in free messages.

use serde::Serialize;
use serde_json::{Value, json};

/// Some products under a title (Meta: multi-product messages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSection {
    /// At most 24 characters; wanted as soon as there are two sections.
    pub title: Option<String>,
    /// The products, by the ids that the catalogue knows them by.
    pub product_retailer_ids: Vec<String>,
}

impl Serialize for ProductSection {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let item = |id: &String| json!({ "product_retailer_id": id });
        let items: Vec<Value> = self.product_retailer_ids.iter().map(item).collect();
        crate::wire::present(json!({ "title": self.title, "product_items": items })).serialize(serializer)
    }
}
