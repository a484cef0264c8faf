//! Forms in free messages (Meta: flows, sending a flow).

use serde_json::{Value, json};

use crate::wire::present;

/// Which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowName {
    /// By Meta's id.
    Id(String),
    /// By its name in the account.
    Name(String),
}

/// A form behind a button.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowAction {
    /// Which.
    pub flow: FlowName,
    /// The button's words, at most 30 characters.
    pub cta: String,
    /// Comes back with the answers.
    pub token: Option<String>,
    /// The version of the messages around it, which is `3`.
    pub message_version: String,
    /// `published`, which Meta takes when nothing is said, or `draft`.
    pub mode: Option<String>,
    /// `navigate`, which Meta takes when nothing is said, or `data_exchange`.
    pub action: Option<String>,
    /// The screen it opens with, and what that is told: `{"screen": …, "data": {…}}`, the tenant's own words.
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
