//! Which apps receive an account's webhooks (Meta: subscribed apps).

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::client::{Client, object, word};
use crate::error::CallError;
use crate::wire::{Id, Listed, text_of};

/// An app that receives an account's webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedApp {
    pub id: Option<String>,
    pub name: Option<String>,
    /// An address that Meta calls for this account instead of the app's.
    pub override_callback_uri: Option<String>,
}

#[derive(Deserialize)]
struct AppResponse {
    whatsapp_business_api_data: Option<AppData>,
    override_callback_uri: Option<String>,
}

#[derive(Deserialize)]
struct AppData {
    id: Option<Id>,
    name: Option<String>,
}

impl AppResponse {
    fn read(self) -> SubscribedApp {
        let (id, name) =
            self.whatsapp_business_api_data.map_or((None, None), |data| (text_of(data.id), data.name));
        SubscribedApp { id, name, override_callback_uri: self.override_callback_uri }
    }
}

impl Client {
    /// Makes Meta send an account's webhooks to our app (`POST /{waba}/subscribed_apps`). Repeating it changes nothing,
    /// except that it ends a callback override.
    pub async fn subscribe_app(&self, token: &SecretString, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[object(waba)?, word("subscribed_apps")], token)).await
    }

    /// Lists the apps that receive an account's webhooks (`GET /{waba}/subscribed_apps`).
    pub async fn subscribed_apps(
        &self,
        token: &SecretString,
        waba: &str,
    ) -> Result<Vec<SubscribedApp>, CallError> {
        let request = self.authorized(Method::GET, &[object(waba)?, word("subscribed_apps")], token);
        Ok(self.call::<Listed<AppResponse>>(request).await?.items(AppResponse::read))
    }

    /// Ends our app's subscription (`DELETE /{waba}/subscribed_apps`).
    pub async fn unsubscribe_app(&self, token: &SecretString, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::DELETE, &[object(waba)?, word("subscribed_apps")], token)).await
    }
}
