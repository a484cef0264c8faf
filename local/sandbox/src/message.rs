//! A send request: what it asks for, and whether the named template can be filled with it.

use serde_json::Value;

use crate::graph::error::GraphError;
use crate::template::{Needs, Template, TemplateStatus, text};

/// Characters of a text message (Meta: text messages).
const TEXT_CHARS_MAX: usize = 4_096;
/// Characters of `biz_opaque_callback_data`; Meta writes this bound for calls and none for messages.
const OPAQUE_CHARS_MAX: usize = 512;

/// A request that Meta would look at further.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SendRequest {
    /// `to` or `recipient` as the caller wrote it.
    pub(crate) input: String,
    /// E.164 with its plus, or a business-scoped user id.
    pub(crate) to: String,
    /// `biz_opaque_callback_data`.
    pub(crate) opaque: Option<String>,
    pub(crate) content: Content,
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Text,
    Template { name: String, language: String, components: Vec<Value> },
}

/// Whom a body is for, read before anything is checked: faults and magic recipients go by it.
pub(crate) fn target(body: &Value) -> String {
    match body.get("to") {
        Some(Value::String(to)) => e164(to),
        _ => text(body, "recipient").to_owned(),
    }
}

/// The template a body names, if any.
pub(crate) fn template_name(body: &Value) -> &str {
    body.get("template").map_or("", |template| text(template, "name"))
}

/// A number in any spelling as plus and digits. A number without plus is taken as complete.
pub(crate) fn e164(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("+{digits}")
}

impl SendRequest {
    /// Reads and checks everything that needs no template.
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
        let content = match text(body, "type") {
            "" | "text" => text_content(body)?,
            "template" => template_content(body)?,
            other => {
                let words = format!("The sandbox sends template and text, not \"{other}\".");
                return Err(GraphError::of(400, 131_051).details(words));
            }
        };
        Ok(Self { input, to, opaque, content })
    }
}

fn recipient(body: &Value) -> Result<(String, String), GraphError> {
    if let Some(to) = body.get("to") {
        let input = to.as_str().ok_or_else(|| GraphError::parameter("Param to must be a string."))?;
        let to = e164(input);
        if (8..=16).contains(&to.len()) {
            return Ok((input.to_owned(), to));
        }
        return Err(GraphError::of(400, 131_009).details("Recipient phone number is not valid."));
    }
    match text(body, "recipient") {
        "" => Err(GraphError::parameter("The parameter to is required.")),
        scoped if scoped.contains('.') => Ok((scoped.to_owned(), scoped.to_owned())),
        _ => Err(GraphError::of(400, 131_009).details("recipient must be a business-scoped user ID.")),
    }
}

fn text_content(body: &Value) -> Result<Content, GraphError> {
    let line = body.get("text").map_or("", |inner| text(inner, "body"));
    match line.chars().count() {
        0 => Err(GraphError::parameter("The parameter text['body'] is required.")),
        1..=TEXT_CHARS_MAX => Ok(Content::Text),
        _ => Err(GraphError::parameter("Param text['body'] must be at most 4096 characters long.")),
    }
}

fn template_content(body: &Value) -> Result<Content, GraphError> {
    let template =
        body.get("template").ok_or_else(|| GraphError::parameter("The parameter template is required."))?;
    let name = text(template, "name");
    let language = template.get("language").map_or("", |language| text(language, "code"));
    if name.is_empty() || language.is_empty() {
        return Err(GraphError::parameter(
            "The parameters template['name'] and template['language'] are required.",
        ));
    }
    let components = match template.get("components") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        Some(_) => return Err(GraphError::parameter("Param template['components'] must be an array.")),
    };
    Ok(Content::Template { name: name.to_owned(), language: language.to_owned(), components })
}

/// A template that is not there in that language.
pub(crate) fn missing(name: &str, language: &str) -> GraphError {
    GraphError::of(404, 132_001).details(format!("template name ({name}) does not exist in {language}"))
}

