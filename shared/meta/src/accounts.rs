//! What connecting an account takes: a token from a code, what it opens, the account's numbers.

use domain::PhoneNumberId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, Listed};

/// Numbers asked for at once.
const PAGE_ITEMS: &str = "100";
/// Pages of numbers read; an account with more numbers than these hold is beyond Meta's own limits.
const PAGES_MAX: usize = 10;

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The app that it was made for; empty where Meta does not say, as for a token that it does not know.
    pub app_id: String,
    /// Whether Meta takes it.
    pub is_valid: bool,
    /// WhatsApp Business accounts, newest first. None are named when the token is not limited to some.
    pub waba_ids: Vec<String>,
}

/// A business number as Meta lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteNumber {
    /// Meta's id of it.
    pub id: String,
    /// As people see it, such as `+1 631-555-5555`.
    pub display: String,
    /// The business' name on it.
    pub verified_name: Option<String>,
    /// Messages per second that Meta takes from it.
    pub messages_per_second: i32,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Debugged {
    data: DebugData,
}

#[derive(Deserialize)]
struct DebugData {
    app_id: Option<Id>,
    #[serde(default)]
    is_valid: bool,
    granular_scopes: Option<Vec<Granular>>,
}

#[derive(Deserialize)]
struct Granular {
    scope: String,
    target_ids: Option<Vec<Id>>,
}

#[derive(Deserialize)]
struct ListedNumber {
    id: Id,
    display_phone_number: String,
    verified_name: Option<String>,
    throughput: Option<Throughput>,
    is_on_biz_app: Option<bool>,
}

#[derive(Deserialize)]
struct Throughput {
    level: Option<String>,
}

impl ListedNumber {
    fn read(self) -> RemoteNumber {
        RemoteNumber {
            messages_per_second: self.messages_per_second(),
            id: self.id.into(),
            display: self.display_phone_number,
            verified_name: self.verified_name,
        }
    }

    /// 80 a second, 1,000 after Meta's upgrade, 20 while the WhatsApp Business app uses the number too
    /// (Meta: throughput).
    fn messages_per_second(&self) -> i32 {
        let level = self.throughput.as_ref().and_then(|throughput| throughput.level.as_deref());
        match level {
            _ if self.is_on_biz_app == Some(true) => 20,
            Some("HIGH") => 1_000,
            Some(_) | None => 80,
        }
    }
}

impl Client {
    /// Exchanges the code of Meta's login window for the customer's token (`GET /oauth/access_token`). A code works once,
    /// and for 30 seconds.
    pub async fn exchange_code(&self, code: &str) -> Result<String, CallError> {
        let query = [("client_id", self.app_id()), ("client_secret", self.app_secret()), ("code", code)];
        let token: Token =
            self.call(self.bare(Method::GET, &["oauth", "access_token"]).query(&query)).await?;
        Ok(token.access_token)
    }

    /// What a token opens (`GET /debug_token`), asked with the app's own token.
    pub async fn debug_token(&self, token: &str) -> Result<TokenInfo, CallError> {
        let own = format!("{}|{}", self.app_id(), self.app_secret());
        let request = self.authorized(Method::GET, &["debug_token"], &own).query(&[("input_token", token)]);
        let data = self.call::<Debugged>(request).await?.data;
        let mut scopes = data.granular_scopes.unwrap_or_default().into_iter();
        let manages = scopes.find(|granular| granular.scope == "whatsapp_business_management");
        let waba_ids = manages.and_then(|granular| granular.target_ids).unwrap_or_default();
        Ok(TokenInfo {
            app_id: data.app_id.map(String::from).unwrap_or_default(),
            is_valid: data.is_valid,
            waba_ids: waba_ids.into_iter().map(String::from).collect(),
        })
    }

    /// An account's numbers (`GET /{waba}/phone_numbers`), all of them.
    pub async fn phone_numbers(&self, token: &str, waba: &str) -> Result<Vec<RemoteNumber>, CallError> {
        let fields = "id,display_phone_number,verified_name,throughput,is_on_biz_app";
        let (mut numbers, mut after): (Vec<RemoteNumber>, Option<String>) = (Vec::new(), None);
        for _page in 0..PAGES_MAX {
            let mut query = vec![("fields", fields), ("limit", PAGE_ITEMS)];
            query.extend(after.as_deref().map(|after| ("after", after)));
            let request = self.authorized(Method::GET, &[waba, "phone_numbers"], token).query(&query);
            let page = self.call::<Listed<ListedNumber>>(request).await?.page(ListedNumber::read);
            numbers.extend(page.items);
            after = page.after;
            if after.is_none() {
                break;
            }
        }
        Ok(numbers)
    }

    /// Lets Meta send an account's webhooks to the app (`POST /{waba}/subscribed_apps`). Once more changes nothing.
    pub async fn subscribe_app(&self, token: &str, waba: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[waba, "subscribed_apps"], token)).await
    }

    /// Registers a number for the Cloud API with its six-digit PIN (`POST /{phone_number_id}/register`): ten times in 72
    /// hours at most.
    pub async fn register(&self, token: &str, number: &PhoneNumberId, pin: &str) -> Result<(), CallError> {
        let body = json!({ "messaging_product": "whatsapp", "pin": pin });
        self.succeed(self.authorized(Method::POST, &[&number.0, "register"], token).json(&body)).await
    }
}
