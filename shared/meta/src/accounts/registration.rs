//! Putting a number on the Cloud API and taking it off (Meta: registering phone numbers).

use domain::PhoneNumberId;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;

use crate::client::{Client, object, word};
use crate::error::CallError;

impl Client {
    /// Registers a number for the Cloud API with its six-digit PIN (`POST /{phone_number_id}/register`), at most ten
    /// times in 72 hours (133016). Not for a number that the WhatsApp Business app uses.
    pub async fn register(
        &self,
        token: &SecretString,
        number: &PhoneNumberId,
        pin: &str,
    ) -> Result<(), CallError> {
        let body = json!({ "messaging_product": "whatsapp", "pin": pin });
        self.succeed(
            self.authorized(Method::POST, &[object(&number.0)?, word("register")], token).json(&body),
        )
        .await
    }

    /// Takes a number off the Cloud API (`POST /{phone_number_id}/deregister`). It counts as one of the ten
    /// registrations.
    pub async fn deregister(&self, token: &SecretString, number: &PhoneNumberId) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[object(&number.0)?, word("deregister")], token)).await
    }
}
