//! Orders in messages (Meta: payments API, in India, Brazil and Singapore).

use serde_json::{Value, json};

use crate::wire::present;

/// The progress of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderStatus {
    /// The order's reference from its `order_details` message.
    pub reference_id: String,
    /// `pending`, `processing`, `partially_shipped`, `shipped`, `completed` or `canceled`.
    pub status: String,
    /// At most 120 characters.
    pub description: Option<String>,
}

impl OrderStatus {
    pub(super) fn json(&self) -> Value {
        let order = present(json!({ "status": self.status, "description": self.description }));
        json!({ "reference_id": self.reference_id, "order": order })
    }
}
