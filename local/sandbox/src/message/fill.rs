//! Whether a send fills its template exactly, and whether that template can be sent at all.

use serde_json::Value;

use super::attachment;
use crate::graph_error::GraphError;
use crate::json::{list, text};
use crate::template::{ButtonKind, ButtonParameter, RequiredParameters, Template, TemplateStatus};

/// Characters of a filled body (Meta: template components).
const FILLED_CHARS_MAX: usize = 1_024;
/// Characters of a filled header.
const FILLED_HEADER_CHARS_MAX: usize = 60;
/// Characters of a one-time password (Meta: authentication templates).
const CODE_CHARS_MAX: usize = 15;
/// Characters of a coupon code (Meta: changelog of December 2025).
const COUPON_CHARS_MAX: usize = 20;

pub(crate) fn missing(name: &str, language: &str) -> GraphError {
    GraphError::new(404, 132_001).with_details(format!("template name ({name}) does not exist in {language}"))
}

pub(crate) fn check_status(template: &Template) -> Result<(), GraphError> {
    match template.status {
        TemplateStatus::Approved => Ok(()),
        TemplateStatus::Paused => Err(GraphError::new(400, 132_015)),
        TemplateStatus::Disabled => Err(GraphError::new(400, 132_016)),
        TemplateStatus::Pending
        | TemplateStatus::Rejected
        | TemplateStatus::InAppeal
        | TemplateStatus::LimitExceeded
        | TemplateStatus::Archived
        | TemplateStatus::PendingDeletion
        | TemplateStatus::Deleted => Err(missing(&template.name, &template.language)),
    }
}

/// A one-time password cannot be sent to a business-scoped user id (Meta: 131062).
pub(crate) fn check_addressable(template: &Template, to: &str) -> Result<(), GraphError> {
    if template.category == "AUTHENTICATION" && !to.starts_with('+') {
        return Err(GraphError::new(400, 131_062));
    }
    Ok(())
}

pub(crate) fn check_components(
    template: &Template,
    required: &RequiredParameters,
    given: &[Value],
) -> Result<(), GraphError> {
    let part = |word: &str| given.iter().find(|component| text(component, "type").eq_ignore_ascii_case(word));
    check_part(template.named, required, given)?;
    if template.category == "AUTHENTICATION" {
        let code =
            part("body").and_then(|body| parameters(body).first()).map_or("", |code| text(code, "text"));
        check_code(code)?;
    }
    if required.expires {
        check_offer(part("limited_time_offer"))?;
    }
    if required.cards.is_empty() { Ok(()) } else { check_cards(template.named, required, part("carousel")) }
}

/// Meta takes neither links nor emoji as a code (Meta: authentication templates).
fn check_code(code: &str) -> Result<(), GraphError> {
    let refused = |details: &str| Err(GraphError::new(400, 132_018).with_details(details));
    if code.chars().count() > CODE_CHARS_MAX {
        return refused("body: a one-time password is at most 15 characters long");
    }
    let is_link = code.contains("://") || code.starts_with("www.") || code.contains(".com");
    if is_link || code.chars().any(is_emoji) {
        return refused("body: a one-time password has no links, media or emoji");
    }
    Ok(())
}

/// The blocks of Unicode that hold most emoji, and the marks that make one of another character.
const fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{fe0f}' | '\u{20e3}')
}

/// Header, body and buttons of a template or of one card.
fn check_part(named: bool, required: &RequiredParameters, given: &[Value]) -> Result<(), GraphError> {
    let part = |word: &str| given.iter().find(|component| text(component, "type").eq_ignore_ascii_case(word));
    match &required.header_media {
        Some(format) => check_media(format, part("header"))?,
        None => check_text("header", named, &required.header, part("header"))?,
    }
    check_text("body", named, &required.body, part("body"))?;
    let header = (&*required.header_uses, required.header_chars, FILLED_HEADER_CHARS_MAX);
    check_filled("header", header, part("header"))?;
    let body = (&*required.body_uses, required.body_chars, FILLED_CHARS_MAX);
    check_filled("body", body, part("body"))?;
    check_buttons(required, given)
}

fn check_buttons(required: &RequiredParameters, given: &[Value]) -> Result<(), GraphError> {
    let buttons = || given.iter().filter(|component| text(component, "type").eq_ignore_ascii_case("button"));
    for parameter in &required.buttons {
        let found = buttons().find(|button| button_index(button) == Some(parameter.index));
        check_button(*parameter, found.map_or(&[][..], parameters))?;
    }
    let beyond = buttons().filter_map(button_index).find(|index| *index >= required.button_count);
    match beyond {
        None => Ok(()),
        Some(index) => {
            let details = format!("buttons: the template has no button at index {index}");
            Err(GraphError::invalid(details))
        }
    }
}

