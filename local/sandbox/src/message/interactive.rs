//! Interactive messages. Buttons, lists and links are checked in full, other types by their common parts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::attachment;
use crate::graph_error::GraphError;
use crate::json::{list, text};

/// Limits of an interactive message (Meta: interactive messages).
const BODY_CHARS_MAX: usize = 1_024;
const LINE_CHARS_MAX: usize = 60;
const BUTTONS: std::ops::RangeInclusive<usize> = 1..=3;
const BUTTON_ID_CHARS_MAX: usize = 256;
const BUTTON_CHARS_MAX: usize = 20;
const SECTIONS: std::ops::RangeInclusive<usize> = 1..=10;
const ROWS: std::ops::RangeInclusive<usize> = 1..=10;
const ROW_ID_CHARS_MAX: usize = 200;
const ROW_CHARS_MAX: usize = 24;
const ROW_DESCRIPTION_CHARS_MAX: usize = 72;

/// Checks the member `interactive`.
pub(super) fn check(interactive: &Value) -> Result<(), GraphError> {
    let kind = text(interactive, "type");
    check_frame(interactive, kind)?;
    let action = interactive.get("action").filter(|action| action.is_object());
    let action = action.ok_or_else(|| GraphError::missing("interactive: action is required."))?;
    match kind {
        "button" => check_buttons(list(action, "buttons")),
        "list" => check_list(action),
        "cta_url" => check_link(action),
        "flow"
        | "product"
        | "product_list"
        | "catalog_message"
        | "location_request_message"
        | "call_permission_request"
        | "voice_call"
        | "address_message"
        | "order_details"
        | "order_status"
        | "request_contact_info"
        | "carousel" => Ok(()),
        "" => Err(GraphError::missing("interactive: type is required.")),
        other => Err(GraphError::invalid(format!("interactive: type \"{other}\" is not valid."))),
    }
}

/// A required text with a maximum length.
fn check_line(name: &str, line: &str, max: usize) -> Result<(), GraphError> {
    if line.is_empty() {
        return Err(GraphError::missing(format!("interactive: {name} is required.")));
    }
    if line.chars().count() > max {
        return Err(GraphError::invalid(format!("interactive: {name} is longer than {max} characters.")));
    }
    Ok(())
}

/// Header, body and footer.
fn check_frame(interactive: &Value, kind: &str) -> Result<(), GraphError> {
    // The body of a single product is optional.
    if kind != "product" || interactive.get("body").is_some() {
        let body = interactive.get("body").map_or("", |body| text(body, "text"));
        check_line("body.text", body, BODY_CHARS_MAX)?;
    }
    if let Some(footer) = interactive.get("footer") {
        check_line("footer.text", text(footer, "text"), LINE_CHARS_MAX)?;
    }
    let Some(header) = interactive.get("header") else { return Ok(()) };
    match text(header, "type") {
        "text" => check_line("header.text", text(header, "text"), LINE_CHARS_MAX),
        medium @ ("image" | "video" | "document") => {
            attachment::check_media(header.get(medium).unwrap_or(&Value::Null), medium)
        }
        _ => Err(GraphError::invalid("interactive: header.type is not valid.")),
    }
}

/// Refuses the second of two equal ids.
fn check_unique(seen: &mut BTreeSet<String>, id: &str) -> Result<(), GraphError> {
    if seen.insert(id.to_owned()) {
        return Ok(());
    }
    Err(GraphError::invalid(format!("interactive: id \"{id}\" is used twice.")))
}

fn check_buttons(buttons: &[Value]) -> Result<(), GraphError> {
    if !BUTTONS.contains(&buttons.len()) {
        return Err(GraphError::invalid("interactive: action.buttons must hold 1 to 3 buttons."));
    }
    let mut seen = BTreeSet::new();
    for button in buttons {
        let reply = button.get("reply").unwrap_or(&Value::Null);
        check_line("reply.id", text(reply, "id"), BUTTON_ID_CHARS_MAX)?;
        check_line("reply.title", text(reply, "title"), BUTTON_CHARS_MAX)?;
        check_unique(&mut seen, text(reply, "id"))?;
    }
    Ok(())
}

fn check_list(action: &Value) -> Result<(), GraphError> {
    check_line("action.button", text(action, "button"), BUTTON_CHARS_MAX)?;
    let sections = list(action, "sections");
    let rows: Vec<&Value> = sections.iter().flat_map(|section| list(section, "rows")).collect();
    if !SECTIONS.contains(&sections.len()) || !ROWS.contains(&rows.len()) {
        return Err(GraphError::invalid(
            "interactive: a list has 1 to 10 sections and 1 to 10 rows in total.",
        ));
    }
    if sections.len() > 1 {
        for section in sections {
            check_line("sections[].title", text(section, "title"), ROW_CHARS_MAX)?;
        }
    }
    let mut seen = BTreeSet::new();
    for row in rows {
        check_line("rows[].id", text(row, "id"), ROW_ID_CHARS_MAX)?;
        check_line("rows[].title", text(row, "title"), ROW_CHARS_MAX)?;
        if text(row, "description").chars().count() > ROW_DESCRIPTION_CHARS_MAX {
            return Err(GraphError::invalid("interactive: rows[].description is longer than 72 characters."));
        }
        check_unique(&mut seen, text(row, "id"))?;
    }
    Ok(())
}

fn check_link(action: &Value) -> Result<(), GraphError> {
    let parameters = action.get("parameters").unwrap_or(&Value::Null);
    check_line("action.parameters.display_text", text(parameters, "display_text"), BUTTON_CHARS_MAX)?;
    let url = text(parameters, "url");
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    Err(GraphError::invalid("interactive: action.parameters.url is not valid."))
}
