//! Who hears an account's webhooks (Meta: subscribed apps, webhook overrides, app subscriptions).

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, Listed, text_of};

/// An app that hears an account's webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedApp {
    /// The app.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The address that is called for this account instead of the app's.
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
    /// Lets Meta send an account's webhooks to the app (`POST /{waba}/subscribed_apps`). Once more changes nothing, but
    /// that an override ends.
    pub async fn subscribe_app(&self, token: &SecretString, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[waba, "subscribed_apps"], token)).await
    }

    /// Who hears an account's webhooks (`GET /{waba}/subscribed_apps`).
    pub async fn subscribed_apps(
        &self,
        token: &SecretString,
        waba: &str,
    ) -> Result<Vec<SubscribedApp>, CallError> {
        let request = self.authorized(Method::GET, &[waba, "subscribed_apps"], token);
        Ok(self.call::<Listed<AppResponse>>(request).await?.items(AppResponse::read))
    }

    /// Ends it (`DELETE /{waba}/subscribed_apps`).
    pub async fn unsubscribe_app(&self, token: &SecretString, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::DELETE, &[waba, "subscribed_apps"], token)).await
    }
}
