//! Who acts, on which tenant's data, and when: decided once per call, and carried through its transactions.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Source;
use crate::{ApiKeyId, TenantId, UserId};

/// Who caused a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "camelCase")]
pub enum Actor {
    /// A person who is logged in.
    User(UserId),
    /// A program that calls the API with a key of its tenant.
    ApiKey(ApiKeyId),
    /// The platform itself: a dispatcher, the sweeper, a deploy.
    System,
    /// Meta, through its webhook.
    Meta,
}

impl Actor {
    /// The id of the user or key.
    pub const fn id(self) -> Option<Uuid> {
        match self {
            Self::User(UserId(id)) | Self::ApiKey(ApiKeyId(id)) => Some(id),
            Self::System | Self::Meta => None,
        }
    }

    /// The person, if it is one.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::ApiKey(_) | Self::System | Self::Meta => None,
        }
    }
}

/// As stored beside what it did: `user:<id>`, `key:<id>`, `system` or `meta`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::ApiKey(id) => write!(f, "key:{id}"),
            Self::System => f.write_str("system"),
            Self::Meta => f.write_str("meta"),
        }
    }
}

/// One call on one tenant's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub tenant: TenantId,
    pub actor: Actor,
    /// The instant that everything the call writes is dated with.
    pub now: Timestamp,
    /// W3C trace context (`traceparent`) of the request that led here.
    pub trace: Option<String>,
    /// Where the request came from, when a person or a program made it.
    pub source: Option<Source>,
}

/// One call that spans tenants, or that has to find out which tenant it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemAct {
    pub actor: Actor,
    /// The instant that everything the call writes is dated with.
    pub now: Timestamp,
    /// W3C trace context (`traceparent`) of the request that led here.
    pub trace: Option<String>,
    /// Where the request came from, when a person or a program made it.
    pub source: Option<Source>,
}

impl Act {
    /// The platform acting for a tenant, outside any request.
    pub const fn of_system(tenant: TenantId, now: Timestamp) -> Self {
        Self { tenant, actor: Actor::System, now, trace: None, source: None }
    }
}

impl SystemAct {
    /// The platform itself, outside any request.
    pub const fn at(now: Timestamp) -> Self {
        Self { actor: Actor::System, now, trace: None, source: None }
    }

    /// The same call, on one tenant's data.
    pub fn for_tenant(&self, tenant: TenantId) -> Act {
        Act { tenant, actor: self.actor, now: self.now, trace: self.trace.clone(), source: self.source }
    }
}
