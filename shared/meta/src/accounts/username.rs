//! Names that people may write to instead of a number (Meta: business usernames).

use domain::PhoneNumberId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Listed, present};

/// A number's username.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BusinessUsername {
    /// The name; none has been claimed where it is missing.
    pub username: Option<String>,
    /// `approved`; or `reserved`, until people of the region have usernames.
    pub status: Option<String>,
}

#[derive(Deserialize)]
struct Suggestions {
    #[serde(default)]
    username_suggestions: Vec<String>,
}

impl Client {
    /// A number's username (`GET /{phone_number_id}/username`).
    pub async fn username(&self, token: &str, number: &PhoneNumberId) -> Result<BusinessUsername, CallError> {
        self.call(self.authorized(Method::GET, &[&number.0, "username"], token)).await
    }

    /// Claims a username of 3 to 35 letters, digits, periods and underscores for a number, instead of the one that it has
    /// (`POST /{phone_number_id}/username`). One that another number of the portfolio has is refused with 147005, unless
    /// it is to be taken over; the other refusals are 147001 to 147004. Gives its status.
    pub async fn claim_username(
        &self,
        token: &str,
        number: &PhoneNumberId,
        username: &str,
        takes_over: bool,
    ) -> Result<BusinessUsername, CallError> {
        let transfer = takes_over.then_some("force_transfer");
        let body = present(json!({ "username": username, "transfer_action": transfer }));
        self.call(self.authorized(Method::POST, &[&number.0, "username"], token).json(&body)).await
    }

    /// Gives a number's username up (`DELETE /{phone_number_id}/username`).
    pub async fn delete_username(&self, token: &str, number: &PhoneNumberId) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::DELETE, &[&number.0, "username"], token)).await
    }

    /// Usernames that Meta keeps free for a number (`GET /{phone_number_id}/username_suggestions`).
    pub async fn suggest_usernames(
        &self,
        token: &str,
        number: &PhoneNumberId,
    ) -> Result<Vec<String>, CallError> {
        let request = self.authorized(Method::GET, &[&number.0, "username_suggestions"], token);
        let lists = self.call::<Listed<Suggestions>>(request).await?.items(|list| list.username_suggestions);
        Ok(lists.into_iter().flatten().collect())
    }
}
