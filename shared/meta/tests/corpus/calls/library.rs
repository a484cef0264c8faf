//! The corpus' templates of Meta's library in our types.

use meta::{LibraryBody, LibraryButton, LibraryTemplate};
use serde_json::Value;

use super::new_template::otp_app;
use super::{list, maybe, number, text, unsaid, word};

pub(super) fn library(body: &Value) -> Result<Option<LibraryTemplate>, String> {
    let Some(name) = maybe(&body["library_template_name"]) else { return Ok(None) };
    let inputs = &body["library_template_body_inputs"];
    let buttons: Result<Vec<LibraryButton>, String> =
        list(&body["library_template_button_inputs"]).map(button).collect();
    let added = |key: &str| inputs[key].as_bool();
    let sentences = LibraryBody {
        add_contact_number: added("add_contact_number"),
        add_learn_more_link: added("add_learn_more_link"),
        add_security_recommendation: added("add_security_recommendation"),
        add_track_package_link: added("add_track_package_link"),
        code_expiration_minutes: number(&inputs["code_expiration_minutes"]),
    };
    Ok(Some(LibraryTemplate { name, body: (!inputs.is_null()).then_some(sentences), buttons: buttons? }))
}

fn button(input: &Value) -> Result<LibraryButton, String> {
    Ok(match word(&input["type"]).as_str() {
        "url" => LibraryButton::Url {
            base_url: text(&input["url"]["base_url"]),
            url_suffix_example: maybe(&input["url"]["url_suffix_example"]),
        },
        "phone_number" => LibraryButton::PhoneNumber(text(&input["phone_number"])),
        "otp" => LibraryButton::Otp {
            otp_type: text(&input["otp_type"]),
            apps: list(&input["supported_apps"]).map(otp_app).collect(),
            zero_tap_terms_accepted: input["zero_tap_terms_accepted"].as_bool(),
        },
        _ => return unsaid(input),
    })
}
