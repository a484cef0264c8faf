//! Whether the components of a send fill a template exactly, and whether that template can be sent at all.

use serde_json::Value;

use super::free_form;
use crate::graph_error::GraphError;
use crate::json::{list, text};
use crate::template::{ButtonKind, ButtonNeed, Needs, Template, TemplateStatus};

/// Characters of a body once it is filled (Meta: template components).
const FILLED_CHARS_MAX: usize = 1_024;
/// Characters of a one-time password (Meta: authentication templates).
const CODE_CHARS_MAX: usize = 15;
/// Characters of a coupon code (Meta: changelog of December 2025).
const COUPON_CHARS_MAX: usize = 20;

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
        TemplateStatus::Pending
        | TemplateStatus::Rejected
        | TemplateStatus::InAppeal
        | TemplateStatus::LimitExceeded
        | TemplateStatus::Archived
        | TemplateStatus::PendingDeletion
        | TemplateStatus::Deleted => Err(missing(&template.name, &template.language)),
    }
}

/// A one-time password cannot go to a business-scoped user id (Meta: 131062).
pub(crate) fn check_addressable(template: &Template, to: &str) -> Result<(), GraphError> {
    if template.category == "AUTHENTICATION" && !to.starts_with('+') {
        return Err(GraphError::of(400, 131_062));
    }
    Ok(())
}

/// Whether the components of a send fill the template exactly.
pub(crate) fn check(template: &Template, needs: &Needs, given: &[Value]) -> Result<(), GraphError> {
    let part = |word: &str| given.iter().find(|component| text(component, "type").eq_ignore_ascii_case(word));
    check_part(template.named, needs, given)?;
    if template.category == "AUTHENTICATION" {
        let code =
            part("body").and_then(|body| parameters(body).first()).map_or("", |code| text(code, "text"));
        if code.chars().count() > CODE_CHARS_MAX {
            let words = "body: a one-time password is at most 15 characters long";
            return Err(GraphError::of(400, 132_018).details(words));
        }
    }
    if needs.expires {
        check_offer(part("limited_time_offer"))?;
    }
    if needs.cards.is_empty() { Ok(()) } else { check_cards(template.named, needs, part("carousel")) }
}

/// Header, body and buttons of a template or of one card.
fn check_part(named: bool, needs: &Needs, given: &[Value]) -> Result<(), GraphError> {
    let part = |word: &str| given.iter().find(|component| text(component, "type").eq_ignore_ascii_case(word));
    match &needs.header_media {
        Some(format) => check_media(format, part("header"))?,
        None => check_text("header", named, &needs.header, part("header"))?,
    }
    check_text("body", named, &needs.body, part("body"))?;
    check_filled(needs, part("body"))?;
    check_buttons(needs, given)
}

fn check_buttons(needs: &Needs, given: &[Value]) -> Result<(), GraphError> {
    let buttons = || given.iter().filter(|one| text(one, "type").eq_ignore_ascii_case("button"));
    for need in &needs.buttons {
        let found = buttons().find(|button| button_index(button) == Some(need.index));
        check_button(*need, found.map_or(&[][..], parameters))?;
    }
    let beyond = buttons().filter_map(button_index).find(|index| *index >= needs.button_count);
    match beyond {
        None => Ok(()),
        Some(index) => {
            let words = format!("buttons: the template has no button at index {index}");
            Err(GraphError::invalid(words))
        }
    }
}

