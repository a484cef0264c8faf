//! Templates over their life: reviewed, edited, unpaused, deleted, and changed by Meta.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::body::{code_template, plain, template, template_message};

const TO: &str = "+4915112345678";
const STATUS: &str = "message_template_status_update";

fn path(stage: &Stage, query: &str) -> String {
    format!("/{}/message_templates{query}", stage.account.waba)
}

async fn shown(stage: &Stage, id: &str) -> Value {
    let fields = "status,category,previous_category,correct_category,rejected_reason,quality_score,components,last_updated_time,health_status";
    stage.get(&format!("/{id}?fields={fields}")).await.expect_status(200)
}

#[tokio::test]
async fn the_next_review_may_be_ordered() {
    let stage = Stage::open().await;
    stage.order("reviews", &json!({ "status": "PENDING" })).await;
    let made = stage.post(&path(&stage, ""), &plain("first", "UTILITY")).await.expect_status(200);
    assert_eq!((&made["status"], &made["category"]), (&json!("PENDING"), &json!("UTILITY")));
    let message = template_message(TO, "first", &json!([]));
    stage.message(&message).await.expect_refusal(404, (132_001, None), "does not exist in en");

    stage.order("reviews", &json!({ "status": "REJECTED", "reason": "SCAM" })).await;
    let rejected = stage.post(&path(&stage, ""), &plain("second", "UTILITY")).await.expect_status(200);
    assert_eq!(rejected["status"], "REJECTED");
    let told = stage.told(STATUS).await;
    assert_eq!(
        (&told["event"], &told["reason"]),
        (&json!("REJECTED"), &json!("SCAM")),
        "and nothing of the first"
    );
    assert!(
        told["rejection_info"]["reason"].is_string() && told["rejection_info"]["recommendation"].is_string()
    );
    let seen = shown(&stage, rejected["id"].as_str().expect("an id")).await;
    assert_eq!(
        (&seen["rejected_reason"], &seen["health_status"]["can_send_message"]),
        (&json!("SCAM"), &json!("BLOCKED"))
    );

    let order = json!({ "name": "first", "language": "en", "status": "APPROVED" });
    let ordered = stage.order("templates", &order).await;
    assert_eq!((&ordered["id"], &ordered["told"]), (&made["id"], &json!(true)));
    stage.message(&message).await.wamid();
    stage.caller.order("reviews", r#"{"status":"LOVED"}"#).await.expect_status(400);
}

#[tokio::test]
async fn an_edit_replaces_components_and_is_told() {
    let stage = Stage::open().await;
    let id = stage.caller.create(&stage.account, &plain("first", "UTILITY")).await;
    let components = json!([
        { "type": "HEADER", "format": "TEXT", "text": "News" },
        { "type": "BODY", "text": "Your order has arrived." },
        { "type": "FOOTER", "text": "Bye" },
        { "type": "BUTTONS", "buttons": [
            { "type": "URL", "text": "Look", "url": "https://example.org" },
            { "type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550100000" },
        ]},
    ]);
    let edited = stage.post(&format!("/{id}"), &json!({ "components": components })).await;
    assert_eq!(edited.expect_status(200), json!({ "success": true }));
    let told = stage.told("message_template_components_update").await;
    assert_eq!(told["message_template_id"].as_u64().map(|id| id.to_string()), Some(id.clone()));
    assert_eq!(told["message_template_title"], "News");
    assert_eq!(told["message_template_element"], "Your order has arrived.");
    assert_eq!(told["message_template_footer"], "Bye");
    assert_eq!(
        told["message_template_buttons"],
        json!([
            {
                "message_template_button_type": "URL", "message_template_button_text": "Look",
                "message_template_button_url": "https://example.org",
            },
            {
                "message_template_button_type": "PHONE_NUMBER", "message_template_button_text": "Call",
                "message_template_button_phone_number": "+15550100000",
            },
        ])
    );
    assert_eq!(shown(&stage, &id).await["components"], components);
    stage.receiver.until("the review", |receiver| receiver.changes(STATUS).len() == 2).await;

    let again = stage.post(&format!("/{id}"), &json!({ "components": components })).await;
    again.expect_refusal(400, (100, Some(2_388_039)), "Invalid parameter");
}

#[tokio::test]
async fn an_edit_obeys_the_rules_and_the_state() {
    let stage = Stage::open().await;
    let id = stage.caller.create(&stage.account, &plain("first", "UTILITY")).await;
    let path = format!("/{id}");
    let body = |text: &str| json!({ "components": [{ "type": "BODY", "text": text }] });
    stage.post(&path, &body("")).await.expect_refusal(400, (100, Some(2_388_072)), "Invalid parameter");
    stage.post(&path, &json!({})).await.expect_refusal(400, (100, None), "components");
    let move_it = json!({ "category": "MARKETING" });
    stage.post(&path, &move_it).await.expect_refusal(400, (100, Some(2_388_039)), "Invalid parameter");
    for state in ["DISABLED", "PENDING", "IN_APPEAL", "ARCHIVED"] {
        stage.order("templates", &json!({ "id": id, "status": state })).await;
        let refused = stage.post(&path, &body("It is here.")).await;
        refused.expect_refusal(400, (100, Some(2_388_039)), "Invalid parameter");
    }
    stage.order("templates", &json!({ "id": id, "status": "REJECTED", "reason": "PROMOTIONAL" })).await;
    stage.post(&path, &move_it).await.expect_status(200);
    let seen = shown(&stage, &id).await;
    assert_eq!(
        (&seen["status"], &seen["category"]),
        (&json!("APPROVED"), &json!("MARKETING")),
        "reviewed again"
    );
    assert_eq!(seen["previous_category"], "UTILITY");
    stage.post("/1234567890123456", &move_it).await.expect_refusal(400, (100, Some(33)), "does not exist");
    let other = stage.caller.connect("another code").await;
    stage.caller.post(&other.token, &path, &move_it).await.expect_refusal(
        400,
        (100, Some(33)),
        "does not exist",
    );
}

#[tokio::test]
async fn a_paused_template_is_unpaused_and_told() {
    let stage = Stage::open().await;
    let id = stage.caller.create(&stage.account, &plain("first", "UTILITY")).await;
    let path = format!("/{id}/unpause");
    stage.post(&path, &json!({})).await.expect_refusal(400, (100, None), "paused");
    stage.order("templates", &json!({ "id": id, "status": "PAUSED", "title": "SECOND_PAUSE" })).await;
    let message = template_message(TO, "first", &json!([]));
    stage.message(&message).await.expect_refusal(400, (132_015, None), "Template is paused");
    assert_eq!(stage.post(&path, &json!({})).await.expect_status(200), json!({ "success": true }));
    stage.message(&message).await.wamid();
    stage.receiver.until("all three", |receiver| receiver.changes(STATUS).len() == 3).await;
    let changes = stage.receiver.changes(STATUS);
    let title = |event: &str, title: &str| {
        changes.iter().any(|one| one["event"] == event && one["other_info"]["title"] == title)
    };
    assert!(title("PAUSED", "SECOND_PAUSE") && title("APPROVED", "UNPAUSE"), "{changes:#?}");
    stage.order("templates", &json!({ "id": id, "status": "DISABLED" })).await;
    stage.message(&message).await.expect_refusal(400, (132_016, None), "Template is disabled");
    stage.receiver.until("the end", |receiver| receiver.changes(STATUS).len() == 4).await;
    let last = stage.receiver.changes(STATUS).into_iter().find(|one| one["event"] == "DISABLED");
    let last = last.expect("it was told");
    assert!(
        last["disable_info"]["disable_date"].is_u64() && last["other_info"]["title"] == "DISABLED",
        "{last}"
    );
}

#[tokio::test]
async fn a_score_and_a_category_are_changed_by_order() {
    let stage = Stage::open().await;
    let id = stage.caller.create(&stage.account, &plain("first", "UTILITY")).await;
    stage.order("templates", &json!({ "id": id, "quality": "YELLOW" })).await;
    let told = stage.told("message_template_quality_update").await;
    assert_eq!(
        (&told["previous_quality_score"], &told["new_quality_score"]),
        (&json!("UNKNOWN"), &json!("YELLOW"))
    );
    assert_eq!(
        (&told["message_template_name"], &told["message_template_language"]),
        (&json!("first"), &json!("en"))
    );
    assert!(told["message_template_id"].is_u64() && told["entry_time"].is_u64());
    let seen = shown(&stage, &id).await;
    assert_eq!(seen["quality_score"]["score"], "YELLOW");
    assert!(seen["quality_score"]["date"].is_u64() && seen["last_updated_time"].is_u64());

    stage.order("templates", &json!({ "id": id, "correctCategory": "MARKETING" })).await;
    let field = "template_category_update";
    let told = stage.told(field).await;
    assert_eq!((&told["new_category"], &told["correct_category"]), (&json!("UTILITY"), &json!("MARKETING")));
    assert!(told["category_update_timestamp"].as_u64() > told["entry_time"].as_u64());
    assert_eq!(shown(&stage, &id).await["correct_category"], "MARKETING");

    stage.order("templates", &json!({ "id": id, "category": "MARKETING" })).await;
    stage.receiver.until("the change", |receiver| receiver.changes(field).len() == 2).await;
    let told = stage.receiver.changes(field).remove(1);
    assert_eq!((&told["previous_category"], &told["new_category"]), (&json!("UTILITY"), &json!("MARKETING")));
    let seen = shown(&stage, &id).await;
    assert_eq!((&seen["category"], &seen["previous_category"]), (&json!("MARKETING"), &json!("UTILITY")));
    let wamid = stage.message(&template_message(TO, "first", &json!([]))).await.wamid();
    stage.receiver.words_of(&wamid, 3).await;
    assert_eq!(stage.receiver.statuses()[0].raw["pricing"]["category"], "marketing");
    for order in [
        json!({ "id": id, "category": "marketing" }),
        json!({ "name": "first", "status": "PAUSED" }),
        json!({ "id": id, "quality": "BLUE" }),
        json!({ "id": id, "status": "PAUSED", "copies": 0 }),
    ] {
        stage.caller.order("templates", &order.to_string()).await.expect_status(400);
    }
}

#[tokio::test]
async fn components_changed_by_meta_are_told_as_often_as_ordered() {
    let stage = Stage::open().await;
    let id = stage.caller.create(&stage.account, &plain("first", "UTILITY")).await;
    let components = json!([{ "type": "BODY", "text": "Your order is nearly there." }]);
    stage.order("templates", &json!({ "id": id, "components": components, "copies": 2 })).await;
    let field = "message_template_components_update";
    stage.receiver.until("both", |receiver| receiver.changes(field).len() == 2).await;
    assert_eq!(stage.receiver.changes(field)[1]["message_template_element"], "Your order is nearly there.");
    assert_eq!(shown(&stage, &id).await["components"], components);
}

#[tokio::test]
async fn a_deleted_name_is_locked_unless_nobody_could_have_got_it() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("first", "UTILITY")).await;
    let token = &stage.account.token;
    stage.caller.delete(token, &path(&stage, "?name=first")).await.expect_status(200);
    stage.receiver.until("the end", |receiver| receiver.changes(STATUS).len() == 2).await;
    assert!(stage.receiver.changes(STATUS).iter().any(|one| one["event"] == "DELETED"));
    let again = stage.post(&path(&stage, ""), &plain("first", "UTILITY")).await;
    again.expect_refusal(400, (100, Some(2_388_023)), "Invalid parameter");
    let mut german = plain("first", "UTILITY");
    german["language"] = json!("de");
    stage.caller.create(&stage.account, &german).await;

    stage.order("reviews", &json!({ "status": "REJECTED", "reason": "SCAM" })).await;
    stage.post(&path(&stage, ""), &plain("second", "UTILITY")).await.expect_status(200);
    stage.caller.delete(token, &path(&stage, "?name=second")).await.expect_status(200);
    stage.post(&path(&stage, ""), &plain("second", "UTILITY")).await.expect_status(200);
}

