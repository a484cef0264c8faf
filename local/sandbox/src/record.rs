//! What the journal stores: one record per line.
//!
//! Names in the journal never change, so that a newer sandbox reads an older file; a type or member that has another
//! name here is renamed for serde.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::template::Template;
use crate::update::Update;

/// One line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Record {
    /// An account is new or has changed.
    Account {
        account: Account,
        #[serde(default)]
        updates: Vec<Update>,
    },
    /// A template is new or has changed.
    Template { template: Template, updates: Vec<Update> },
    /// Templates were deleted; from then on the names of approved ones are locked.
    TemplatesDeleted {
        ids: Vec<String>,
        #[serde(default)]
        at_ms: u64,
        #[serde(default)]
        updates: Vec<Update>,
    },
    /// A message was accepted; `updates` are its statuses.
    Accepted { acceptance: Acceptance, updates: Vec<Update> },
    /// An order queued updates that change nothing else.
    Ordered { updates: Vec<Update> },
    /// A person wrote to a number, which opens the 24 hours for free-form messages.
    /// `from` holds all ids of that person: the number, the business-scoped user id.
    #[serde(rename = "heard")]
    Inbound { phone_number_id: String, from: Vec<String>, at_ms: u64, updates: Vec<Update> },
    /// A person stopped a business's marketing messages or wants them again.
    Preference { waba_id: String, from: String, stopped: bool, updates: Vec<Update> },
    /// The receiver answered these updates with 200.
    Delivered { ids: Vec<u64> },
    /// `DELETE /sandbox`.
    Reset,
    /// The last line of a journal that was written anew: what its other records do not say.
    Rest(Rest),
}

/// What is known beside accounts, templates, acceptances and pending updates.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rest {
    /// Index of the last acceptance that is forgotten.
    pub(crate) index_before: u64,
    /// Service messages by phone number id and month.
    pub(crate) service_counts: Vec<(String, String, u64)>,
    /// When a person last wrote, by phone number id and person.
    pub(crate) last_inbound_ms: Vec<(String, String, u64)>,
    /// WABA and person.
    pub(crate) stopped_marketing: Vec<(String, String)>,
    /// Names of deleted templates by WABA, name and language, and until when.
    pub(crate) locked_until_ms: Vec<(String, String, String, u64)>,
    pub(crate) next_template_serial: u64,
    pub(crate) next_update_id: u64,
    pub(crate) delivered: u64,
}

/// One accepted message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Acceptance {
    /// Counts from 1, also across resets.
    pub(crate) index: u64,
    /// `biz_opaque_callback_data`.
    pub(crate) attempt_id: Option<String>,
    pub(crate) wamid: String,
    pub(crate) to: String,
    pub(crate) waba_id: String,
    pub(crate) phone_number_id: String,
    /// The template's name; absent for free-form messages.
    pub(crate) template: Option<String>,
    /// As in `pricing.category`; `service` for free-form messages.
    pub(crate) category: String,
    /// A service message within the number's free ones of the month.
    #[serde(default)]
    pub(crate) free: bool,
    pub(crate) time_ms: u64,
}
