//! Compares the request that arrived with the corpus' request.
//!
//! Meta accepts several spellings of the same thing, so both sides are normalized first: words of its vocabulary in
//! either case; indexes and ids as numbers or as text; components in any order; defaults written or left out; one
//! example alone or in a list. Any other difference counts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{list, text, word};
use crate::Verdict;
use crate::server::Call;

/// Members whose value is a word of Meta's vocabulary.
const WORDS: [&str; 7] =
    ["type", "format", "category", "sub_type", "otp_type", "parameter_format", "code_method"];
/// Members that hold an index or an id.
const IDS: [&str; 5] = ["index", "card_index", "catalog_id", "flow_id", "hsm_ids"];
/// Members that hold examples.
const EXAMPLES: [&str; 4] = ["body_text", "header_text", "header_handle", "example"];
/// Members that may be written or left out.
const DEFAULTS: [(&str, &str); 4] = [
    ("recipient_type", "individual"),
    ("policy", "deterministic"),
    ("parameter_format", "positional"),
    ("transfer_action", "none"),
];

pub(super) fn compare(theirs: &Value, ours: &Call, (app_id, app_secret): (&str, &str)) -> Verdict {
    let mut query = ours.query.clone();
    // We always send it, whether the app requires it or not.
    query.remove("appsecret_proof");
    let their_query = theirs["query"].as_object().into_iter().flatten();
    let their_query = their_query.map(|(key, value)| (key.clone(), normalized(&text(value)))).collect();
    let query = query.into_iter().map(|(key, value)| (key, normalized(&value))).collect();
    let bearer = theirs["headers"]["Authorization"].as_str().map(|header| {
        let header = header.replace("<APP_ID>", app_id).replace("<APP_SECRET>", app_secret);
        header.replace("<TOKEN>", "token")
    });
    let our_bearer = ours.bearer.as_ref().map(|token| format!("Bearer {token}"));
    Verdict::all([
        Verdict::equal("method", &ours.method.as_str(), &theirs["method"].as_str().unwrap_or_default()),
        Verdict::equal("path", &ours.path.as_str(), &theirs["path"].as_str().unwrap_or_default()),
        Verdict::equal::<BTreeMap<String, String>>("query", &query, &their_query),
        Verdict::equal("body", &canonical("", &ours.body), &canonical("", &theirs["body"])),
        bearer.map_or(Verdict::Outside, |bearer| Verdict::equal("authorization", &our_bearer, &Some(bearer))),
    ])
}

/// A query member, normalized: words in either case, lists with or without brackets.
fn normalized(value: &str) -> String {
    let is_word = value.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | ','));
    let list = value.trim_matches(['[', ']']).replace('"', "");
    if is_word { list.to_lowercase() } else { list }
}

