//! Read receipts and typing indicators.

use domain::{PhoneNumberId, Wamid};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;

use crate::client::{Client, object, word};
use crate::error::CallError;
use crate::wire::present;

impl Client {
    /// Marks a received message, and all before it, as read; with `is_typing`, shows a typing indicator for up to 25
    /// seconds (Meta: `POST /{phone_number_id}/messages`, mark messages as read, typing indicators). The answer is
    /// `{"success": true}`, because no message is sent.
    pub async fn mark_read(
        &self,
        token: &SecretString,
        number: &PhoneNumberId,
        message: &Wamid,
        is_typing: bool,
    ) -> Result<(), CallError> {
        let body = present(json!({
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": message.0,
            "typing_indicator": is_typing.then(|| json!({ "type": "text" })),
        }));
        self.succeed(
            self.authorized(Method::POST, &[object(&number.0)?, word("messages")], token).json(&body),
        )
        .await
    }
}
