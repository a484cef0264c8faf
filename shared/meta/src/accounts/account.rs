//! WhatsApp Business accounts (Meta: WhatsApp Business account reference). Since September 2026 Meta calls the owner of
//! this id a messaging account; ids and calls are unchanged.

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::client::{Client, object, word};
use crate::error::CallError;
use crate::wire::{Id, Listed, Page, PageQuery, text_of};

/// Every field that [`RemoteAccount`] reads.
pub const ACCOUNT_FIELDS: &[&str] = &[
    "id",
    "name",
    "timezone_id",
    "currency",
    "country",
    "account_review_status",
    "business_verification_status",
    "ownership_type",
    "message_template_namespace",
];

/// An account at Meta. Meta returns only the requested fields; words are not interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteAccount {
    pub id: String,
    pub name: Option<String>,
    /// Meta's number of its time zone. Months of pricing follow this zone.
    pub timezone_id: Option<String>,
    /// Billing currency (ISO 4217).
    pub currency: Option<String>,
    /// ISO 3166, two letters.
    pub country: Option<String>,
    /// `APPROVED`, `PENDING`, `REJECTED` or `DEFERRED`.
    pub account_review_status: Option<String>,
    /// Such as `VERIFIED`.
    pub business_verification_status: Option<String>,
    /// Such as `SELF_OWNED`.
    pub ownership_type: Option<String>,
    pub message_template_namespace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Accounts that the business owns.
    Owned,
    /// Accounts that other businesses shared with it.
    Client,
}

#[derive(Deserialize)]
struct AccountResponse {
    id: Id,
    name: Option<String>,
    timezone_id: Option<Id>,
    currency: Option<String>,
    country: Option<String>,
    account_review_status: Option<String>,
    business_verification_status: Option<String>,
    ownership_type: Option<String>,
    message_template_namespace: Option<String>,
}

impl AccountResponse {
    fn read(self) -> RemoteAccount {
        RemoteAccount {
            id: self.id.into(),
            name: self.name,
            timezone_id: text_of(self.timezone_id),
            currency: self.currency,
            country: self.country,
            account_review_status: self.account_review_status,
            business_verification_status: self.business_verification_status,
            ownership_type: self.ownership_type,
            message_template_namespace: self.message_template_namespace,
        }
    }
}

impl Client {
    /// Reads an account (`GET /{waba}`). Without `fields` Meta chooses them.
    pub async fn account(
        &self,
        token: &SecretString,
        waba: &str,
        fields: &[&str],
    ) -> Result<RemoteAccount, CallError> {
        let query = PageQuery { fields, ..PageQuery::default() };
        let request = self.authorized(Method::GET, &[object(waba)?], token).query(&query.members());
        Ok(self.call::<AccountResponse>(request).await?.read())
    }

    /// Reads a page of a business' accounts (`GET /{business}/owned_whatsapp_business_accounts`, or `client_…`).
    pub async fn list_accounts(
        &self,
        token: &SecretString,
        (business, side): (&str, Side),
        query: &PageQuery<'_>,
    ) -> Result<Page<RemoteAccount>, CallError> {
        let edge = match side {
            Side::Owned => "owned_whatsapp_business_accounts",
            Side::Client => "client_whatsapp_business_accounts",
        };
        let request =
            self.authorized(Method::GET, &[object(business)?, word(edge)], token).query(&query.members());
        Ok(self.call::<Listed<AccountResponse>>(request).await?.page(AccountResponse::read))
    }
}
