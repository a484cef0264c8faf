//! The corpus' messages in our types.

use domain::{PhoneNumber, Wamid};
use meta::send::{
    ButtonValue, CardValue, ContactAddress, ContactCard, ContactEmail, ContactName, ContactOrganisation,
    ContactPhone, ContactUrl, Content, Currency, DateTime, HeaderValue, Location, MediaMessage, MediaSource,
    Message, OrderStatus, Parameter, ParameterValue, ProductSection, Reaction, Recipient, SendOptions,
    TapTarget, TemplateButtonValue, TemplateMessage, Text,
};
use serde_json::Value;

use super::interactive::interactive;
use super::{inexpressible, list, maybe, number, text, word};

pub(super) fn message(body: &Value) -> Result<Message, String> {
    Ok(Message { to: recipient(body), content: content(body)?, options: options(body) })
}

fn recipient(body: &Value) -> Recipient {
    if let Some(id) = maybe(&body["recipient"]) {
        Recipient::User(id)
    } else if body["recipient_type"] == "group" {
        Recipient::Group(text(&body["to"]))
    } else {
        Recipient::Phone(PhoneNumber::from_stored(text(&body["to"])))
    }
}

fn options(body: &Value) -> SendOptions {
    SendOptions {
        reply_to: maybe(&body["context"]["message_id"]).map(Wamid),
        callback_data: maybe(&body["biz_opaque_callback_data"]),
        identity_key_hash: maybe(&body["recipient_identity_key_hash"]),
        messaging_account_id: maybe(&body["messaging_account_id"]),
    }
}

fn content(body: &Value) -> Result<Content, String> {
    let kind = maybe(&body["type"]).unwrap_or_else(|| "text".to_owned());
    let object = &body[kind.as_str()];
    Ok(match kind.as_str() {
        "template" => Content::Template(Box::new(template(object)?)),
        "text" => {
            Content::Text(Text { body: text(&object["body"]), preview_url: object["preview_url"].as_bool() })
        }
        "image" => {
            Content::Media(MediaMessage::Image { source: source(object), caption: maybe(&object["caption"]) })
        }
        "video" => {
            Content::Media(MediaMessage::Video { source: source(object), caption: maybe(&object["caption"]) })
        }
        "audio" => {
            Content::Media(MediaMessage::Audio { source: source(object), voice: object["voice"].as_bool() })
        }
        "document" => Content::Media(MediaMessage::Document {
            source: source(object),
            caption: maybe(&object["caption"]),
            filename: maybe(&object["filename"]),
        }),
        "sticker" => Content::Media(MediaMessage::Sticker(source(object))),
        "location" => Content::Location(location(object)),
        "contacts" => Content::Contacts(list(object).map(card).collect()),
        "reaction" => Content::Reaction(Reaction {
            message_id: Wamid(text(&object["message_id"])),
            emoji: maybe(&object["emoji"]).filter(|emoji| !emoji.is_empty()),
        }),
        "interactive" => Content::Interactive(Box::new(interactive(object)?)),
        _ => return inexpressible(&body["type"]),
    })
}

pub(super) fn source(object: &Value) -> MediaSource {
    maybe(&object["id"]).map_or_else(|| MediaSource::Link(text(&object["link"])), MediaSource::Id)
}

fn location(object: &Value) -> Location {
    let degrees = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default();
    Location {
        latitude: degrees(&object["latitude"]),
        longitude: degrees(&object["longitude"]),
        name: maybe(&object["name"]),
        address: maybe(&object["address"]),
    }
}

fn card(card: &Value) -> ContactCard {
    let name = &card["name"];
    let name = ContactName {
        formatted_name: text(&name["formatted_name"]),
        first_name: maybe(&name["first_name"]),
        last_name: maybe(&name["last_name"]),
        middle_name: maybe(&name["middle_name"]),
        prefix: maybe(&name["prefix"]),
        suffix: maybe(&name["suffix"]),
    };
    let phone = |one: &Value| ContactPhone {
        phone: maybe(&one["phone"]),
        kind: maybe(&one["type"]),
        wa_id: maybe(&one["wa_id"]),
    };
    let address = |one: &Value| ContactAddress {
        street: maybe(&one["street"]),
        city: maybe(&one["city"]),
        state: maybe(&one["state"]),
        zip: maybe(&one["zip"]),
        country: maybe(&one["country"]),
        country_code: maybe(&one["country_code"]),
        kind: maybe(&one["type"]),
    };
    let email = |one: &Value| ContactEmail { email: maybe(&one["email"]), kind: maybe(&one["type"]) };
    let url = |one: &Value| ContactUrl { url: maybe(&one["url"]), kind: maybe(&one["type"]) };
    let org = &card["org"];
    ContactCard {
        name,
        birthday: maybe(&card["birthday"]),
        phones: list(&card["phones"]).map(phone).collect(),
        emails: list(&card["emails"]).map(email).collect(),
        addresses: list(&card["addresses"]).map(address).collect(),
        urls: list(&card["urls"]).map(url).collect(),
        org: org.is_object().then(|| ContactOrganisation {
            company: maybe(&org["company"]),
            department: maybe(&org["department"]),
            title: maybe(&org["title"]),
        }),
    }
}