#[tokio::test]
async fn templates_are_deleted_by_a_list_of_ids_and_disabled_ones_never() {
    let stage = Stage::open().await;
    let token = &stage.account.token;
    let mut ids = Vec::new();
    for name in ["first", "second", "third"] {
        ids.push(stage.caller.create(&stage.account, &plain(name, "UTILITY")).await);
    }
    stage.order("templates", &json!({ "id": ids[2], "status": "DISABLED" })).await;
    let list = |ids: &[String]| path(&stage, &format!("?hsm_ids=[{}]", ids.join(",")));
    let all = stage.caller.delete(token, &list(&ids)).await;
    all.expect_refusal(400, (100, None), "Invalid parameter");
    stage.caller.delete(token, &list(&ids[..2])).await.expect_status(200);
    let gone = stage.caller.delete(token, &list(&ids[..1])).await;
    gone.expect_refusal(400, (100, Some(2_593_002)), "Invalid parameter");
    for wrong in ["?hsm_ids=nonsense", "?hsm_ids=[]"] {
        stage.caller.delete(token, &path(&stage, wrong)).await.expect_refusal(400, (100, None), "hsm_ids");
    }
    let left = stage.get(&path(&stage, "?fields=name")).await.expect_status(200);
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn one_call_makes_an_authentication_template_in_several_languages() {
    let stage = Stage::open().await;
    let button = json!({ "type": "OTP", "otp_type": "COPY_CODE" });
    let mut body = code_template("code", &button);
    body.as_object_mut().expect("an object").remove("language");
    let upsert = format!("/{}/upsert_message_templates", stage.account.waba);
    stage.post(&upsert, &body).await.expect_refusal(400, (100, None), "languages");
    body["languages"] = json!(["en_US", "es_ES", "fr"]);
    let made = stage.post(&upsert, &body).await.expect_status(200);
    let made = made["data"].as_array().expect("a list").clone();
    let languages: Vec<&str> = made.iter().filter_map(|one| one["language"].as_str()).collect();
    assert_eq!(languages, ["en_US", "es_ES", "fr"]);
    assert!(made.iter().all(|one| one["status"] == "APPROVED" && one["id"].is_string()), "{made:#?}");
    body["languages"] = json!(["fr", "de"]);
    let again = stage.post(&upsert, &body).await.expect_status(200);
    assert_eq!(again["data"][0]["id"], made[2]["id"], "the French one is renewed");
    let page = stage.get(&path(&stage, "?name=code")).await.expect_status(200);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(4));
    let mut marketing =
        template("sale", "MARKETING", &json!([{ "type": "BODY", "text": "Our sale is on." }]));
    marketing["languages"] = json!(["en"]);
    stage.post(&upsert, &marketing).await.expect_refusal(400, (100, None), "AUTHENTICATION");
}

#[tokio::test]
async fn a_list_takes_several_states_and_looks_into_contents() {
    let stage = Stage::open().await;
    for name in ["first", "second", "third"] {
        stage.caller.create(&stage.account, &plain(name, "UTILITY")).await;
    }
    stage.order("templates", &json!({ "name": "first", "language": "en", "status": "PAUSED" })).await;
    stage.order("templates", &json!({ "name": "second", "language": "en", "status": "REJECTED" })).await;
    for (query, count) in [
        ("?status=paused", 1),
        ("?status=PAUSED,REJECTED", 2),
        ("?name_or_content=hir", 1),
        ("?name_or_content=order", 3),
        ("?name_or_content=nothing", 0),
        ("?content=order", 3),
        ("?content=first", 0),
        ("?quality_score=UNKNOWN", 3),
        ("?quality_score=RED", 0),
    ] {
        let page = stage.get(&path(&stage, query)).await.expect_status(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(count), "{query}");
    }
    let bad = stage.get(&path(&stage, "?after=nonsense")).await;
    bad.expect_refusal(400, (131_059, None), "Invalid paging cursor");
}