fn check_button(need: ButtonNeed, given: &[Value]) -> Result<(), GraphError> {
    let (index, word) = (need.index, need.kind.as_str());
    let Some(parameter) = given.first() else {
        let words = format!("buttons: Button at index {index} of type {word} requires a parameter");
        return Err(GraphError::missing(words));
    };
    let (key, max) = match need.kind {
        ButtonKind::Url => ("text", usize::MAX),
        ButtonKind::OneTimePassword => ("text", CODE_CHARS_MAX),
        ButtonKind::CopyCode => ("coupon_code", COUPON_CHARS_MAX),
        ButtonKind::Products => {
            let sections = parameter.get("action").map_or(&[][..], |action| list(action, "sections"));
            if sections.is_empty() {
                return Err(GraphError::missing(format!(
                    "buttons: Button at index {index} requires sections"
                )));
            }
            return Ok(());
        }
    };
    let value = text(parameter, key);
    if value.is_empty() {
        return Err(GraphError::missing(format!(
            "buttons: Button at index {index} of type {word} requires {key}"
        )));
    }
    if value.chars().count() > max {
        let words = format!("buttons: {key} of the button at index {index} is longer than {max} characters");
        return Err(GraphError::of(400, 132_018).details(words));
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
    list(component, "parameters")
}

fn mismatch(part: &str, expected: &str, received: &str) -> GraphError {
    let received = if received.is_empty() { "UNKNOWN".to_owned() } else { received.to_ascii_uppercase() };
    let words = format!("{part}: Format mismatch, expected {expected}, received {received}");
    GraphError::of(400, 132_012).details(words)
}

fn check_media(format: &str, component: Option<&Value>) -> Result<(), GraphError> {
    let given = component.and_then(|component| parameters(component).first());
    let received = given.map_or("", |parameter| text(parameter, "type"));
    if format == "PRODUCT" {
        // The product of the template's own catalog is taken when none is named.
        return Ok(());
    }
    if !received.eq_ignore_ascii_case(format) {
        return Err(mismatch("header", format, received));
    }
    let kind = format.to_ascii_lowercase();
    let media = given.and_then(|parameter| parameter.get(&kind)).unwrap_or(&Value::Null);
    match kind.as_str() {
        "location" => free_form::check_location(media),
        kind => free_form::check_media(media, kind),
    }
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
    let mut filled: Vec<&str> = Vec::new();
    for parameter in given {
        check_parameter(part, parameter)?;
        let name = text(parameter, "parameter_name");
        if !named {
            continue;
        }
        if name.is_empty() {
            return Err(
                GraphError::parameter("Invalid parameter").details("Parameter name is missing or empty")
            );
        }
        if filled.contains(&name) || !needed.iter().any(|wanted| wanted == name) {
            let words = format!("{part}: Parameter name {name} is not in the template, or stands twice");
            return Err(GraphError::parameter("Invalid parameter").details(words));
        }
        filled.push(name);
    }
    Ok(())
}

fn check_parameter(part: &str, parameter: &Value) -> Result<(), GraphError> {
    match text(parameter, "type") {
        "text" => {}
        kind @ ("currency" | "date_time") => {
            let fallback = parameter.get(kind).map_or("", |inner| text(inner, "fallback_value"));
            let missing = || GraphError::missing(format!("{part}: {kind}.fallback_value is required"));
            return if fallback.is_empty() { Err(missing()) } else { Ok(()) };
        }
        other => return Err(mismatch(part, "TEXT", other)),
    }
    let line = text(parameter, "text");
    if line.is_empty() {
        return Err(GraphError::missing("Parameter of type text is missing text value"));
    }
    if line.contains(['\n', '\r', '\t']) || line.contains("     ") {
        let words = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
        return Err(GraphError::of(400, 132_018).details(words));
    }
    Ok(())
}

/// A body may not outgrow its bound by what it is filled with.
fn check_filled(needs: &Needs, body: Option<&Value>) -> Result<(), GraphError> {
    let given = body.map_or(&[][..], parameters);
    let filled: usize = given.iter().map(|parameter| text(parameter, "text").chars().count()).sum();
    if needs.body_chars + filled <= FILLED_CHARS_MAX || given.is_empty() {
        return Ok(());
    }
    let words = format!("body: the filled text is longer than {FILLED_CHARS_MAX} characters");
    Err(GraphError::of(400, 132_005).details(words))
}

fn check_offer(component: Option<&Value>) -> Result<(), GraphError> {
    let given = component.and_then(|component| parameters(component).first());
    let expiration = given.and_then(|one| one.get("limited_time_offer")?.get("expiration_time_ms")?.as_u64());
    if expiration.is_some() {
        return Ok(());
    }
    Err(GraphError::missing("limited_time_offer: expiration_time_ms is required"))
}

fn check_cards(named: bool, needs: &Needs, carousel: Option<&Value>) -> Result<(), GraphError> {
    let cards = carousel.map_or(&[][..], |carousel| list(carousel, "cards"));
    if cards.len() != needs.cards.len() {
        let words = format!(
            "carousel: number of cards ({}) does not match the template ({})",
            cards.len(),
            needs.cards.len()
        );
        return Err(GraphError::of(400, 132_000).details(words));
    }
    for (index, needed) in (0..).zip(&needs.cards) {
        let card = cards.iter().find(|card| card.get("card_index").and_then(Value::as_u64) == Some(index));
        let card =
            card.ok_or_else(|| GraphError::missing(format!("carousel: no card has card_index {index}")))?;
        check_part(named, needed, list(card, "components"))?;
    }
    Ok(())
}
