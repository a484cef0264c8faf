//! Ids, one type each, so that a contact's id cannot be passed where a template's is expected.
//!
//! Ids of rows are UUID v7 (RFC 9562), ordered by creation time, which keeps indexes dense and lists cheap.
//! Ids that must not be guessed (an attempt's, which travels to Meta and back) are UUID v4: 122 random bits.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::{Builder, Uuid};

macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id of the instant `now`; ids of one millisecond differ in their random bits.
            pub fn at(now: Timestamp) -> Self {
                Self(time_ordered(now))
            }

            /// The lowest id of the instant: no row that was made then or later has a lower one.
            pub fn first_of(instant: Timestamp) -> Self {
                Self(time_ordered_with(instant, [0; 10]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )+};
}

row_ids! {
    /// A business that uses the platform.
    TenantId,
    /// A person who logs in.
    UserId,
    /// A key that programs of a tenant call the API with.
    ApiKeyId,
    /// A person that a tenant may write to.
    ContactId,
    TemplateId,
    /// One message to one contact.
    MessageId,
    /// One message to many contacts.
    CampaignId,
    /// Messages claimed together by one dispatcher.
    ClaimId,
    PlanId,
    /// One dispatcher's hold on a business number.
    LeaseId,
    /// A message on one of the queues between functions.
    QueueMessageId,
    /// A domain event in the outbox.
    EventId,
    /// An entry of the audit log.
    AuditEntryId,
    /// A login that goes on.
    SessionId,
    /// Prices that were applied together.
    RateCardId,
    /// A request to correct a ledger.
    AdjustmentId,
    /// One e-mail to one person who logs in.
    EmailId,
    /// An invitation to register a business.
    InvitationId,
}

fn time_ordered(now: Timestamp) -> Uuid {
    time_ordered_with(now, rand::random())
}

fn time_ordered_with(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// One attempt to send one message. Meta gets it as `biz_opaque_callback_data` and returns it with the statuses.
///
/// Random, so that it reveals nothing about tenant or recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub Uuid);

impl AttemptId {
    pub fn random() -> Self {
        Self(Builder::from_random_bytes(rand::random()).into_uuid())
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! metas_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

/// An id of Meta's that may stand in the address of a call: digits, and nothing that could lead to another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetaId<'a>(&'a str);

/// Digits of an id of Meta's; today's have 17 at most.
const META_ID_DIGITS_MAX: usize = 40;

/// A text that is not an id of Meta's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be an id of Meta's: 1 to {META_ID_DIGITS_MAX} digits")]
pub struct NotAMetaId;

impl<'a> MetaId<'a> {
    pub fn read(text: &'a str) -> Result<Self, NotAMetaId> {
        let is_id =
            (1..=META_ID_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if is_id { Ok(Self(text)) } else { Err(NotAMetaId) }
    }

    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

metas_ids! {
    /// Meta's id of a business phone number, as text, because Meta does not limit its length.
    PhoneNumberId,
    /// Meta's id of a WhatsApp Business account.
    WabaId,
    /// Meta's id of a message it accepted (`wamid.…`).
    Wamid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_metas_is_digits_and_never_a_path() {
        for id in ["7", "102290129340398"] {
            assert_eq!(MetaId::read(id).map(MetaId::as_str), Ok(id));
        }
        let long = "1".repeat(META_ID_DIGITS_MAX + 1);
        for text in ["", "..", ".", "7/7", "7?a", "7#a", "7 ", "a", "-7", "\u{661}", &long] {
            assert_eq!(MetaId::read(text), Err(NotAMetaId), "{text:?}");
        }
    }
}
