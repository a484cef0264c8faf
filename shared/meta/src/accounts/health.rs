//! Whether a number, a template or an account may send (Meta: messaging health status).

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::client::{Client, object};
use crate::error::CallError;
use crate::wire::{Id, text_of};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    Available,
    Limited,
    Blocked,
    /// An unknown word, or none.
    Other(String),
}

/// Whether something may send, and everything that affects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub node: String,
    /// Meta's summary. It is BLOCKED also when only calls are blocked: see [`may_send`](Self::may_send).
    pub overall: Availability,
    /// Everything that affects sending.
    pub entities: Vec<HealthEntity>,
}

/// One object that affects sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthEntity {
    /// `PHONE_NUMBER`, `MESSAGE_TEMPLATE`, `WABA`, `BUSINESS` or `APP`.
    pub kind: String,
    pub id: Option<String>,
    pub can_send_message: Availability,
    pub additional_info: Vec<String>,
    pub problems: Vec<HealthProblem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HealthProblem {
    #[serde(rename = "error_code")]
    pub code: i64,
    #[serde(rename = "error_description")]
    pub description: Option<String>,
    pub possible_solution: Option<String>,
}

#[derive(Deserialize)]
struct HealthResponse {
    id: Option<Id>,
    health_status: HealthStatus,
}

#[derive(Deserialize)]
pub(super) struct HealthStatus {
    can_send_message: Option<String>,
    #[serde(default)]
    entities: Vec<EntityResponse>,
}

#[derive(Deserialize)]
struct EntityResponse {
    #[serde(default)]
    entity_type: String,
    id: Option<Id>,
    can_send_message: Option<String>,
    #[serde(default)]
    additional_info: Vec<String>,
    #[serde(default)]
    errors: Vec<HealthProblem>,
}

impl Availability {
    fn read(word: Option<String>) -> Self {
        match word.as_deref() {
            Some("AVAILABLE") => Self::Available,
            Some("LIMITED") => Self::Limited,
            Some("BLOCKED") => Self::Blocked,
            Some(_) | None => Self::Other(word.unwrap_or_default()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Available => "AVAILABLE",
            Self::Limited => "LIMITED",
            Self::Blocked => "BLOCKED",
            Self::Other(word) => word,
        }
    }
}

impl HealthStatus {
    pub(super) fn read(self, node: String) -> Health {
        let read_entity = |entity: EntityResponse| HealthEntity {
            kind: entity.entity_type,
            id: text_of(entity.id),
            can_send_message: Availability::read(entity.can_send_message),
            additional_info: entity.additional_info,
            problems: entity.errors,
        };
        Health {
            node,
            overall: Availability::read(self.can_send_message),
            entities: self.entities.into_iter().map(read_entity).collect(),
        }
    }
}

impl Health {
    /// Whether messages may be sent: no entity is blocked. Without entities Meta's summary decides.
    pub fn may_send(&self) -> bool {
        let forbids = |availability: &Availability| *availability == Availability::Blocked;
        if self.entities.is_empty() {
            return !forbids(&self.overall);
        }
        !self.entities.iter().any(|entity| forbids(&entity.can_send_message))
    }
}

impl Client {
    /// Asks whether a number, a template, an account or a business may send (`GET /{node}?fields=health_status`).
    pub async fn health(&self, token: &SecretString, node: &str) -> Result<Health, CallError> {
        let request =
            self.authorized(Method::GET, &[object(node)?], token).query(&[("fields", "health_status")]);
        let response: HealthResponse = self.call(request).await?;
        Ok(response.health_status.read(text_of(response.id).unwrap_or_else(|| node.to_owned())))
    }
}