/// Only an approved template can be sent.
pub(crate) fn check_status(template: &Template) -> Result<(), GraphError> {
    match template.status {
        TemplateStatus::Approved => Ok(()),
        TemplateStatus::Paused => Err(GraphError::of(400, 132_015)),
        TemplateStatus::Disabled => Err(GraphError::of(400, 132_016)),
        TemplateStatus::Pending | TemplateStatus::Rejected => {
            Err(missing(&template.name, &template.language))
        }
    }
}

/// Whether the components of a send fill the template exactly.
pub(crate) fn check_fill(template: &Template, needs: &Needs, given: &[Value]) -> Result<(), GraphError> {
    let part = |word: &str| given.iter().find(|component| text(component, "type").eq_ignore_ascii_case(word));
    match &needs.header_media {
        Some(format) => check_media(format, part("header"))?,
        None => check_text("header", template.named, &needs.header, part("header"))?,
    }
    check_text("body", template.named, &needs.body, part("body"))?;
    for (index, word) in &needs.buttons {
        let found = given.iter().find(|component| {
            text(component, "type").eq_ignore_ascii_case("button") && button_index(component) == Some(*index)
        });
        if found.is_none_or(|button| parameters(button).is_empty()) {
            let words = format!("buttons: Button at index {index} of type {word} requires a parameter");
            return Err(GraphError::of(400, 131_008).details(words));
        }
    }
    Ok(())
}

/// Meta's own examples write the index as a number and as text.
fn button_index(component: &Value) -> Option<u64> {
    match component.get("index")? {
        Value::String(index) => index.parse().ok(),
        index => index.as_u64(),
    }
}

fn parameters(component: &Value) -> &[Value] {
    component.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

fn check_media(format: &str, component: Option<&Value>) -> Result<(), GraphError> {
    let received = component.and_then(|c| parameters(c).first()).map_or("", |p| text(p, "type"));
    if format == "PRODUCT" || received.eq_ignore_ascii_case(format) {
        return Ok(());
    }
    let received = if received.is_empty() { "UNKNOWN".to_owned() } else { received.to_ascii_uppercase() };
    let words = format!("header: Format mismatch, expected {format}, received {received}");
    Err(GraphError::of(400, 132_012).details(words))
}

fn check_text(
    part: &str,
    named: bool,
    needed: &[String],
    component: Option<&Value>,
) -> Result<(), GraphError> {
    let given = component.map_or(&[][..], parameters);
    if given.len() != needed.len() {
        let words = format!(
            "{part}: number of localizable_params ({}) does not match the expected number of params ({})",
            given.len(),
            needed.len()
        );
        return Err(GraphError::of(400, 132_000).details(words));
    }
    for parameter in given {
        check_parameter(parameter)?;
        let name = text(parameter, "parameter_name");
        if named && name.is_empty() {
            return Err(
                GraphError::parameter("Invalid parameter").details("Parameter name is missing or empty")
            );
        }
        if named && !needed.iter().any(|wanted| wanted == name) {
            let words = format!("{part}: Parameter name {name} is not in the template");
            return Err(GraphError::parameter("Invalid parameter").details(words));
        }
    }
    Ok(())
}

fn check_parameter(parameter: &Value) -> Result<(), GraphError> {
    match text(parameter, "type") {
        "text" => {}
        "currency" | "date_time" => return Ok(()),
        other => {
            let words = format!("Format mismatch, expected TEXT, received {}", other.to_ascii_uppercase());
            return Err(GraphError::of(400, 132_012).details(words));
        }
    }
    let line = text(parameter, "text");
    if line.is_empty() {
        let words = "Parameter of type text is missing text value";
        return Err(GraphError::of(400, 131_008).details(words));
    }
    if line.contains(['\n', '\r', '\t']) || line.contains("     ") {
        let words = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
        return Err(GraphError::of(400, 132_018).details(words));
    }
    Ok(())
}
