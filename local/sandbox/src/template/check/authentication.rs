//! Authentication templates: Meta writes their texts, so only their options can be set.

use serde_json::Value;

use crate::graph_error::GraphError;
use crate::json::{list, text};

/// Minutes until a code expires (Meta: authentication templates).
const EXPIRATION_MINUTES: std::ops::RangeInclusive<u64> = 1..=90;

pub(super) fn check(components: &[Value]) -> Result<(), GraphError> {
    for component in components {
        match text(component, "type") {
            kind @ ("BODY" | "FOOTER") => check_fixed(component, kind)?,
            "BUTTONS" => {
                for button in list(component, "buttons") {
                    check_button(button)?;
                }
            }
            kind => return Err(not_allowed(kind)),
        }
    }
    let has_button = components.iter().any(|component| text(component, "type") == "BUTTONS");
    if has_button {
        return Ok(());
    }
    Err(GraphError::parameter("An AUTHENTICATION template needs one button of type OTP."))
}

fn not_allowed(kind: &str) -> GraphError {
    GraphError::parameter(&format!("An AUTHENTICATION template takes no component of type \"{kind}\"."))
}

fn check_fixed(component: &Value, kind: &str) -> Result<(), GraphError> {
    if component.get("text").is_some() {
        let part = kind.to_ascii_lowercase();
        return Err(GraphError::parameter(&format!(
            "Unexpected key \"text\" on param \"components[{part}]\" of an AUTHENTICATION template."
        )));
    }
    match component.get("code_expiration_minutes") {
        Some(minutes) if kind == "FOOTER" => {
            let fits = minutes.as_u64().is_some_and(|minutes| EXPIRATION_MINUTES.contains(&minutes));
            if fits {
                Ok(())
            } else {
                Err(GraphError::parameter("Param code_expiration_minutes must be from 1 to 90."))
            }
        }
        _ => Ok(()),
    }
}

fn check_button(button: &Value) -> Result<(), GraphError> {
    if text(button, "type") != "OTP" {
        return Err(not_allowed(text(button, "type")));
    }
    let kind = text(button, "otp_type");
    match kind {
        "COPY_CODE" => return Ok(()),
        "ONE_TAP" | "ZERO_TAP" => {}
        _ => {
            return Err(GraphError::parameter(
                "Param otp_type must be one of {COPY_CODE, ONE_TAP, ZERO_TAP}.",
            ));
        }
    }
    let complete =
        |app: &Value| !text(app, "package_name").is_empty() && !text(app, "signature_hash").is_empty();
    let apps = list(button, "supported_apps");
    // Meta still accepts the old form, in which the members of the only app are in the button itself.
    if !(complete(button) || (!apps.is_empty() && apps.iter().all(complete))) {
        return Err(GraphError::parameter(&format!(
            "A button of type {kind} needs supported_apps with package_name and signature_hash."
        )));
    }
    let accepted = button.get("zero_tap_terms_accepted").and_then(Value::as_bool).unwrap_or_default();
    if kind == "ZERO_TAP" && !accepted {
        return Err(GraphError::parameter("Param zero_tap_terms_accepted must be true for ZERO_TAP."));
    }
    Ok(())
}
