//! A send request, checked as far as that does not need its template.

use serde_json::Value;

use crate::graph_error::GraphError;
use crate::json::{list, text};
use crate::person::e164;

mod attachment;
pub(crate) mod fill;
mod free_form;
mod interactive;

/// Characters of `biz_opaque_callback_data`. Meta documents this limit for calls and none for messages.
const OPAQUE_CHARS_MAX: usize = 512;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SendRequest {
    /// `to` or `recipient` as the caller wrote it.
    pub(crate) input: String,
    /// E.164 with the plus, or a business-scoped user id.
    pub(crate) to: String,
    /// `biz_opaque_callback_data`.
    pub(crate) opaque: Option<String>,
    pub(crate) content: MessageContent,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MessageContent {
    /// Allowed while the customer service window is open.
    FreeForm,
    Template {
        name: String,
        language: String,
        components: Vec<Value>,
    },
}

/// The recipient of an unchecked body, for faults and magic recipients.
pub(crate) fn recipient_of(body: &Value) -> String {
    match body.get("to") {
        Some(Value::String(to)) => e164(to),
        _ => text(body, "recipient").to_owned(),
    }
}

/// The template name of an unchecked body, or an empty text.
pub(crate) fn template_name_of(body: &Value) -> &str {
    body.get("template").map_or("", |template| text(template, "name"))
}

impl SendRequest {
    pub(crate) fn read(body: &Value) -> Result<Self, GraphError> {
        if text(body, "messaging_product") != "whatsapp" {
            return Err(GraphError::parameter("The parameter messaging_product is required."));
        }
        let (input, to) = recipient(body)?;
        let opaque = match body.get("biz_opaque_callback_data") {
            None | Some(Value::Null) => None,
            Some(Value::String(opaque)) if opaque.chars().count() <= OPAQUE_CHARS_MAX => Some(opaque.clone()),
            Some(_) => {
                return Err(GraphError::parameter("Param biz_opaque_callback_data must be a short string."));
            }
        };
        if body.get("context").is_some_and(|context| text(context, "message_id").is_empty()) {
            return Err(GraphError::missing("context: message_id is required."));
        }
        let content = match text(body, "type") {
            "template" => template_content(body)?,
            kind => {
                free_form::check(body, if kind.is_empty() { "text" } else { kind })?;
                MessageContent::FreeForm
            }
        };
        Ok(Self { input, to, opaque, content })
    }
}

fn recipient(body: &Value) -> Result<(String, String), GraphError> {
    match text(body, "recipient_type") {
        "" | "individual" => {}
        "group" => return Err(GraphError::new(400, 131_020).with_details("The sandbox has no groups.")),
        _ => return Err(GraphError::invalid("recipient_type must be individual or group.")),
    }
    if let Some(to) = body.get("to") {
        let input = to.as_str().ok_or_else(|| GraphError::parameter("Param to must be a string."))?;
        let to = e164(input);
        if (8..=16).contains(&to.len()) {
            return Ok((input.to_owned(), to));
        }
        return Err(GraphError::invalid("Recipient phone number is not valid."));
    }
    match text(body, "recipient") {
        "" => Err(GraphError::parameter("The parameter to is required.")),
        scoped if is_scoped_id(scoped) => Ok((scoped.to_owned(), scoped.to_owned())),
        _ => Err(GraphError::invalid("recipient must be a business-scoped user ID.")),
    }
}

/// Two letters of a country, a dot, and up to 128 letters and digits; a parent business's id has `ENT.` in between.
fn is_scoped_id(id: &str) -> bool {
    let Some((country, rest)) = id.split_once('.') else { return false };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|letter| letter.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

fn template_content(body: &Value) -> Result<MessageContent, GraphError> {
    let template =
        body.get("template").ok_or_else(|| GraphError::parameter("The parameter template is required."))?;
    let name = text(template, "name");
    let language = template.get("language").map_or("", |language| text(language, "code"));
    if name.is_empty() || language.is_empty() {
        return Err(GraphError::parameter(
            "The parameters template['name'] and template['language'] are required.",
        ));
    }
    let policy = template.get("language").map_or("", |language| text(language, "policy"));
    if !matches!(policy, "" | "deterministic") {
        return Err(GraphError::parameter("Param template['language']['policy'] must be deterministic."));
    }
    let components = match template.get("components") {
        None | Some(Value::Null | Value::Array(_)) => list(template, "components").to_vec(),
        Some(_) => return Err(GraphError::parameter("Param template['components'] must be an array.")),
    };
    Ok(MessageContent::Template { name: name.to_owned(), language: language.to_owned(), components })
}
