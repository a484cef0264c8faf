//! How a number gets onto the Cloud API and off it (Meta: registering phone numbers).

use domain::PhoneNumberId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, present};

/// How a code is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMethod {
    /// In a text message.
    Sms,
    /// In a call.
    Voice,
}

/// What the WhatsApp Business app hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncType {
    /// Its contacts.
    Contacts,
    /// Its messages of the last six months.
    History,
}

#[derive(Deserialize)]
struct Requested {
    request_id: Id,
}

impl Client {
    /// Registers a number for the Cloud API with its six-digit PIN (`POST /{phone_number_id}/register`): ten times in 72
    /// hours at most (133016). Not for a number that the WhatsApp Business app uses.
    pub async fn register(&self, token: &str, number: &PhoneNumberId, pin: &str) -> Result<(), CallError> {
        self.register_in(token, number, pin, None).await
    }

    /// Registers a number and keeps its messages at rest in a country, named by two letters: AU, ID, IN, JP, SG, KR, DE,
    /// CH, GB, BR, BH, ZA, AE or CA (Meta: local storage). It stays there until the number is registered again.
    pub async fn register_in(
        &self,
        token: &str,
        number: &PhoneNumberId,
        pin: &str,
        region: Option<&str>,
    ) -> Result<(), CallError> {
        let body = present(json!({
            "messaging_product": "whatsapp", "pin": pin, "data_localization_region": region,
        }));
        self.succeed(self.authorized(Method::POST, &[&number.0, "register"], token).json(&body)).await
    }

    /// Takes a number off the Cloud API (`POST /{phone_number_id}/deregister`); counts as one of its ten registrations.
    pub async fn deregister(&self, token: &str, number: &PhoneNumberId) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[&number.0, "deregister"], token)).await
    }

    /// Has a code sent to a number (`POST /{phone_number_id}/request_code`), in a language such as `en_US`. It holds ten
    /// minutes.
    pub async fn request_code(
        &self,
        token: &str,
        number: &PhoneNumberId,
        method: CodeMethod,
        language: &str,
    ) -> Result<(), CallError> {
        let method = match method {
            CodeMethod::Sms => "SMS",
            CodeMethod::Voice => "VOICE",
        };
        let body = json!({ "code_method": method, "language": language });
        self.succeed(self.authorized(Method::POST, &[&number.0, "request_code"], token).json(&body)).await
    }

    /// Proves that a number is ours with the code that it was sent (`POST /{phone_number_id}/verify_code`); a wrong one is
    /// refused with 136025, or with 100 and Meta's words for users.
    pub async fn verify_code(
        &self,
        token: &str,
        number: &PhoneNumberId,
        code: &str,
    ) -> Result<(), CallError> {
        let body = json!({ "code": code });
        self.succeed(self.authorized(Method::POST, &[&number.0, "verify_code"], token).json(&body)).await
    }

    /// Has the WhatsApp Business app hand over what it holds (`POST /{phone_number_id}/smb_app_data`; Meta: onboarding
    /// WhatsApp Business app users), once each and within 24 hours of the login. Gives Meta's id of the request; the rest
    /// comes by webhook.
    pub async fn sync_business_app(
        &self,
        token: &str,
        number: &PhoneNumberId,
        sync: SyncType,
    ) -> Result<String, CallError> {
        let sync = match sync {
            SyncType::Contacts => "smb_app_state_sync",
            SyncType::History => "history",
        };
        let body = json!({ "messaging_product": "whatsapp", "sync_type": sync });
        let request = self.authorized(Method::POST, &[&number.0, "smb_app_data"], token).json(&body);
        Ok(self.call::<Requested>(request).await?.request_id.into())
    }
}
