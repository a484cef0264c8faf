//! Our Meta app: how it proves itself to Meta, and how Meta proves itself to us.

use secrecy::SecretString;
use serde::Deserialize;

/// An app as its operator configured it (Meta: App dashboard, Basic settings and Webhooks).
#[derive(Clone, Debug)]
pub struct MetaApp {
    pub id: String,
    /// Signs our calls (`appsecret_proof`) and Meta's webhooks.
    pub secret: SecretString,
    /// The secret before a rotation. Webhooks that were signed with it are still accepted.
    pub previous_secret: Option<SecretString>,
    /// What Meta must send at the webhook handshake.
    pub verify_token: SecretString,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppJson {
    app_id: String,
    app_secret: String,
    previous_app_secret: Option<String>,
    verify_token: String,
}

impl MetaApp {
    /// Reads `{"appId", "appSecret", "previousAppSecret", "verifyToken"}`; `previousAppSecret` is optional. The error
    /// never quotes a secret.
    pub fn from_json(text: &str) -> Result<Self, &'static str> {
        let json: AppJson = serde_json::from_str(text)
            .map_err(|_it_quotes_secrets| "must be JSON with appId, appSecret and verifyToken")?;
        if json.app_secret.is_empty() || json.verify_token.is_empty() {
            return Err("has an empty appSecret or verifyToken, so anyone could pose as Meta");
        }
        Ok(Self {
            id: json.app_id,
            secret: json.app_secret.into(),
            previous_secret: json
                .previous_app_secret
                .filter(|secret| !secret.is_empty())
                .map(SecretString::from),
            verify_token: json.verify_token.into(),
        })
    }

    /// The secrets that may have signed a webhook, the current one first.
    pub fn secrets(&self) -> Vec<SecretString> {
        std::iter::once(&self.secret).chain(&self.previous_secret).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_secret_is_optional() {
        let app = MetaApp::from_json(r#"{"appId":"1","appSecret":"s","verifyToken":"v","placeholder":"x"}"#)
            .unwrap();
        assert_eq!((app.id.as_str(), app.secrets().len()), ("1", 1));
        let rotating = r#"{"appId":"1","appSecret":"s","previousAppSecret":"o","verifyToken":"v"}"#;
        assert_eq!(MetaApp::from_json(rotating).unwrap().secrets().len(), 2);
    }

    #[test]
    fn an_app_without_secrets_is_refused_without_quoting_it() {
        for text in [
            "{}",
            "s3cret",
            r#"{"appId":"1","appSecret":"","verifyToken":"v"}"#,
            r#"{"appId":"1","appSecret":"s3cret","verifyToken":""}"#,
        ] {
            assert!(!MetaApp::from_json(text).unwrap_err().contains("s3cret"), "{text}");
        }
    }
}