/// A value, normalized.
fn canonical(key: &str, value: &Value) -> Value {
    if value.is_string() && WORDS.contains(&key) {
        return word(value).into();
    }
    match value {
        Value::Object(members) => object(members),
        Value::Array(items) => {
            let of_items = if EXAMPLES.contains(&key) { "" } else { key };
            let mut items: Vec<Value> = items.iter().map(|item| canonical(of_items, item)).collect();
            if key == "components" {
                items.sort_by_key(|item| (text(&item["type"]), text(&item["index"])));
            }
            examples(key, Value::Array(items))
        }
        Value::String(degrees) if ["latitude", "longitude"].contains(&key) => {
            degrees.parse::<f64>().map_or_else(|_| value.clone(), Value::from)
        }
        Value::Number(_) | Value::Bool(_) if IDS.contains(&key) || key == "text" => text(value).into(),
        Value::String(_) => examples(key, value.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn object(members: &Map<String, Value>) -> Value {
    let stated = members.iter().filter(|(key, value)| {
        let is_default = DEFAULTS.iter().any(|(name, default)| key == name && word(value) == *default);
        let is_empty = ["components", "parameters", "context"].contains(&key.as_str())
            && (**value == json!([]) || **value == json!({}));
        !value.is_null() && !is_default && !is_empty
    });
    let mut object: Map<String, Value> =
        stated.map(|(key, value)| (key.clone(), canonical(key, value))).collect();
    if object.contains_key("messaging_product") && object.contains_key("text") {
        object.entry("type").or_insert_with(|| "text".into());
    }
    Value::Object(object)
}

/// One example, or several of one text, as a list of lists.
fn examples(key: &str, value: Value) -> Value {
    match (key, &value) {
        ("body_text", Value::String(_)) => json!([[value]]),
        ("body_text", Value::Array(items)) if items.iter().any(Value::is_string) => json!([value]),
        // The example of a copied code is a text, that of a link a list; both forms are accepted for both.
        ("header_text" | "header_handle" | "example", Value::String(_)) => json!([value]),
        _ => value,
    }
}

/// The corpus' description of a request, made from ours.
pub(super) fn events(ours: &Call) -> Vec<Value> {
    let body = canonical("", &ours.body);
    let mut query = ours.query.clone();
    query.remove("appsecret_proof");
    let mut fields: Vec<&String> = body.as_object().into_iter().flat_map(Map::keys).collect();
    fields.sort();
    let mut events =
        vec![json!({"event": "request", "method": ours.method.as_str(), "fields": fields, "query": query})];
    if ours.path.ends_with("essages") && body["status"].is_null() {
        events.push(outbound(&body));
    }
    if ours.path.ends_with("message_templates") && ours.method == "POST" {
        events.push(template(&body));
    }
    events
}

fn outbound(body: &Value) -> Value {
    let (template, components) = (&body["template"], &body["template"]["components"]);
    let parameters = |kind: &str| -> Vec<Value> {
        let of_kind = list(components).filter(|component| component["type"] == *kind);
        let parameters = of_kind.flat_map(|component| list(&component["parameters"]));
        parameters
            .map(|one| json!({"type": one["type"], "text": one["text"], "name": one["parameter_name"]}))
            .collect()
    };
    let buttons: Vec<Value> = list(components)
        .filter(|component| component["type"] == "button")
        .map(|button| {
            let kinds: Vec<&Value> =
                list(&button["parameters"]).map(|parameter| &parameter["type"]).collect();
            json!({"sub_type": button["sub_type"], "index": button["index"], "params": kinds})
        })
        .collect();
    let known = ["header", "body", "button", "carousel"];
    let others: Vec<&Value> = list(components)
        .map(|component| &component["type"])
        .filter(|kind| !known.iter().any(|known| kind == known))
        .collect();
    let cards: usize = list(components).map(|component| list(&component["cards"]).count()).sum();
    json!({
        "event": "outbound_request",
        "to": body["to"], "recipient": body["recipient"], "type": body["type"],
        "callback_data": body["biz_opaque_callback_data"],
        "template": template["name"], "language": template["language"]["code"],
        "header_params": parameters("header"), "body_params": parameters("body"),
        "buttons": buttons, "cards": cards, "other_components": others,
        "product_policy": body["product_policy"],
        "message_activity_sharing": body["message_activity_sharing"],
    })
}

fn template(body: &Value) -> Value {
    let part = |kind: &str| list(&body["components"]).find(|component| component["type"] == *kind);
    let places = |kind: &str| {
        let text = part(kind).and_then(|component| component["text"].as_str());
        text.map(meta::templates::variables).filter(|places| !places.is_empty())
    };
    let buttons: Vec<&Value> = part("buttons").into_iter().flat_map(|all| list(&all["buttons"])).collect();
    let open: Vec<usize> = (0..buttons.len())
        .filter(|index| {
            buttons[*index]["url"].as_str().is_some_and(|url| !meta::templates::variables(url).is_empty())
        })
        .collect();
    let mut params = json!({"header": places("header"), "body": places("body")});
    if !open.is_empty() {
        params["buttons"] = json!(open);
    }
    let upper = |value: &Value| value.as_str().map(str::to_uppercase);
    let format = upper(&body["parameter_format"]).unwrap_or_else(|| "POSITIONAL".to_owned());
    let kinds: Vec<Option<String>> = buttons.iter().map(|button| upper(&button["type"])).collect();
    let languages = [&body["language"], &body["languages"]];
    json!({
        "event": "template_create_request",
        "name": body["name"], "language": languages.into_iter().find(|language| !language.is_null()),
        "category": upper(&body["category"]), "parameter_format": format,
        "header_format": part("header").map(|header| upper(&header["format"])),
        "params": params, "footer": part("footer").is_some(), "buttons": kinds,
        "cards": part("carousel").map(|carousel| list(&carousel["cards"]).count()),
        "ttl_s": body["message_send_ttl_seconds"],
    })
}
