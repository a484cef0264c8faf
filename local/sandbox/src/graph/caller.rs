//! Who calls: tokens, and what they permit.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::{HeaderMap, header, request::Parts};

use crate::account::{Account, Scope};
use crate::digest;
use crate::graph_error::GraphError;
use crate::query::query;
use crate::sandbox::Sandbox;

/// Version and object id of a path.
pub(super) type ObjectPath = Path<(String, String)>;

/// The token of a request, from its header or its query.
pub(super) fn token(headers: &HeaderMap, query: &HashMap<String, String>) -> Result<String, GraphError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|value| value.split_once(' '))
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let token =
        bearer.map(|(_, token)| token.trim().to_owned()).or_else(|| query.get("access_token").cloned());
    token.filter(|token| !token.is_empty()).ok_or_else(GraphError::missing_token)
}

/// `appsecret_proof` is optional.
fn check_proof(sandbox: &Sandbox, token: &str, query: &HashMap<String, String>) -> Result<(), GraphError> {
    let expected = digest::hmac_hex(&sandbox.app.secret, token.as_bytes());
    match query.get("appsecret_proof") {
        Some(proof) if !digest::same(&proof.to_ascii_lowercase(), &expected) => {
            Err(GraphError::new(400, 100)
                .with_message("Invalid appsecret_proof provided in the API argument")
                .for_object())
        }
        _ => Ok(()),
    }
}

/// A caller with a business token, which gives access to one account.
pub(super) struct Business {
    pub(super) account: Arc<Account>,
    pub(super) query: HashMap<String, String>,
}

impl FromRequestParts<Arc<Sandbox>> for Business {
    type Rejection = GraphError;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Arc<Sandbox>) -> Result<Self, GraphError> {
        let query = query(&parts.uri);
        let token = token(&parts.headers, &query)?;
        let account = sandbox.account_of_token(&token).ok_or_else(GraphError::invalid_token)?;
        if let Some((subcode, reason)) = account.token_state.refusal() {
            return Err(GraphError::unusable_token(subcode, reason));
        }
        check_proof(sandbox, &token, &query)?;
        Ok(Self { account, query })
    }
}

impl Business {
    /// Refuses another WABA, and a token without the management scope.
    pub(super) fn check_waba(&self, id: &str, verb: &str) -> Result<(), GraphError> {
        self.check_scope(Scope::Management)?;
        if self.account.waba_id == id { Ok(()) } else { Err(GraphError::not_found(id, verb)) }
    }

    /// Refuses another phone number, and a token without the scope.
    pub(super) fn check_phone(&self, id: &str, scope: Scope) -> Result<(), GraphError> {
        self.check_scope(scope)?;
        if self.account.phone_number_id == id { Ok(()) } else { Err(GraphError::not_found(id, "post")) }
    }

    /// Meta refuses sends with code 10, everything else with 200.
    pub(super) fn check_scope(&self, scope: Scope) -> Result<(), GraphError> {
        if self.account.scopes.contains(&scope) {
            return Ok(());
        }
        match scope {
            Scope::Messaging => Err(GraphError::new(403, 10)),
            Scope::Management => Err(GraphError::missing_scope(scope.as_str())),
        }
    }

    /// The parameter `fields`.
    pub(super) fn fields(&self) -> Option<&str> {
        self.query.get("fields").map(String::as_str)
    }
}

/// A caller with the app's token, `APP_ID|APP_SECRET`.
pub(super) struct AppCaller {
    pub(super) query: HashMap<String, String>,
}

impl FromRequestParts<Arc<Sandbox>> for AppCaller {
    type Rejection = GraphError;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Arc<Sandbox>) -> Result<Self, GraphError> {
        let query = query(&parts.uri);
        let token = token(&parts.headers, &query)?;
        let expected = format!("{}|{}", sandbox.app.id, sandbox.app.secret);
        if !digest::same(&token, &expected) {
            return Err(GraphError::invalid_token());
        }
        check_proof(sandbox, &token, &query)?;
        Ok(Self { query })
    }
}
