//! The corpus' interactive messages in our types.

use meta::send::{
    Action, FlowAction, FlowName, Interactive, InteractiveCard, InteractiveHeader, ListRow, ListSection,
    ReplyButton,
};
use serde_json::Value;

use super::message::{order_status, products, source};
use super::{inexpressible, list, maybe, number, text, word};

pub(super) fn interactive(object: &Value) -> Result<Interactive, String> {
    Ok(Interactive {
        header: header(&object["header"])?,
        body: maybe(&object["body"]["text"]),
        footer: maybe(&object["footer"]["text"]),
        action: action(&word(&object["type"]), &object["action"])?,
    })
}

fn header(header: &Value) -> Result<Option<InteractiveHeader>, String> {
    Ok(match header["type"].as_str() {
        None => None,
        Some("text") => Some(InteractiveHeader::Text(text(&header["text"]))),
        Some("image") => Some(InteractiveHeader::Image(source(&header["image"]))),
        Some("video") => Some(InteractiveHeader::Video(source(&header["video"]))),
        Some("document") => Some(InteractiveHeader::Document {
            source: source(&header["document"]),
            filename: maybe(&header["document"]["filename"]),
        }),
        Some(_) => return inexpressible(header),
    })
}

fn action(kind: &str, action: &Value) -> Result<Action, String> {
    let parameters = &action["parameters"];
    let reply =
        |one: &Value| ReplyButton { id: text(&one["reply"]["id"]), title: text(&one["reply"]["title"]) };
    Ok(match kind {
        "button" => Action::Buttons(list(&action["buttons"]).map(reply).collect()),
        "list" => Action::List {
            button: text(&action["button"]),
            sections: list(&action["sections"]).map(section).collect(),
        },
        "cta_url" => {
            Action::Url { display_text: text(&parameters["display_text"]), url: text(&parameters["url"]) }
        }
        "flow" => Action::Flow(flow(parameters)),
        "product" => Action::Product {
            catalog_id: text(&action["catalog_id"]),
            product_retailer_id: text(&action["product_retailer_id"]),
        },
        "product_list" => Action::ProductList {
            catalog_id: text(&action["catalog_id"]),
            sections: products(&action["sections"]),
        },
        "catalog_message" => Action::Catalog {
            thumbnail_product_retailer_id: maybe(&parameters["thumbnail_product_retailer_id"]),
        },
        "location_request_message" => Action::LocationRequest,
        "request_contact_info" => Action::ContactRequest,
        "address_message" => {
            Action::Address { country: text(&parameters["country"]), parameters: parameters.clone() }
        }
        "voice_call" => Action::VoiceCall {
            display_text: maybe(&parameters["display_text"]),
            ttl_minutes: number(&parameters["ttl_minutes"]),
            payload: maybe(&parameters["payload"]),
        },
        "call_permission_request" => Action::CallPermission,
        "order_details" => Action::Order(parameters.clone()),
        "order_status" => Action::OrderStatus(order_status(parameters)),
        "carousel" => {
            let cards: Result<Vec<InteractiveCard>, String> = list(&action["cards"]).map(card).collect();
            Action::Carousel(cards?)
        }
        _ => return Err(format!("our types cannot express {kind}: {action}")),
    })
}

fn section(section: &Value) -> ListSection {
    let row = |row: &Value| ListRow {
        id: text(&row["id"]),
        title: text(&row["title"]),
        description: maybe(&row["description"]),
    };
    ListSection { title: maybe(&section["title"]), rows: list(&section["rows"]).map(row).collect() }
}

fn flow(parameters: &Value) -> FlowAction {
    let id = maybe(&parameters["flow_id"]).map(FlowName::Id);
    FlowAction {
        flow: id.unwrap_or_else(|| FlowName::Name(text(&parameters["flow_name"]))),
        cta: text(&parameters["flow_cta"]),
        token: maybe(&parameters["flow_token"]),
        message_version: text(&parameters["flow_message_version"]),
        mode: maybe(&parameters["mode"]),
        action: maybe(&parameters["flow_action"]),
        payload: Some(parameters["flow_action_payload"].clone()).filter(|payload| !payload.is_null()),
    }
}

fn card(card: &Value) -> Result<InteractiveCard, String> {
    Ok(InteractiveCard {
        header: header(&card["header"])?,
        body: maybe(&card["body"]["text"]),
        action: action(&word(&card["type"]), &card["action"])?,
    })
}
