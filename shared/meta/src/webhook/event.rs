//! What a webhook says, in our words: one [`Event`] for each thing.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::account::{AccountAlert, AccountError, AccountReview, AccountUpdate, BusinessCapability};
use super::call::{Call, CallStatus, Group, ThreadControl};
use super::coexistence::{Echo, HistoryChunk, HistoryEcho, HistoryMedia};
use super::fragment::Fragment;
use super::inbound::{Inbound, SystemMessage};
use super::json::UnixTime;
use super::number::{BusinessUsername, PhoneName, PhoneQuality, Security};
use super::person::{ContactSync, UserIdUpdate, UserPreference};
use super::status::Status;
use super::template::{
    TemplateCategory, TemplateCategoryMismatch, TemplateComponents, TemplateQuality, TemplateStatus,
};

/// One thing that a webhook says, and where it stood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event<'a> {
    /// Where it stood.
    #[serde(flatten)]
    pub origin: EventOrigin<'a>,
    /// What it says.
    #[serde(flatten)]
    pub data: EventData<'a>,
    #[serde(skip)]
    pub(super) part: Option<Fragment<'a>>,
}

impl Event<'_> {
    /// Meta's JSON of it, as the webhook that it would have been alone; none for a status that was read whole.
    pub fn raw(&self) -> Option<Value> {
        self.part.as_ref().map(Fragment::as_webhook)
    }
}

/// Where in a webhook an event stood: of whom it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventOrigin<'a> {
    /// The entry's id: the WhatsApp Business account; for some account updates the partner's business, or `0`.
    pub waba_id: Option<Cow<'a, str>>,
    /// The entry's time, which account and template updates have.
    pub time: Option<UnixTime>,
    /// The business number, for what is about one.
    pub phone_number_id: Option<Cow<'a, str>>,
    /// The webhook field.
    pub field: Option<Cow<'a, str>>,
}

/// What is said. The shapes: Meta, webhooks, reference of the fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventData<'a> {
    /// What became of a message of ours.
    MessageStatus(Box<Status<'a>>),
    /// A message to us.
    InboundMessage(Box<Inbound>),
    /// WhatsApp itself, about a person.
    SystemMessage(Box<SystemMessage>),
    /// An error of the account, not of a message.
    AccountError(AccountError),
    /// A template's review, pause, end.
    TemplateStatus(TemplateStatus),
    /// A template's quality.
    TemplateQuality(TemplateQuality),
    /// A template's category, changed or about to be.
    TemplateCategory(TemplateCategory),
    /// Meta found a template in the wrong category.
    TemplateCategoryMismatch(TemplateCategoryMismatch),
    /// A template's text, changed.
    TemplateComponents(TemplateComponents),
    /// A number's throughput or limits.
    PhoneQuality(PhoneQuality),
    /// The review of a number's display name.
    PhoneName(PhoneName),
    /// Something about the account as a whole.
    AccountUpdate(Box<AccountUpdate>),
    /// The review of an account.
    AccountReview(AccountReview),
    /// An alert about an account, a number or the business.
    AccountAlert(AccountAlert),
    /// Limits of the business.
    BusinessCapability(BusinessCapability),
    /// A number's two-step verification.
    Security(Security),
    /// A person stops or resumes marketing messages.
    UserPreference(UserPreference),
    /// A person has another business-scoped id.
    UserIdUpdate(UserIdUpdate),
    /// The business' own username.
    BusinessUsername(BusinessUsername),
    /// A call.
    Call(Call),
    /// How a call of ours goes.
    CallStatus(CallStatus),
    /// A group of ours.
    Group(Group),
    /// What the business wrote in its app.
    BusinessAppEcho(Echo),
    /// A contact in the business' app.
    ContactSync(ContactSync),
    /// A piece of the chat history of the business' app.
    HistoryChunk(HistoryChunk),
    /// Media of a message in that history.
    HistoryMedia(HistoryMedia),
    /// Media that the business sent, in that history.
    HistoryEcho(HistoryEcho),
    /// Who answers a conversation.
    ThreadControl(ThreadControl),
    /// A field that nothing here reads.
    OtherField,
    /// Something that cannot be read.
    #[serde(rename = "malformed_change")]
    Unreadable(Unreadable),
    /// A webhook about something else than WhatsApp.
    IgnoredObject(IgnoredObject),
}

/// Something that cannot be read; the others around it can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// What is wrong with it.
    pub reason: String,
}

/// A webhook about something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IgnoredObject {
    /// What it is about, such as `page`.
    pub object: String,
}

impl EventData<'_> {
    /// The kind, in a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::MessageStatus(_) => "message_status",
            Self::InboundMessage(_) => "inbound_message",
            Self::SystemMessage(_) => "system_message",
            Self::AccountError(_) => "account_error",
            Self::TemplateStatus(_) => "template_status",
            Self::TemplateQuality(_) => "template_quality",
            Self::TemplateCategory(_) => "template_category",
            Self::TemplateCategoryMismatch(_) => "template_category_mismatch",
            Self::TemplateComponents(_) => "template_components",
            Self::PhoneQuality(_) => "phone_quality",
            Self::PhoneName(_) => "phone_name",
            Self::AccountUpdate(_) => "account_update",
            Self::AccountReview(_) => "account_review",
            Self::AccountAlert(_) => "account_alert",
            Self::BusinessCapability(_) => "business_capability",
            Self::Security(_) => "security",
            Self::UserPreference(_) => "user_preference",
            Self::UserIdUpdate(_) => "user_id_update",
            Self::BusinessUsername(_) => "business_username",
            Self::Call(_) => "call",
            Self::CallStatus(_) => "call_status",
            Self::Group(_) => "group",
            Self::BusinessAppEcho(_) => "business_app_echo",
            Self::ContactSync(_) => "contact_sync",
            Self::HistoryChunk(_) => "history_chunk",
            Self::HistoryMedia(_) => "history_media",
            Self::HistoryEcho(_) => "history_echo",
            Self::ThreadControl(_) => "thread_control",
            Self::OtherField => "other_field",
            Self::Unreadable(_) => "unreadable",
            Self::IgnoredObject(_) => "ignored_object",
        }
    }
}
