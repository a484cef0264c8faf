//! The Meta app that we are: what it proves itself with, and what Meta proves itself with to us.

use std::fmt;

use secrecy::SecretString;
use serde::Deserialize;

/// An app as its operator set it up (Meta: App dashboard, Basic settings and Webhooks).
#[derive(Clone)]
pub struct MetaApp {
    /// Its id.
    pub id: String,
    /// Signs our calls (`appsecret_proof`) and Meta's webhooks.
    pub secret: SecretString,
    /// What signed webhooks before a rotation: those under way still count.
    pub previous_secret: Option<SecretString>,
    /// What Meta must say at the handshake.
    pub verify_token: SecretString,
}

impl fmt::Debug for MetaApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    app_id: String,
    app_secret: String,
    previous_app_secret: Option<String>,
    verify_token: String,
}

impl MetaApp {
    /// From `{"appId", "appSecret", "previousAppSecret", "verifyToken"}`, of which the third may be absent. The error
    /// quotes nothing of a secret.
    pub fn from_json(text: &str) -> Result<Self, &'static str> {
        let written: Written = serde_json::from_str(text)
            .map_err(|_quotes| "must be JSON with appId, appSecret and verifyToken")?;
        if written.app_secret.is_empty() || written.verify_token.is_empty() {
            return Err("has an empty appSecret or verifyToken: anybody could pass for Meta");
        }
        Ok(Self {
            id: written.app_id,
            secret: written.app_secret.into(),
            previous_secret: written
                .previous_app_secret
                .filter(|secret| !secret.is_empty())
                .map(SecretString::from),
            verify_token: written.verify_token.into(),
        })
    }

    /// The secrets that a webhook may be signed with, the present one first.
    pub fn secrets(&self) -> Vec<SecretString> {
        std::iter::once(&self.secret).chain(&self.previous_secret).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_read_with_and_without_a_previous_secret() {
        let app = MetaApp::from_json(r#"{"appId":"1","appSecret":"s","verifyToken":"v","placeholder":"x"}"#)
            .unwrap();
        assert_eq!((app.id.as_str(), app.secrets().len()), ("1", 1));
        let rotating = r#"{"appId":"1","appSecret":"s","previousAppSecret":"o","verifyToken":"v"}"#;
        assert_eq!(MetaApp::from_json(rotating).unwrap().secrets().len(), 2);
    }

    #[test]
    fn an_app_without_secrets_is_refused_and_nothing_is_quoted() {
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