fn check_button(parameter: ButtonParameter, given: &[Value]) -> Result<(), GraphError> {
    let (index, kind) = (parameter.index, parameter.kind.as_str());
    let Some(given) = given.first() else {
        let details = format!("buttons: Button at index {index} of type {kind} requires a parameter");
        return Err(GraphError::missing(details));
    };
    let (key, max) = match parameter.kind {
        ButtonKind::Url => ("text", usize::MAX),
        ButtonKind::OneTimePassword => ("text", CODE_CHARS_MAX),
        ButtonKind::CopyCode => ("coupon_code", COUPON_CHARS_MAX),
        ButtonKind::Products => {
            let sections = given.get("action").map_or(&[][..], |action| list(action, "sections"));
            if sections.is_empty() {
                return Err(GraphError::missing(format!(
                    "buttons: Button at index {index} requires sections"
                )));
            }
            return Ok(());
        }
    };
    let value = text(given, key);
    if value.is_empty() {
        return Err(GraphError::missing(format!(
            "buttons: Button at index {index} of type {kind} requires {key}"
        )));
    }
    if value.chars().count() > max {
        let details =
            format!("buttons: {key} of the button at index {index} is longer than {max} characters");
        return Err(GraphError::new(400, 132_018).with_details(details));
    }
    Ok(())
}

/// Meta's examples write the index as a number and as text.
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
    let details = format!("{part}: Format mismatch, expected {expected}, received {received}");
    GraphError::new(400, 132_012).with_details(details)
}

fn check_media(format: &str, component: Option<&Value>) -> Result<(), GraphError> {
    let given = component.and_then(|component| parameters(component).first());
    let received = given.map_or("", |parameter| text(parameter, "type"));
    if format == "PRODUCT" {
        // Without a parameter Meta takes a product of the template's catalog.
        return Ok(());
    }
    if !received.eq_ignore_ascii_case(format) {
        return Err(mismatch("header", format, received));
    }
    let kind = format.to_ascii_lowercase();
    let media = given.and_then(|parameter| parameter.get(&kind)).unwrap_or(&Value::Null);
    match kind.as_str() {
        "location" => attachment::check_location(media),
        kind => attachment::check_media(media, kind),
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
        let details = format!(
            "{part}: number of localizable_params ({}) does not match the expected number of params ({})",
            given.len(),
            needed.len()
        );
        return Err(GraphError::new(400, 132_000).with_details(details));
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
                GraphError::parameter("Invalid parameter").with_details("Parameter name is missing or empty")
            );
        }
        if filled.contains(&name) || !needed.iter().any(|wanted| wanted == name) {
            let details = format!("{part}: Parameter name {name} is not in the template, or occurs twice");
            return Err(GraphError::parameter("Invalid parameter").with_details(details));
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
    if line.trim().is_empty() {
        return Err(GraphError::missing("Parameter of type text is missing text value"));
    }
    if line.contains(['\n', '\r', '\t']) || line.contains("     ") {
        let details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
        return Err(GraphError::new(400, 132_018).with_details(details));
    }
    Ok(())
}

/// Of each text of the template, the characters once it is filled; a variable counts as often as it is used.
fn check_filled(
    part: &str,
    (uses, fixed, max): (&[String], usize, usize),
    component: Option<&Value>,
) -> Result<(), GraphError> {
    let given = component.map_or(&[][..], parameters);
    let value_of = |name: &String| {
        let by_name = given.iter().find(|parameter| text(parameter, "parameter_name") == name);
        let by_number = name.parse::<usize>().ok().and_then(|number| given.get(number.checked_sub(1)?));
        by_name.or(by_number).map_or(0, |parameter| text(parameter, "text").chars().count())
    };
    let filled = fixed + uses.iter().map(value_of).sum::<usize>();
    if filled <= max || given.is_empty() {
        return Ok(());
    }
    let details = format!("{part}: the filled text is longer than {max} characters");
    Err(GraphError::new(400, 132_005).with_details(details))
}

fn check_offer(component: Option<&Value>) -> Result<(), GraphError> {
    let given = component.and_then(|component| parameters(component).first());
    let expiration =
        given.and_then(|parameter| parameter.get("limited_time_offer")?.get("expiration_time_ms")?.as_u64());
    if expiration.is_some() {
        return Ok(());
    }
    Err(GraphError::missing("limited_time_offer: expiration_time_ms is required"))
}

fn check_cards(
    named: bool,
    required: &RequiredParameters,
    carousel: Option<&Value>,
) -> Result<(), GraphError> {
    let cards = carousel.map_or(&[][..], |carousel| list(carousel, "cards"));
    if cards.len() != required.cards.len() {
        let details = format!(
            "carousel: number of cards ({}) does not match the template ({})",
            cards.len(),
            required.cards.len()
        );
        return Err(GraphError::new(400, 132_000).with_details(details));
    }
    for (index, required) in (0..).zip(&required.cards) {
        let card = cards.iter().find(|card| card.get("card_index").and_then(Value::as_u64) == Some(index));
        let card =
            card.ok_or_else(|| GraphError::missing(format!("carousel: no card has card_index {index}")))?;
        check_part(named, required, list(card, "components"))?;
    }
    Ok(())
}
