//! Buttons of a template: their number, their members and their order.

use serde_json::Value;

use super::texts::{check_length, missing_example};
use crate::graph_error::GraphError;
use crate::json::{list, text};

/// Buttons of one template (Meta: template components).
const BUTTONS_MAX: usize = 10;
/// Characters of a button's label (Meta: template components).
const LABEL_CHARS_MAX: usize = 25;
/// Characters of a button's URL and of its phone number.
const URL_CHARS_MAX: usize = 2_000;
const NUMBER_CHARS_MAX: usize = 20;
/// Characters of a coupon code (Meta: changelog of December 2025).
const COUPON_CHARS_MAX: usize = 20;

/// The maximum per kind, where it is less than [`BUTTONS_MAX`].
const COUNTS: [(&str, usize); 9] = [
    ("URL", 2),
    ("PHONE_NUMBER", 1),
    ("COPY_CODE", 1),
    ("OTP", 1),
    ("FLOW", 1),
    ("CATALOG", 1),
    ("MPM", 1),
    ("SPM", 1),
    ("VOICE_CALL", 1),
];

pub(super) fn check(buttons: &[Value], category: &str) -> Result<(), GraphError> {
    if buttons.is_empty() || buttons.len() > BUTTONS_MAX {
        return Err(GraphError::parameter("Param components[].buttons must hold 1 to 10 buttons."));
    }
    for (kind, max) in COUNTS {
        if buttons.iter().filter(|button| text(button, "type") == kind).count() > max {
            return Err(GraphError::parameter(&format!(
                "A template has at most {max} buttons of type {kind}."
            )));
        }
    }
    check_groups(buttons)?;
    for button in buttons {
        check_button(button, category)?;
    }
    Ok(())
}

/// Quick replies are together, before or after all others.
fn check_groups(buttons: &[Value]) -> Result<(), GraphError> {
    let kinds: Vec<bool> = buttons.iter().map(|button| text(button, "type") == "QUICK_REPLY").collect();
    let changes = kinds.windows(2).filter(|pair| pair.first() != pair.last()).count();
    if changes <= 1 {
        return Ok(());
    }
    Err(GraphError::parameter("Quick reply buttons must be grouped together."))
}

fn check_button(button: &Value, category: &str) -> Result<(), GraphError> {
    let kind = text(button, "type");
    let label = text(button, "text");
    // Meta writes the label of these when it is missing.
    if label.is_empty() && !matches!(kind, "COPY_CODE" | "OTP" | "REQUEST_CONTACT_INFO") {
        return Err(GraphError::parameter(&format!(
            "The parameter text is required for a button of type {kind}."
        )));
    }
    check_length("BUTTONS", label, LABEL_CHARS_MAX)?;
    match kind {
        "QUICK_REPLY"
        | "CATALOG"
        | "MPM"
        | "SPM"
        | "ORDER_DETAILS"
        | "VOICE_CALL"
        | "REQUEST_CONTACT_INFO" => Ok(()),
        "URL" => check_url(button),
        "PHONE_NUMBER" => match text(button, "phone_number") {
            "" => Err(GraphError::parameter("The parameter phone_number is required for its button.")),
            number => check_length("BUTTONS", number, NUMBER_CHARS_MAX),
        },
        "COPY_CODE" => match example(button) {
            None => Err(missing_example("BUTTONS")),
            Some(code) => check_length("BUTTONS", code, COUPON_CHARS_MAX),
        },
        "FLOW" => {
            let named = ["flow_id", "flow_name", "flow_json"].iter().any(|key| !text(button, key).is_empty());
            if named {
                Ok(())
            } else {
                Err(GraphError::parameter("A FLOW button needs flow_id, flow_name or flow_json."))
            }
        }
        "OTP" if category == "AUTHENTICATION" => Ok(()),
        "OTP" => {
            Err(GraphError::parameter("A button of type OTP is allowed in AUTHENTICATION templates only."))
        }
        other => Err(GraphError::parameter(&format!(
            "Param components[].buttons[].type must be a known button, got \"{other}\""
        ))),
    }
}

/// A URL may end in one variable, which needs an example.
fn check_url(button: &Value) -> Result<(), GraphError> {
    let url = text(button, "url");
    if url.is_empty() {
        return Err(GraphError::parameter("The parameter url is required for its button."));
    }
    check_length("BUTTONS", url, URL_CHARS_MAX)?;
    let Some((_, after)) = url.split_once("{{") else { return Ok(()) };
    if after.contains("{{") || !after.ends_with("}}") {
        return Err(GraphError::parameter("The url of a button may contain one variable, at its end."));
    }
    if example(button).is_some() { Ok(()) } else { Err(missing_example("BUTTONS")) }
}

/// `example` is a text or a list, of which the first counts.
fn example(button: &Value) -> Option<&str> {
    let given = match button.get("example")? {
        Value::Array(_) => list(button, "example").first()?.as_str()?,
        single => single.as_str()?,
    };
    Some(given).filter(|given| !given.is_empty())
}
