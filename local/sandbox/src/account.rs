//! A customer's WhatsApp Business account with its one phone number, derived from the code that connected it.

use serde::{Deserialize, Serialize};

use crate::digest;

mod state;

pub(crate) use state::{
    AccountState, NameState, NumberState, NumberStatus, Quality, Scope, Throughput, TokenState,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) waba_id: String,
    pub(crate) phone_number_id: String,
    /// In E.164.
    pub(crate) number: String,
    pub(crate) business_id: String,
    pub(crate) user_id: String,
    pub(crate) name: String,
    pub(crate) access_token: String,
    /// Hash of the code, by which the same code finds the account after a restart.
    pub(crate) code_hash: String,
    /// By `POST /{phone}/register`; otherwise sends are refused with 133010.
    pub(crate) registered: bool,
    /// By `POST /{waba}/subscribed_apps`; otherwise no webhooks are sent.
    pub(crate) subscribed: bool,
    pub(crate) created_ms: u64,
    #[serde(default)]
    pub(crate) state: AccountState,
    #[serde(default)]
    pub(crate) token_state: TokenState,
    /// What the token permits.
    #[serde(default = "Scope::all")]
    pub(crate) scopes: Vec<Scope>,
    #[serde(default)]
    pub(crate) number_state: NumberState,
}

pub(crate) fn code_hash(code: &str) -> String {
    hex::encode(digest::sha256(&["code", code]))
}

impl Account {
    /// Derives the account of a code. Ids, token and number depend on the code alone, except that a number that is
    /// `taken` by another account is replaced by the next free one.
    pub(crate) fn derive(code: &str, app_secret: &str, now_ms: u64, taken: impl Fn(&str) -> bool) -> Self {
        // 5550000xxx belongs to the magic recipients.
        let (first, span) = (5_550_100_000, 9_900_000);
        let start = digest::number(&["number", code]) % span;
        let number = (0..span)
            .map(|step| format!("+1{}", first + (start + step) % span))
            .find(|number| !taken(number))
            .unwrap_or_default();
        let secret = digest::hmac_hex(app_secret, code.as_bytes());
        let hash = code_hash(code);
        Self {
            waba_id: digest::object_id(&["waba", code]),
            phone_number_id: digest::object_id(&["phone", code]),
            number,
            business_id: digest::object_id(&["business", code]),
            user_id: digest::object_id(&["user", code]),
            name: format!("Sandbox business {}", hash.chars().take(6).collect::<String>()),
            access_token: format!("EAA{secret}"),
            code_hash: hash,
            registered: false,
            subscribed: false,
            created_ms: now_ms,
            state: AccountState::default(),
            token_state: TokenState::default(),
            scopes: Scope::all(),
            number_state: NumberState::default(),
        }
    }

    /// As Graph shows the number: `+1 555-123-4567`.
    pub(crate) fn display_number(&self) -> String {
        let national = self.number.strip_prefix("+1").unwrap_or(&self.number);
        match (national.get(0..3), national.get(3..6), national.get(6..)) {
            (Some(area), Some(office), Some(line)) => format!("+1 {area}-{office}-{line}"),
            _ => self.number.clone(),
        }
    }

    /// The business's name until another one is approved.
    pub(crate) fn verified_name(&self) -> &str {
        self.number_state.verified_name.as_deref().unwrap_or(&self.name)
    }

    pub(crate) fn number_status(&self) -> NumberStatus {
        let default = if self.registered { NumberStatus::Connected } else { NumberStatus::Pending };
        self.number_state.status.unwrap_or(default)
    }

    /// As webhooks show the number: digits only.
    pub(crate) fn digits(&self) -> &str {
        self.number.trim_start_matches('+')
    }
}
