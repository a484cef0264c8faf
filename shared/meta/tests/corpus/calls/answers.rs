//! What the client read, in the corpus' words.

use meta::Page;
use meta::accounts::{ExchangedToken, Health, RemoteAccount, RemoteNumber, SubscribedApp, TokenInfo};
use meta::error::Usage;
use meta::send::Accepted;
use meta::templates::{
    Archived, RemoteComponent, RemoteTemplate, TemplateCategory, TemplateState, variables,
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

pub(super) fn accepted(read: &Accepted) -> Value {
    json!({"event": "send_accepted", "wamid": read.wamid.0, "input": read.input, "wa_id": read.wa_id,
        "user_id": read.user_id, "message_status": read.message_status})
}

pub(super) fn created(read: &TemplateState) -> Value {
    json!({"event": "template_created", "id": read.id, "status": read.status,
        "category": read.category.as_ref().map(ToString::to_string)})
}

fn template(read: &RemoteTemplate) -> Value {
    let places = |component: &RemoteComponent| {
        let places = component.variables();
        (!places.is_empty()).then(|| (component.kind.to_lowercase(), json!(places)))
    };
    let mut params: Map<String, Value> = read.components.iter().filter_map(places).collect();
    let buttons = read.component("BUTTONS").map(|all| all.buttons.as_slice()).unwrap_or_default();
    let is_open = |url: &Option<String>| url.as_ref().is_some_and(|url| !variables(url).is_empty());
    let open: Vec<usize> = (0..buttons.len()).filter(|index| is_open(&buttons[*index].url)).collect();
    if !open.is_empty() {
        params.insert("buttons".to_owned(), json!(open));
    }
    let category = |category: &Option<TemplateCategory>| category.as_ref().map(ToString::to_string);
    json!({"id": read.id, "name": read.name, "language": read.language, "status": read.status,
        "category": category(&read.category), "sub_category": read.sub_category,
        "previous_category": category(&read.previous_category),
        "correct_category": category(&read.correct_category),
        "parameter_format": read.parameter_format, "rejected_reason": read.rejected_reason,
        "quality": read.quality.as_ref().map(|quality| &quality.score), "params": params})
}

pub(super) fn template_alone(read: &RemoteTemplate) -> Value {
    let mut event = template(read);
    event["event"] = json!("template");
    event
}

pub(super) fn quality(read: &RemoteTemplate) -> Value {
    json!({"event": "template_quality", "template_id": read.id, "template_name": read.name,
        "language": read.language, "current": read.quality.as_ref().map(|quality| &quality.score),
        "at": read.quality.as_ref().and_then(|quality| quality.since)})
}

pub(super) fn templates(page: &Page<RemoteTemplate>, response: &Value) -> Value {
    let header = response["headers"]["X-Business-Use-Case-Usage"].as_str();
    let usage = Usage::read(None, header, None, None);
    let call_count = usage.business.iter().map(|usage| usage.load.call_count).max();
    let regain = usage.business.iter().map(|usage| usage.regain.map_or(0, |wait| wait.as_mins())).max();
    json!({"event": "template_page", "templates": page.items.iter().map(template).collect::<Vec<_>>(),
        "after": page.last_cursor, "has_next": page.has_next,
        "usage": {"call_count": call_count, "regain_minutes": regain}})
}

pub(super) fn archived(read: &Archived, event: Option<&Value>) -> Value {
    let ids: Vec<&String> = read.failed.keys().collect();
    let is_list = event.is_some_and(|event| event["failed"].is_array());
    let failed = if is_list { json!(ids) } else { json!(read.failed) };
    json!({"event": "archive_result", "done": read.done, "failed": failed})
}

pub(super) fn token(read: &TokenInfo) -> Value {
    let error = read.error.as_ref();
    json!({"event": "token_info", "valid": read.is_valid, "app_id": read.app_id, "type": read.kind,
        "expires_at": read.expires_at, "never_expires": read.never_expires(), "scopes": read.scopes,
        "waba_ids": read.waba_ids, "error_code": error.and_then(|error| error.code),
        "error_subcode": error.and_then(|error| error.subcode)})
}

pub(super) fn exchanged(read: &ExchangedToken) -> Value {
    json!({"event": "token_exchanged", "token_present": !read.access_token.expose_secret().is_empty(),
        "expires_in": read.expires_in})
}

pub(super) fn number(read: &RemoteNumber, event: Option<&Value>) -> Value {
    let is_object = event.is_some_and(|event| event["throughput"].is_object());
    let level = json!(read.throughput_level);
    json!({"event": "phone_number", "id": read.id, "display_phone_number": read.display_phone_number,
        "verified_name": read.verified_name, "quality_rating": read.quality_rating,
        "code_verification_status": read.code_verification_status, "name_status": read.name_status,
        "new_name_status": read.new_name_status, "status": read.status,
        "throughput": if is_object { json!({"level": level}) } else { level },
        "whatsapp_business_manager_messaging_limit": read.messaging_limit,
        "messaging_limit_tier": read.messaging_limit_tier, "platform_type": read.platform_type,
        "account_mode": read.account_mode, "is_on_biz_app": read.is_on_biz_app,
        "health": read.health.as_ref().map(|health| health.overall.as_str())})
}

pub(super) fn accounts(read: &[RemoteAccount]) -> Vec<Value> {
    if read.is_empty() {
        return vec![json!({"event": "waba_none"})];
    }
    let account = |read: &RemoteAccount| {
        json!({"event": "waba", "id": read.id, "name": read.name, "timezone_id": read.timezone_id,
            "country": read.country, "currency": read.currency,
            "account_review_status": read.account_review_status,
            "business_verification_status": read.business_verification_status})
    };
    read.iter().map(account).collect()
}

pub(super) fn apps(read: &[SubscribedApp]) -> Value {
    let ids: Vec<&String> = read.iter().filter_map(|app| app.id.as_ref()).collect();
    let address = read.iter().find_map(|app| app.override_callback_uri.as_ref());
    json!({"event": "subscribed_apps", "app_ids": ids, "override": address})
}

pub(super) fn health(read: &Health) -> Value {
    let entities: Map<String, Value> = read
        .entities
        .iter()
        .map(|entity| (entity.kind.clone(), entity.can_send_message.as_str().into()))
        .collect();
    let problems: Vec<i64> =
        read.entities.iter().flat_map(|entity| &entity.problems).map(|problem| problem.code).collect();
    json!({"event": "health", "node": read.node, "overall": read.overall.as_str(), "entities": entities,
        "problems": problems})
}
