//! Business phone numbers (Meta: business phone numbers).

use domain::PhoneNumberId;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::health::{Health, HealthStatus};
use crate::client::{Client, object, word};
use crate::error::CallError;
use crate::wire::{Id, Listed, PAGE_ITEMS, Page, PageQuery, lenient};

/// Every field that [`RemoteNumber`] reads, except its health.
pub const NUMBER_FIELDS: &[&str] = &[
    "id",
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "code_verification_status",
    "name_status",
    "new_name_status",
    "status",
    "throughput",
    "whatsapp_business_manager_messaging_limit",
    "platform_type",
    "account_mode",
    "is_on_biz_app",
];

/// Pages of numbers that are read. Ten pages hold more numbers than Meta allows in an account.
const PAGES_MAX: usize = 10;

/// A business phone number at Meta. Meta returns only the requested fields; words are not interpreted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteNumber {
    pub id: String,
    /// As shown to people, such as `+1 631-555-5555`.
    pub display_phone_number: Option<String>,
    pub verified_name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, or `NA` and `UNKNOWN` before the first rating.
    pub quality_rating: Option<String>,
    pub code_verification_status: Option<String>,
    /// Meta's review of the name, such as `APPROVED`.
    pub name_status: Option<String>,
    /// Meta's review of a new name that was requested.
    pub new_name_status: Option<String>,
    /// Such as `CONNECTED`, `FLAGGED` or `BANNED`.
    pub status: Option<String>,
    /// `STANDARD` or `HIGH`.
    pub throughput_level: Option<String>,
    /// How many people the whole portfolio may message first in 24 hours, such as `TIER_2K`.
    pub messaging_limit: Option<String>,
    /// The same limit of this number alone, which Meta no longer maintains.
    pub messaging_limit_tier: Option<String>,
    /// Such as `CLOUD_API`.
    pub platform_type: Option<String>,
    /// `LIVE` or `SANDBOX`.
    pub account_mode: Option<String>,
    /// Whether the WhatsApp Business app also uses the number; if so, we do not register it.
    pub is_on_biz_app: Option<bool>,
    pub health: Option<Health>,
}

#[derive(Deserialize)]
struct NumberResponse {
    id: Id,
    display_phone_number: Option<String>,
    verified_name: Option<String>,
    quality_rating: Option<String>,
    code_verification_status: Option<String>,
    name_status: Option<String>,
    new_name_status: Option<String>,
    status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    throughput: Option<Throughput>,
    whatsapp_business_manager_messaging_limit: Option<String>,
    messaging_limit_tier: Option<String>,
    platform_type: Option<String>,
    account_mode: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    is_on_biz_app: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    health_status: Option<HealthStatus>,
}

/// Meta documents only the level.
#[derive(Deserialize)]
struct Throughput {
    level: Option<String>,
}

impl NumberResponse {
    fn read(self) -> RemoteNumber {
        let id = String::from(self.id);
        RemoteNumber {
            health: self.health_status.map(|status| status.read(id.clone())),
            id,
            display_phone_number: self.display_phone_number,
            verified_name: self.verified_name,
            quality_rating: self.quality_rating,
            code_verification_status: self.code_verification_status,
            name_status: self.name_status,
            new_name_status: self.new_name_status,
            status: self.status,
            throughput_level: self.throughput.and_then(|throughput| throughput.level),
            messaging_limit: self.whatsapp_business_manager_messaging_limit,
            messaging_limit_tier: self.messaging_limit_tier,
            platform_type: self.platform_type,
            account_mode: self.account_mode,
            is_on_biz_app: self.is_on_biz_app,
        }
    }
}

impl RemoteNumber {
    /// Messages that Meta accepts from it per second: 80, 1,000 after Meta's upgrade, or 20 while the WhatsApp Business
    /// app also uses the number (Meta: throughput).
    pub fn messages_per_second(&self) -> i32 {
        match self.throughput_level.as_deref() {
            _ if self.is_on_biz_app == Some(true) => 20,
            Some("HIGH") => 1_000,
            Some(_) | None => 80,
        }
    }
}

impl Client {
    /// Reads a page of an account's numbers (`GET /{waba}/phone_numbers`).
    pub async fn list_numbers(
        &self,
        token: &SecretString,
        waba: &str,
        query: &PageQuery<'_>,
    ) -> Result<Page<RemoteNumber>, CallError> {
        let request = self
            .authorized(Method::GET, &[object(waba)?, word("phone_numbers")], token)
            .query(&query.members());
        Ok(self.call::<Listed<NumberResponse>>(request).await?.page(NumberResponse::read))
    }

    /// Reads all of an account's numbers, with [`NUMBER_FIELDS`].
    pub async fn phone_numbers(
        &self,
        token: &SecretString,
        waba: &str,
    ) -> Result<Vec<RemoteNumber>, CallError> {
        let (mut numbers, mut after): (Vec<RemoteNumber>, Option<String>) = (Vec::new(), None);
        for _page in 0..PAGES_MAX {
            let query = PageQuery { fields: NUMBER_FIELDS, limit: Some(PAGE_ITEMS), after: after.as_deref() };
            let page = self.list_numbers(token, waba, &query).await?;
            let next = page.next().map(str::to_owned);
            numbers.extend(page.items);
            after = next;
            if after.is_none() {
                break;
            }
        }
        Ok(numbers)
    }

    /// Reads one number (`GET /{phone_number_id}`). Without `fields` Meta chooses them.
    pub async fn number(
        &self,
        token: &SecretString,
        number: &PhoneNumberId,
        fields: &[&str],
    ) -> Result<RemoteNumber, CallError> {
        let query = PageQuery { fields, ..PageQuery::default() };
        let request = self.authorized(Method::GET, &[object(&number.0)?], token).query(&query.members());
        Ok(self.call::<NumberResponse>(request).await?.read())
    }
}
