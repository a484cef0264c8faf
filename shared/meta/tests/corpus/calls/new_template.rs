//! The corpus' new templates in our types.

use meta::templates::{
    Examples, FlowSource, LimitedTimeOffer, MediaFormat, NewTemplate, OtpApp, OtpApps, OtpButton, OtpKind,
    TemplateBody, TemplateButton, TemplateCard, TemplateCategory, TemplateContent, TemplateEdit,
    TemplateFooter, TemplateHeader, TemplateOptions,
};
use serde_json::Value;

use super::{inexpressible, list, maybe, number, text, word};

pub(super) fn new_template(body: &Value) -> Result<NewTemplate, String> {
    Ok(NewTemplate {
        name: text(&body["name"]),
        language: text(&body["language"]),
        category: TemplateCategory::read(&text(&body["category"])),
        content: content(body)?,
        options: TemplateOptions {
            message_send_ttl_seconds: number(&body["message_send_ttl_seconds"]),
            allow_category_change: body["allow_category_change"].as_bool(),
            cta_url_link_tracking_opted_out: body["cta_url_link_tracking_opted_out"].as_bool(),
            sub_category: maybe(&body["sub_category"]),
            display_format: maybe(&body["display_format"]),
        },
    })
}

pub(super) fn edit(body: &Value) -> Result<TemplateEdit, String> {
    Ok(TemplateEdit {
        category: maybe(&body["category"]).map(|word| TemplateCategory::read(&word)),
        content: body["components"].is_array().then(|| content(body)).transpose()?,
        message_send_ttl_seconds: number(&body["message_send_ttl_seconds"]),
    })
}

fn content(body: &Value) -> Result<TemplateContent, String> {
    let is_named = word(&body["parameter_format"]) == "named";
    let mut content = TemplateContent::default();
    for component in list(&body["components"]) {
        match word(&component["type"]).as_str() {
            "header" => content.header = Some(header(component, is_named)?),
            "body" => content.body = Some(text_body(component, is_named)),
            "footer" => content.footer = Some(footer(component)),
            "buttons" => content.buttons = buttons(component)?,
            "carousel" => {
                let cards: Result<Vec<TemplateCard>, String> =
                    list(&component["cards"]).map(|one| card(one, is_named)).collect();
                content.cards = cards?;
            }
            "limited_time_offer" => {
                let offer = &component["limited_time_offer"];
                content.limited_time_offer = Some(LimitedTimeOffer {
                    text: text(&offer["text"]),
                    has_expiration: offer["has_expiration"].as_bool(),
                });
            }
            "call_permission_request" => content.asks_to_call = true,
            _ => return inexpressible(component),
        }
    }
    Ok(content)
}

fn card(card: &Value, is_named: bool) -> Result<TemplateCard, String> {
    let mut made = TemplateCard::default();
    for component in list(&card["components"]) {
        match word(&component["type"]).as_str() {
            "header" => made.header = Some(header(component, is_named)?),
            "body" => made.body = Some(text_body(component, is_named)),
            "buttons" => made.buttons = buttons(component)?,
            _ => return inexpressible(component),
        }
    }
    Ok(made)
}

fn header(component: &Value, is_named: bool) -> Result<TemplateHeader, String> {
    let format = match word(&component["format"]).as_str() {
        "text" => {
            let examples =
                examples(&component["example"], ["header_text", "header_text_named_params"], is_named);
            return Ok(TemplateHeader::Text { text: text(&component["text"]), examples });
        }
        "location" => return Ok(TemplateHeader::Location),
        "product" => return Ok(TemplateHeader::Product),
        "image" => MediaFormat::Image,
        "video" => MediaFormat::Video,
        "gif" => MediaFormat::Gif,
        "document" => MediaFormat::Document,
        _ => return inexpressible(component),
    };
    let handles = &component["example"]["header_handle"];
    let handle = maybe(&handles[0]).or_else(|| handles.as_str().map(str::to_owned));
    Ok(TemplateHeader::Media { format, handle })
}

