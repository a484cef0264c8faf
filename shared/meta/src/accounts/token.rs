//! Access tokens: exchanging a code and inspecting a token (Meta: embedded signup, debugging tokens).

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::client::{Client, word};
use crate::error::CallError;
use crate::wire::{Id, lenient};

/// The scope whose targets are the accounts that a token gives access to.
const MANAGEMENT: &str = "whatsapp_business_management";
/// The scope for sending messages.
const MESSAGING: &str = "whatsapp_business_messaging";

/// A customer's access token.
#[derive(Clone, Debug)]
pub struct ExchangedToken {
    /// Meta does not limit its length.
    pub access_token: SecretString,
    /// Lifetime in seconds. Without one the token does not expire.
    pub expires_in: Option<i64>,
}

/// What Meta knows about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The app that the token was made for; empty when Meta does not say, as for an unknown token.
    pub app_id: String,
    /// `SYSTEM_USER` or `USER`.
    pub kind: Option<String>,
    pub is_valid: bool,
    /// Seconds since 1970; 0 means never.
    pub expires_at: Option<i64>,
    pub scopes: Vec<String>,
    /// WhatsApp Business accounts that it gives access to, newest first. Empty also when the token is not limited to
    /// certain accounts.
    pub waba_ids: Vec<String>,
    /// Why Meta rejects the token.
    pub error: Option<TokenError>,
}

/// Why Meta rejects a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TokenError {
    pub code: Option<i64>,
    /// Such as 463 for an expired token.
    pub subcode: Option<i64>,
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
    /// Whether the token works until it is revoked.
    pub const fn never_expires(&self) -> bool {
        matches!(self.expires_at, Some(0))
    }

    /// The scopes that templates and messages need and that the token does not have.
    pub fn missing_scopes(&self) -> Vec<&'static str> {
        let has = |scope: &str| self.scopes.iter().any(|given| given == scope);
        [MANAGEMENT, MESSAGING].into_iter().filter(|scope| !has(scope)).collect()
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
    /// Exchanges the code of Meta's login window for the customer's token (`GET /oauth/access_token`). A code works
    /// once and for 30 seconds; after that Meta answers 100/36009.
    pub async fn exchange_code(&self, code: &str) -> Result<ExchangedToken, CallError> {
        let app = self.app();
        let query =
            [("client_id", app.id.as_str()), ("client_secret", app.secret.expose_secret()), ("code", code)];
        let request = self.unauthenticated(Method::GET, &[word("oauth"), word("access_token")]).query(&query);
        let TokenResponse { access_token, expires_in } = self.call(request).await?;
        Ok(ExchangedToken { access_token: access_token.into(), expires_in })
    }

    /// Inspects a token (`GET /debug_token`), authorized as the app.
    pub async fn debug_token(&self, token: &SecretString) -> Result<TokenInfo, CallError> {
        let request = self
            .authorized_as_app(Method::GET, &[word("debug_token")])
            .query(&[("input_token", token.expose_secret())]);
        Ok(self.call::<Debugged>(request).await?.data.read())
    }
}
