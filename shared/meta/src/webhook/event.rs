//! The events of a webhook: one [`Event`] for each thing that it reports.

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

/// One thing that a webhook reports, and where in the webhook it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event<'a> {
    #[serde(flatten)]
    pub origin: EventOrigin<'a>,
    #[serde(flatten)]
    pub data: EventData<'a>,
    #[serde(skip)]
    pub(super) fragment: Option<Fragment<'a>>,
}

impl Event<'_> {
    /// Meta's JSON of this event as a webhook with nothing else in it. [`None`] for a status from the single-pass
    /// parser.
    pub fn raw(&self) -> Option<Value> {
        self.fragment.as_ref().map(Fragment::as_webhook)
    }
}

/// Where an event was in its webhook: which account, number and field it concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventOrigin<'a> {
    /// The entry's id: the WhatsApp Business account, or for some account updates the partner's business or `0`.
    pub waba_id: Option<Cow<'a, str>>,
    /// The entry's time, which account and template updates have.
    pub time: Option<UnixTime>,
    /// The business number, for events about one.
    pub phone_number_id: Option<Cow<'a, str>>,
    /// The webhook field.
    pub field: Option<Cow<'a, str>>,
}

/// The data of an event. Their shapes are in Meta's reference of webhook fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventData<'a> {
    /// The delivery status of a message that we sent.
    MessageStatus(Box<Status<'a>>),
    /// A received message.
    InboundMessage(Box<Inbound>),
    /// A notice from WhatsApp about a person.
    SystemMessage(Box<SystemMessage>),
    /// An error of the account and not of a message.
    AccountError(AccountError),
    /// A template's review, pause or end.
    TemplateStatus(TemplateStatus),
    TemplateQuality(TemplateQuality),
    /// A template's category changed, or will change.
    TemplateCategory(TemplateCategory),
    /// Meta found a template in the wrong category.
    TemplateCategoryMismatch(TemplateCategoryMismatch),
    /// A template's texts changed.
    TemplateComponents(TemplateComponents),
    /// A number's throughput or limits.
    PhoneQuality(PhoneQuality),
    /// The review of a number's display name.
    PhoneName(PhoneName),
    /// An event of the account as a whole.
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
    /// A person's business-scoped id changed.
    UserIdUpdate(UserIdUpdate),
    /// The business' username.
    BusinessUsername(BusinessUsername),
    Call(Call),
    /// The progress of a call that we made.
    CallStatus(CallStatus),
    Group(Group),
    /// A message that the business wrote in its app.
    BusinessAppEcho(Echo),
    /// A contact in the business' app.
    ContactSync(ContactSync),
    /// A chunk of the chat history of the business' app.
    HistoryChunk(HistoryChunk),
    /// Media of a message in that history.
    HistoryMedia(HistoryMedia),
    /// Media that the business sent, in that history.
    HistoryEcho(HistoryEcho),
    /// Which party answers a conversation.
    ThreadControl(ThreadControl),
    /// An unknown field.
    OtherField,
    /// An element that cannot be read.
    #[serde(rename = "malformed_change")]
    Unreadable(Unreadable),
    /// A webhook that is not about WhatsApp.
    IgnoredObject(IgnoredObject),
}

/// An element that cannot be read. It does not affect the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    pub reason: String,
}

/// A webhook that is not about WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IgnoredObject {
    /// Such as `page`.
    pub object: String,
}

impl EventData<'_> {
    /// The name of the kind.
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