fn text_body(component: &Value, is_named: bool) -> TemplateBody {
    if component["text"].is_null() {
        let add_security_recommendation = component["add_security_recommendation"].as_bool();
        return TemplateBody::Code { add_security_recommendation };
    }
    let examples = examples(&component["example"], ["body_text", "body_text_named_params"], is_named);
    TemplateBody::Text { text: text(&component["text"]), examples }
}

fn footer(component: &Value) -> TemplateFooter {
    number(&component["code_expiration_minutes"]).map_or_else(
        || TemplateFooter::Text(text(&component["text"])),
        |minutes| TemplateFooter::CodeExpiration { minutes },
    )
}

/// Numbered examples are in a list, in a list of lists, or alone.
fn examples(example: &Value, [numbered, named]: [&str; 2], is_named: bool) -> Examples {
    if is_named || !example[named].is_null() {
        let pair = |one: &Value| (text(&one["param_name"]), text(&one["example"]));
        return Examples::Named(list(&example[named]).map(pair).collect());
    }
    let examples = &example[numbered];
    let first = if examples[0].is_array() { &examples[0] } else { examples };
    Examples::Positional(
        first.as_str().map_or_else(|| list(first).map(text).collect(), |one| vec![one.to_owned()]),
    )
}

fn buttons(component: &Value) -> Result<Vec<TemplateButton>, String> {
    list(&component["buttons"]).map(button).collect()
}

/// An example is alone or in a list.
fn one_example(button: &Value) -> Option<String> {
    maybe(&button["example"][0]).or_else(|| button["example"].as_str().map(str::to_owned))
}

fn button(button: &Value) -> Result<TemplateButton, String> {
    let label = text(&button["text"]);
    Ok(match word(&button["type"]).as_str() {
        "quick_reply" => TemplateButton::QuickReply { text: label },
        "url" => TemplateButton::Url { text: label, url: text(&button["url"]), example: one_example(button) },
        "phone_number" => {
            TemplateButton::PhoneNumber { text: label, phone_number: text(&button["phone_number"]) }
        }
        "copy_code" => TemplateButton::CopyCode { example: one_example(button).unwrap_or_default() },
        "otp" => TemplateButton::Otp(otp(button)?),
        "flow" => TemplateButton::Flow {
            text: label,
            flow: flow(button),
            action: maybe(&button["flow_action"]),
            navigate_screen: maybe(&button["navigate_screen"]),
        },
        "catalog" => TemplateButton::Catalog { text: label },
        "mpm" => TemplateButton::MultiProduct { text: label },
        "spm" => TemplateButton::SingleProduct { text: label },
        "order_details" => TemplateButton::Order { text: label },
        "voice_call" => {
            TemplateButton::VoiceCall { text: label, ttl_minutes: number(&button["ttl_minutes"]) }
        }
        "request_contact_info" => TemplateButton::RequestContactInfo,
        _ => return inexpressible(button),
    })
}

fn flow(button: &Value) -> FlowSource {
    let id = maybe(&button["flow_id"]).map(FlowSource::Id);
    let name = maybe(&button["flow_name"]).map(FlowSource::Name);
    id.or(name).unwrap_or_else(|| FlowSource::Json(text(&button["flow_json"])))
}

fn otp(button: &Value) -> Result<OtpButton, String> {
    let autofill_text = maybe(&button["autofill_text"]);
    let apps = if button["supported_apps"].is_array() {
        OtpApps::Listed(list(&button["supported_apps"]).map(otp_app).collect())
    } else {
        OtpApps::Beside(otp_app(button))
    };
    let kind = match word(&button["otp_type"]).as_str() {
        "copy_code" => OtpKind::CopyCode,
        "one_tap" => OtpKind::OneTap { autofill_text, apps },
        "zero_tap" => {
            let terms_accepted = button["zero_tap_terms_accepted"].as_bool().unwrap_or_default();
            OtpKind::ZeroTap { autofill_text, apps, terms_accepted }
        }
        _ => return inexpressible(button),
    };
    Ok(OtpButton { kind, text: maybe(&button["text"]) })
}

pub(super) fn otp_app(app: &Value) -> OtpApp {
    OtpApp { package_name: text(&app["package_name"]), signature_hash: text(&app["signature_hash"]) }
}