fn template(object: &Value) -> Result<TemplateMessage, String> {
    let mut template = TemplateMessage {
        name: text(&object["name"]),
        language: text(&object["language"]["code"]),
        ..TemplateMessage::default()
    };
    for component in list(&object["components"]) {
        let parameters = &component["parameters"];
        match word(&component["type"]).as_str() {
            "header" => template.header = list(parameters).next().map(header).transpose()?,
            "body" => template.body = places(parameters)?,
            "button" => template.buttons.push(button(component)?),
            "carousel" => {
                let cards: Result<Vec<CardValue>, String> =
                    list(&component["cards"]).map(card_value).collect();
                template.cards = cards?;
            }
            "limited_time_offer" => {
                template.offer_ends_ms = number(&parameters[0]["limited_time_offer"]["expiration_time_ms"]);
            }
            "order_status" => {
                template.order_status = Some(order_status(&parameters[0]["order_status"]));
            }
            "tap_target_configuration" => {
                let target = |one: &Value| TapTarget { url: text(&one["url"]), title: text(&one["title"]) };
                template.tap_targets = list(&parameters[0]["tap_target_configuration"]).map(target).collect();
            }
            _ => return inexpressible(component),
        }
    }
    Ok(template)
}

pub(super) fn order_status(order: &Value) -> OrderStatus {
    OrderStatus {
        reference_id: text(&order["reference_id"]),
        status: text(&order["order"]["status"]),
        description: maybe(&order["order"]["description"]),
    }
}

fn card_value(card: &Value) -> Result<CardValue, String> {
    let mut value = CardValue::default();
    for component in list(&card["components"]) {
        match word(&component["type"]).as_str() {
            "header" => value.header = list(&component["parameters"]).next().map(header).transpose()?,
            "body" => value.body = places(&component["parameters"])?,
            "button" => value.buttons.push(button(component)?),
            _ => return inexpressible(component),
        }
    }
    Ok(value)
}

fn header(parameter: &Value) -> Result<HeaderValue, String> {
    let kind = word(&parameter["type"]);
    let object = &parameter[kind.as_str()];
    Ok(match kind.as_str() {
        "text" => HeaderValue::Text(place(parameter)?),
        "image" => HeaderValue::Image(source(object)),
        "video" => HeaderValue::Video(source(object)),
        "gif" => HeaderValue::Gif(source(object)),
        "document" => HeaderValue::Document { source: source(object), filename: maybe(&object["filename"]) },
        "location" => HeaderValue::Location(location(object)),
        "product" => HeaderValue::Product {
            catalog_id: text(&object["catalog_id"]),
            product_retailer_id: text(&object["product_retailer_id"]),
        },
        _ => return inexpressible(parameter),
    })
}

fn places(parameters: &Value) -> Result<Vec<Parameter>, String> {
    list(parameters).map(place).collect()
}

fn place(parameter: &Value) -> Result<Parameter, String> {
    let (currency, time) = (&parameter["currency"], &parameter["date_time"]);
    let value = match word(&parameter["type"]).as_str() {
        "text" => ParameterValue::Text(text(&parameter["text"])),
        "currency" => ParameterValue::Currency(Currency {
            fallback_value: text(&currency["fallback_value"]),
            code: text(&currency["code"]),
            amount_1000: number(&currency["amount_1000"]).unwrap_or_default(),
        }),
        "date_time" => ParameterValue::DateTime(DateTime {
            fallback_value: text(&time["fallback_value"]),
            calendar: maybe(&time["calendar"]),
            year: number(&time["year"]),
            month: number(&time["month"]),
            day_of_month: number(&time["day_of_month"]),
            day_of_week: number(&time["day_of_week"]),
            hour: number(&time["hour"]),
            minute: number(&time["minute"]),
            timestamp: number(&time["timestamp"]),
        }),
        _ => return inexpressible(parameter),
    };
    Ok(Parameter { name: maybe(&parameter["parameter_name"]), value })
}

fn button(component: &Value) -> Result<TemplateButtonValue, String> {
    let Some(index) = number(&component["index"]) else { return inexpressible(component) };
    let parameter = &component["parameters"][0];
    let action = &parameter["action"];
    let thumbnail_product_retailer_id = maybe(&action["thumbnail_product_retailer_id"]);
    let value = match (word(&component["sub_type"]).as_str(), word(&parameter["type"]).as_str()) {
        ("quick_reply", "payload") => ButtonValue::QuickReply(text(&parameter["payload"])),
        ("quick_reply", "text") => ButtonValue::QuickReplyText(text(&parameter["text"])),
        ("url", _) => ButtonValue::Url(text(&parameter["text"])),
        ("copy_code", _) => ButtonValue::CopyCode(text(&parameter["coupon_code"])),
        ("flow", _) => ButtonValue::Flow {
            token: maybe(&action["flow_token"]),
            data: Some(action["flow_action_data"].clone()).filter(|data| !data.is_null()),
        },
        ("catalog", _) => ButtonValue::Catalog { thumbnail_product_retailer_id },
        ("mpm", _) => {
            let sections = products(&action["sections"]);
            ButtonValue::Products { thumbnail_product_retailer_id, sections }
        }
        ("order_details", _) => ButtonValue::Order(action["order_details"].clone()),
        ("voice_call", _) => {
            let parameter_of = |kind: &str| list(&component["parameters"]).find(|one| one["type"] == *kind);
            ButtonValue::VoiceCall {
                ttl_minutes: parameter_of("ttl_minutes").and_then(|one| number(&one["ttl_minutes"])),
                payload: parameter_of("payload").and_then(|one| maybe(&one["payload"])),
            }
        }
        _ => return inexpressible(component),
    };
    Ok(TemplateButtonValue { index, value })
}

pub(super) fn products(sections: &Value) -> Vec<ProductSection> {
    let section = |one: &Value| ProductSection {
        title: maybe(&one["title"]),
        product_retailer_ids: list(&one["product_items"])
            .map(|item| text(&item["product_retailer_id"]))
            .collect(),
    };
    list(sections).map(section).collect()
}
