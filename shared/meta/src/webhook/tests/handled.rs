//! Updates that are handled.

use domain::updates::{AccountUpdate, Decision, PreferenceUpdate, TemplateUpdate};
use domain::{Category, PhoneNumber, WabaId};

use super::*;

fn handled(field: &str, value: &Value) -> Vec<Update> {
    let body = json!({"object": OBJECT, "entry": [{"id": 55, "time": 1_750_000_000, "changes": [{"field": field, "value": value}]}]});
    let updates = parsed(&body);
    assert_eq!(
        updates.iter().filter(|update| matches!(update, Update::Unhandled(_))).count(),
        1,
        "{updates:?}"
    );
    updates.into_iter().filter(|update| !matches!(update, Update::Unhandled(_))).collect()
}

fn at() -> Option<Timestamp> {
    Timestamp::from_second(1_750_000_000).ok()
}

fn template(decision: Decision) -> Update {
    Update::Template(TemplateUpdate {
        waba_id: WabaId("55".to_owned()),
        template_id: Some("168".to_owned()),
        name: Some("order".to_owned()),
        language: Some("en_US".to_owned()),
        decision,
        at: at(),
    })
}

#[test]
fn a_templates_status_and_category_are_handled() {
    let named = |key: &str, value: &str| {
        let mut update = json!({"message_template_id": 168, "message_template_name": "order", "message_template_language": "en-US"});
        update[key] = json!(value);
        update
    };
    for (event, status) in [("APPROVED", "APPROVED"), ("REINSTATED", "APPROVED"), ("PAUSED", "PAUSED")] {
        let updates = handled("message_template_status_update", &named("event", event));
        assert_eq!(updates, [template(Decision::Status(status.to_owned()))]);
    }
    for event in ["FLAGGED", "UNARCHIVED", "SOMETHING_NEW"] {
        assert_eq!(handled("message_template_status_update", &named("event", event)), [], "{event}");
    }
    let done = named("new_category", "MARKETING");
    assert_eq!(
        handled("template_category_update", &done),
        [template(Decision::Category(Category::Marketing))]
    );
    let mut announced = named("new_category", "UTILITY");
    announced["correct_category"] = json!("MARKETING");
    assert_eq!(handled("template_category_update", &announced), [], "only announced");
    assert_eq!(handled("template_category_update", &named("new_category", "NEW")), []);
}

#[test]
fn a_closed_and_a_reopened_account_are_handled() {
    let account = |waba_id: &str, is_closed, reason: &str| {
        Update::Account(AccountUpdate {
            waba_id: WabaId(waba_id.to_owned()),
            is_closed,
            reason: reason.to_owned(),
            at: at(),
        })
    };
    let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    assert_eq!(handled("account_update", &ban("DISABLE")), [account("55", true, "DISABLED_UPDATE")]);
    assert_eq!(handled("account_update", &ban("REINSTATE")), [account("55", false, "DISABLED_UPDATE")]);
    assert_eq!(handled("account_update", &ban("SCHEDULE_FOR_DISABLE")), []);
    let deleted = json!({"event": "ACCOUNT_DELETED", "waba_info": {"waba_id": 66}});
    assert_eq!(
        handled("account_update", &deleted),
        [account("66", true, "ACCOUNT_DELETED")],
        "the account named inside"
    );
    assert_eq!(handled("account_update", &json!({"event": "ACCOUNT_VIOLATION"})), []);
}

#[test]
fn a_preference_is_handled() {
    let updates = |preference: &Value| {
        handled(
            "user_preferences",
            &json!({"metadata": {"phone_number_id": 77}, "user_preferences": [preference]}),
        )
    };
    let mut preference = json!({"wa_id": "15550000002", "category": "marketing_messages", "value": "stop", "timestamp": 1_750_000_000});
    let expected = |wants_messages| {
        [Update::Preference(PreferenceUpdate {
            phone_number_id: PhoneNumberId("77".to_owned()),
            phone: PhoneNumber::from_stored("+15550000002".to_owned()),
            wants_messages,
            at: at(),
        })]
    };
    assert_eq!(updates(&preference), expected(false));
    preference["value"] = json!("resume");
    assert_eq!(updates(&preference), expected(true));
    for (key, other) in [
        ("value", json!("signup")),
        ("category", json!("calls")),
        ("wa_id", json!(null)),
        ("wa_id", json!("12")),
    ] {
        let mut preference = preference.clone();
        preference[key] = other;
        assert_eq!(updates(&preference), [], "{preference}");
    }
}
