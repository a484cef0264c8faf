//! Products of a catalog, in templates and in free-form messages.

use serde::Serialize;
use serde_json::{Value, json};

/// A section of products (Meta: multi-product messages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSection {
    /// At most 24 characters; required as soon as there are two sections.
    pub title: Option<String>,
    /// The catalog's ids of the products.
    pub product_retailer_ids: Vec<String>,
}

impl Serialize for ProductSection {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let item = |id: &String| json!({ "product_retailer_id": id });
        let items: Vec<Value> = self.product_retailer_ids.iter().map(item).collect();
        crate::wire::present(json!({ "title": self.title, "product_items": items })).serialize(serializer)
    }
}
