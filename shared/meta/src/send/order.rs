//! Orders in messages: what is to be paid, and how far it is (Meta: payments API, in India, Brazil and Singapore).

use serde_json::{Value, json};

use crate::wire::present;

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderStatus {
    /// The order, by the name that it was offered under.
    pub reference_id: String,
    /// `pending`, `processing`, `partially_shipped`, `shipped`, `completed` or `canceled`.
    pub status: String,
    /// What else is to be said, at most 120 characters.
    pub description: Option<String>,
}

impl OrderStatus {
    pub(super) fn json(&self) -> Value {
        let order = present(json!({ "status": self.status, "description": self.description }));
        json!({ "reference_id": self.reference_id, "order": order })
    }
}
