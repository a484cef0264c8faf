//! What reaches the business from a person: messages of any type, and WhatsApp's notices about the person.

use serde::Serialize;
use serde_json::Value;

use super::content::{Content, KINDS, content};
use super::error_note::{self, ErrorNote};
use super::json::{JsonAccess, UnixTime};

/// A received message (Meta: webhooks, messages). A person without a phone number has a user id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inbound {
    /// Identifies the message: a second copy has the same id.
    pub wamid: String,
    /// Meta's word for the type.
    pub r#type: String,
    /// The sender's phone number.
    pub from: Option<String>,
    /// The sender's business-scoped id.
    pub from_user_id: Option<String>,
    /// The sender's id across all portfolios of the parent business.
    pub from_parent_user_id: Option<String>,
    /// When it was sent.
    pub timestamp: Option<UnixTime>,
    /// The name that the sender chose.
    pub profile_name: Option<String>,
    pub username: Option<String>,
    /// The group it was sent to.
    pub group_id: Option<String>,
    /// What it replies to or was forwarded from.
    #[serde(flatten)]
    pub context: Context,
    /// The advertisement it came from.
    #[serde(flatten)]
    pub referral: Referral,
    #[serde(flatten)]
    pub content: Content,
    /// Why it could not be delivered completely.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorNote<'static>>,
    /// The first code of these errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i64>,
}

/// What a message replies to or was forwarded from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Context {
    pub reply_to: Option<String>,
    pub forwarded: Option<bool>,
    pub frequently_forwarded: Option<bool>,
    /// The product it asks about.
    pub referred_product: Option<String>,
    /// What was said before another party handed the conversation over, in Meta's JSON.
    pub conversation_context: Option<Value>,
}

/// The advertisement or post that led to the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Referral {
    pub referral_source_id: Option<String>,
    /// `ad` or `post`.
    pub referral_source_type: Option<String>,
    /// The id of the click.
    pub ctwa_clid: Option<String>,
}

/// WhatsApp's notice about a person: a new number, id or device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SystemMessage {
    pub wamid: String,
    /// `system`.
    pub r#type: String,
    /// The person's former phone number.
    pub from: Option<String>,
    /// The person's business-scoped id.
    pub from_user_id: Option<String>,
    pub timestamp: Option<UnixTime>,
    /// Such as `user_changed_number`.
    pub system_type: Option<String>,
    /// The new phone number.
    pub new_wa_id: Option<String>,
    /// The new business-scoped id.
    pub new_user_id: Option<String>,
    /// The former business-scoped id.
    pub previous_user_id: Option<String>,
    pub profile_name: Option<String>,
}

/// The sender, from the message and the contact beside it.
struct Sender {
    phone: Option<String>,
    user_id: Option<String>,
    parent_user_id: Option<String>,
    name: Option<String>,
    username: Option<String>,
}

fn sender(message: &Value, contact: &Value) -> Sender {
    let profile = contact.at("profile");
    // A business-scoped id has a point after the country's two letters; a phone number has none.
    let (phone, as_id) = match message.id("from") {
        Some(from) if from.contains('.') => (None, Some(from)),
        from => (from, None),
    };
    Sender {
        phone,
        user_id: message.id("from_user_id").or_else(|| contact.id("user_id")).or(as_id),
        parent_user_id: message.id("from_parent_user_id").or_else(|| contact.id("parent_user_id")),
        name: profile.text("name"),
        username: profile.text("username"),
    }
}

/// The ids that the message gives for its sender.
pub(super) fn senders(message: &Value) -> impl Iterator<Item = String> {
    ["from", "from_user_id"].into_iter().filter_map(|name| message.id(name))
}

/// Reads a message, with the contact beside it.
pub(super) fn read(message: &Value, contact: &Value) -> Result<Inbound, &'static str> {
    let wamid = message.id("id").ok_or("a message without an id")?;
    let r#type =
        message.text("type").or_else(|| type_from_content(message)).ok_or("a message without a type")?;
    let Sender { phone, user_id, parent_user_id, name, username } = sender(message, contact);
    let errors = error_note::read_all(message.at("errors"));
    Ok(Inbound {
        wamid,
        from: phone,
        from_user_id: user_id,
        from_parent_user_id: parent_user_id,
        timestamp: message.time("timestamp"),
        profile_name: name,
        username,
        group_id: message.id("group_id"),
        context: context(message),
        referral: referral(message.at("referral")),
        content: content(message, &r#type),
        error_code: errors.iter().find_map(|error| error.code),
        errors,
        r#type,
    })
}

/// Reads a notice of WhatsApp's.
pub(super) fn read_system(message: &Value, contact: &Value) -> Result<SystemMessage, &'static str> {
    let system = message.at("system");
    let Sender { phone, user_id, name, .. } = sender(message, contact);
    Ok(SystemMessage {
        wamid: message.id("id").ok_or("a message without an id")?,
        r#type: "system".to_owned(),
        from: phone,
        from_user_id: user_id,
        timestamp: message.time("timestamp"),
        system_type: system.text("type"),
        new_wa_id: system.id("wa_id").or_else(|| system.id("new_wa_id")),
        new_user_id: system.id("user_id"),
        previous_user_id: system.id("previous_user_id"),
        profile_name: name,
    })
}

/// The type of a message that does not name it, from the member that holds its content.
fn type_from_content(message: &Value) -> Option<String> {
    KINDS.into_iter().find(|kind| !message.at(kind).is_null()).map(str::to_owned)
}

fn context(message: &Value) -> Context {
    let context = message.at("context");
    Context {
        reply_to: context.id("id"),
        forwarded: context.flag("forwarded"),
        frequently_forwarded: context.flag("frequently_forwarded"),
        referred_product: context.at("referred_product").id("product_retailer_id"),
        conversation_context: message
            .raw("conversation_context")
            .or_else(|| context.raw("conversation_context")),
    }
}

fn referral(referral: &Value) -> Referral {
    Referral {
        referral_source_id: referral.id("source_id"),
        referral_source_type: referral.text("source_type"),
        ctwa_clid: referral.text("ctwa_clid"),
    }
}
