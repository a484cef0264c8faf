//! Who hears an account's webhooks (Meta: subscribed apps, webhook overrides, app subscriptions).

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, Listed, Success, text_of};

/// The object that all webhooks of WhatsApp are about.
const OBJECT: &str = "whatsapp_business_account";

/// An address that is called instead of the app's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallbackOverride {
    /// At most 200 characters, and `https`.
    pub override_callback_uri: String,
    /// What Meta shows when it asks whether the address is ours.
    pub verify_token: String,
}

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

/// What an app hears, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSubscription {
    /// What it is about, such as `whatsapp_business_account`.
    pub object: String,
    /// The address.
    pub callback_url: Option<String>,
    /// Whether Meta calls it.
    pub is_active: bool,
    /// The fields that are heard.
    pub fields: Vec<String>,
}

/// What an app is to hear, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAppSubscription {
    /// The address.
    pub callback_url: String,
    /// What Meta shows when it asks whether the address is ours.
    pub verify_token: String,
    /// The fields to be heard, such as `messages`: all of them, not only new ones.
    pub fields: Vec<String>,
}

#[derive(Deserialize)]
struct ToldApp {
    whatsapp_business_api_data: Option<AppData>,
    override_callback_uri: Option<String>,
}

#[derive(Deserialize)]
struct AppData {
    id: Option<Id>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Overridden {
    #[serde(flatten)]
    success: Success,
    #[serde(default)]
    data: Vec<ToldApp>,
}

#[derive(Deserialize)]
struct ToldSubscription {
    #[serde(default)]
    object: String,
    callback_url: Option<String>,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    fields: Vec<Value>,
}

impl ToldApp {
    fn read(self) -> SubscribedApp {
        let (id, name) =
            self.whatsapp_business_api_data.map_or((None, None), |data| (text_of(data.id), data.name));
        SubscribedApp { id, name, override_callback_uri: self.override_callback_uri }
    }
}

impl ToldSubscription {
    /// A field is an object with its version, or its name alone.
    fn read(self) -> AppSubscription {
        let name = |field: &Value| field.as_str().or_else(|| field.get("name")?.as_str()).map(str::to_owned);
        AppSubscription {
            object: self.object,
            callback_url: self.callback_url,
            is_active: self.active,
            fields: self.fields.iter().filter_map(name).collect(),
        }
    }
}

impl Client {
    /// Lets Meta send an account's webhooks to the app (`POST /{waba}/subscribed_apps`). Once more changes nothing, but
    /// that an override ends.
    pub async fn subscribe_app(&self, token: &str, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[waba, "subscribed_apps"], token)).await
    }

    /// Lets Meta send an account's messages and their statuses to an address of its own, which Meta asks at once
    /// (`POST /{waba}/subscribed_apps`). Events of templates and of the account still go to the app's. Gives who hears it
    /// now.
    pub async fn subscribe_app_with_override(
        &self,
        token: &str,
        waba: &str,
        callback: &CallbackOverride,
    ) -> Result<Vec<SubscribedApp>, CallError> {
        let request = self.authorized(Method::POST, &[waba, "subscribed_apps"], token).json(callback);
        let answer: Overridden = self.call(request).await?;
        if !answer.success.success {
            return Err(CallError::NotDone);
        }
        Ok(answer.data.into_iter().map(ToldApp::read).collect())
    }

    /// Who hears an account's webhooks (`GET /{waba}/subscribed_apps`).
    pub async fn subscribed_apps(&self, token: &str, waba: &str) -> Result<Vec<SubscribedApp>, CallError> {
        let request = self.authorized(Method::GET, &[waba, "subscribed_apps"], token);
        Ok(self.call::<Listed<ToldApp>>(request).await?.items(ToldApp::read))
    }

    /// Ends it (`DELETE /{waba}/subscribed_apps`).
    pub async fn unsubscribe_app(&self, token: &str, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::DELETE, &[waba, "subscribed_apps"], token)).await
    }

    /// What the app hears, and where (`GET /{app}/subscriptions`), asked with the app's own token.
    pub async fn app_subscriptions(&self) -> Result<Vec<AppSubscription>, CallError> {
        let request = self.as_app(Method::GET, &[&self.app().id, "subscriptions"]);
        Ok(self.call::<Listed<ToldSubscription>>(request).await?.items(ToldSubscription::read))
    }

    /// Sets what the app hears, and where (`POST /{app}/subscriptions`), with the app's own token. An app has one address
    /// for all of WhatsApp, which Meta asks at once.
    pub async fn set_app_subscription(&self, new: &NewAppSubscription) -> Result<(), CallError> {
        let body = json!({
            "object": OBJECT,
            "callback_url": new.callback_url,
            "verify_token": new.verify_token,
            "fields": new.fields,
            "include_values": true,
        });
        self.succeed(self.as_app(Method::POST, &[&self.app().id, "subscriptions"]).json(&body)).await
    }
}
