//! Flows (forms) in free-form messages (Meta: flows, sending a flow).

use serde_json::{Value, json};

use crate::wire::present;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowName {
    Id(String),
    Name(String),
}

/// A flow behind a button.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowAction {
    pub flow: FlowName,
    /// The button's label, at most 30 characters.
    pub cta: String,
    /// Comes back with the answers.
    pub token: Option<String>,
    /// The version of flow messages, which is `3`.
    pub message_version: String,
    /// `published` (Meta's default) or `draft`.
    pub mode: Option<String>,
    /// `navigate` (Meta's default) or `data_exchange`.
    pub action: Option<String>,
    /// The first screen and its data: `{"screen": …, "data": {…}}`, written by the tenant.
    pub payload: Option<Value>,
}

impl FlowAction {
    pub(super) fn parameters(&self) -> Value {
        let (id, name) = match &self.flow {
            FlowName::Id(id) => (Some(id), None),
            FlowName::Name(name) => (None, Some(name)),
        };
        present(json!({
            "flow_message_version": self.message_version,
            "flow_id": id,
            "flow_name": name,
            "flow_cta": self.cta,
            "flow_token": self.token,
            "mode": self.mode,
            "flow_action": self.action,
            "flow_action_payload": self.payload,
        }))
    }
}
