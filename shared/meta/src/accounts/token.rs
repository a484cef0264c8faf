//! Tokens: one from a code, and what one opens (Meta: embedded signup, debugging tokens).

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, lenient};

/// The scope whose targets are the accounts that a token opens.
const MANAGEMENT: &str = "whatsapp_business_management";

/// A customer's token.
#[derive(Clone, Debug)]
pub struct ExchangedToken {
    /// Of any length.
    pub access_token: SecretString,
    /// How long it works, in seconds; for ever when nothing is said.
    pub expires_in: Option<i64>,
}

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The app that it was made for; empty where Meta does not say, as for a token that it does not know.
    pub app_id: String,
    /// `SYSTEM_USER` or `USER`.
    pub kind: Option<String>,
    /// Whether Meta takes it.
    pub is_valid: bool,
    /// When it ends, in seconds since 1970; 0 is never.
    pub expires_at: Option<i64>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// WhatsApp Business accounts, newest first. None are named when the token is not limited to some.
    pub waba_ids: Vec<String>,
    /// Why Meta does not take it.
    pub error: Option<TokenError>,
}

/// Why Meta does not take a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TokenError {
    /// Such as 190.
    pub code: Option<i64>,
    /// Such as 463, expired.
    pub subcode: Option<i64>,
    /// Meta's words.
    pub message: Option<String>,
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct Debugged {
    data: DebugData,
}

#[derive(Deserialize)]
struct DebugData {
    app_id: Option<Id>,
    r#type: Option<String>,
    #[serde(default)]
    is_valid: bool,
    #[serde(default, deserialize_with = "lenient")]
    expires_at: Option<i64>,
    scopes: Option<Vec<String>>,
    granular_scopes: Option<Vec<Granular>>,
    #[serde(default, deserialize_with = "lenient")]
    error: Option<TokenError>,
}

#[derive(Deserialize)]
struct Granular {
    scope: String,
    target_ids: Option<Vec<Id>>,
}

impl TokenInfo {
    /// Whether it works until somebody takes it back.
    pub const fn never_expires(&self) -> bool {
        matches!(self.expires_at, Some(0))
    }
}

impl DebugData {
    fn read(self) -> TokenInfo {
        let mut scopes = self.granular_scopes.unwrap_or_default().into_iter();
        let manages = scopes.find(|granular| granular.scope == MANAGEMENT);
        let waba_ids = manages.and_then(|granular| granular.target_ids).unwrap_or_default();
        TokenInfo {
            app_id: self.app_id.map(String::from).unwrap_or_default(),
            kind: self.r#type,
            is_valid: self.is_valid,
            expires_at: self.expires_at,
            scopes: self.scopes.unwrap_or_default(),
            waba_ids: waba_ids.into_iter().map(String::from).collect(),
            error: self.error,
        }
    }
}

impl Client {
    /// Exchanges the code of Meta's login window for the customer's token (`GET /oauth/access_token`). A code works once,
    /// and for 30 seconds (100/36009 afterwards).
    pub async fn exchange_code(&self, code: &str) -> Result<ExchangedToken, CallError> {
        let app = self.app();
        let query =
            [("client_id", app.id.as_str()), ("client_secret", app.secret.expose_secret()), ("code", code)];
        let request = self.unauthenticated(Method::GET, &["oauth", "access_token"]).query(&query);
        let TokenResponse { access_token, expires_in } = self.call(request).await?;
        Ok(ExchangedToken { access_token: access_token.into(), expires_in })
    }

    /// What a token opens (`GET /debug_token`), asked with the app's own token.
    pub async fn debug_token(&self, token: &SecretString) -> Result<TokenInfo, CallError> {
        let request = self
            .authorized_as_app(Method::GET, &["debug_token"])
            .query(&[("input_token", token.expose_secret())]);
        Ok(self.call::<Debugged>(request).await?.data.read())
    }
}
