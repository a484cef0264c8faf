//! The life of templates: reviewed, edited, unpaused, changed by Meta, deleted.

use serde_json::{Value, json};

use crate::support::TestSandbox;
use crate::support::body::{code_template, plain, template, template_message};

const TO: &str = "+4915112345678";
const STATUS: &str = "message_template_status_update";

fn path(sandbox: &TestSandbox, query: &str) -> String {
    format!("/{}/message_templates{query}", sandbox.account.waba)
}

async fn shown(sandbox: &TestSandbox, id: &str) -> Value {
    let fields = "status,category,previous_category,correct_category,rejected_reason,quality_score,components,last_updated_time,health_status";
    sandbox.get(&format!("/{id}?fields={fields}")).await.expect_status(200)
}

#[tokio::test]
async fn the_result_of_a_review_can_be_ordered() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("reviews", &json!({ "status": "PENDING" })).await;
    let made = sandbox.post(&path(&sandbox, ""), &plain("first", "UTILITY")).await.expect_status(200);
    assert_eq!((&made["status"], &made["category"]), (&json!("PENDING"), &json!("UTILITY")));
    let message = template_message(TO, "first", &json!([]));
    sandbox.message(&message).await.expect_refusal(404, (132_001, None), "does not exist in en");

    sandbox.order("reviews", &json!({ "status": "REJECTED", "reason": "SCAM" })).await;
    let rejected = sandbox.post(&path(&sandbox, ""), &plain("second", "UTILITY")).await.expect_status(200);
    assert_eq!(rejected["status"], "REJECTED");
    let change = sandbox.change(STATUS).await;
    assert_eq!(
        (&change["event"], &change["reason"]),
        (&json!("REJECTED"), &json!("SCAM")),
        "nothing is reported about the first"
    );
    assert!(
        change["rejection_info"]["reason"].is_string()
            && change["rejection_info"]["recommendation"].is_string()
    );
    let seen = shown(&sandbox, rejected["id"].as_str().expect("an id")).await;
    assert_eq!(
        (&seen["rejected_reason"], &seen["health_status"]["can_send_message"]),
        (&json!("SCAM"), &json!("BLOCKED"))
    );

    let order = json!({ "name": "first", "language": "en", "status": "APPROVED" });
    let ordered = sandbox.order("templates", &order).await;
    assert_eq!((&ordered["id"], &ordered["told"]), (&made["id"], &json!(true)));
    sandbox.message(&message).await.wamid();
    sandbox.caller.order("reviews", r#"{"status":"LOVED"}"#).await.expect_status(400);
}

#[tokio::test]
async fn an_edit_replaces_components_and_is_reported() {
    let sandbox = TestSandbox::start().await;
    let id = sandbox.caller.create(&sandbox.account, &plain("first", "UTILITY")).await;
    let components = json!([
        { "type": "HEADER", "format": "TEXT", "text": "Update" },
        { "type": "BODY", "text": "Your order has arrived." },
        { "type": "FOOTER", "text": "Bye" },
        { "type": "BUTTONS", "buttons": [
            { "type": "URL", "text": "Look", "url": "https://example.org" },
            { "type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550100000" },
        ]},
    ]);
    let edited = sandbox.post(&format!("/{id}"), &json!({ "components": components })).await;
    assert_eq!(edited.expect_status(200), json!({ "success": true }));
    let change = sandbox.change("message_template_components_update").await;
    assert_eq!(change["message_template_id"].as_u64().map(|id| id.to_string()), Some(id.clone()));
    assert_eq!(change["message_template_title"], "Update");
    assert_eq!(change["message_template_element"], "Your order has arrived.");
    assert_eq!(change["message_template_footer"], "Bye");
    assert_eq!(
        change["message_template_buttons"],
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
    assert_eq!(shown(&sandbox, &id).await["components"], components);
    sandbox.receiver.wait_until("the review", |receiver| receiver.changes(STATUS).len() == 2).await;

    let again = sandbox.post(&format!("/{id}"), &json!({ "components": components })).await;
    again.expect_refusal(400, (100, Some(2_388_039)), "Invalid parameter");
}

#[tokio::test]
async fn an_edit_obeys_the_rules_and_the_state() {
    let sandbox = TestSandbox::start().await;
    let id = sandbox.caller.create(&sandbox.account, &plain("first", "UTILITY")).await;
    let path = format!("/{id}");
    let body = |text: &str| json!({ "components": [{ "type": "BODY", "text": text }] });
    sandbox.post(&path, &body("")).await.expect_refusal(400, (100, Some(2_388_072)), "Invalid parameter");
    sandbox.post(&path, &json!({})).await.expect_refusal(400, (100, None), "components");
    let moved = json!({ "category": "MARKETING" });
    sandbox.post(&path, &moved).await.expect_refusal(400, (100, Some(2_388_039)), "Invalid parameter");
    for state in ["DISABLED", "PENDING", "IN_APPEAL", "ARCHIVED"] {
        sandbox.order("templates", &json!({ "id": id, "status": state })).await;
        let refused = sandbox.post(&path, &body("It is here.")).await;
        refused.expect_refusal(400, (100, Some(2_388_039)), "Invalid parameter");
    }
    sandbox.order("templates", &json!({ "id": id, "status": "REJECTED", "reason": "PROMOTIONAL" })).await;
    sandbox.post(&path, &moved).await.expect_status(200);
    let seen = shown(&sandbox, &id).await;
    assert_eq!(
        (&seen["status"], &seen["category"]),
        (&json!("APPROVED"), &json!("MARKETING")),
        "reviewed again"
    );
    assert_eq!(seen["previous_category"], "UTILITY");
    sandbox.post("/1234567890123456", &moved).await.expect_refusal(400, (100, Some(33)), "does not exist");
    let other = sandbox.caller.connect("another code").await;
    sandbox.caller.post(&other.token, &path, &moved).await.expect_refusal(
        400,
        (100, Some(33)),
        "does not exist",
    );
}

#[tokio::test]
async fn an_unpaused_template_is_reported() {
    let sandbox = TestSandbox::start().await;
    let id = sandbox.caller.create(&sandbox.account, &plain("first", "UTILITY")).await;
    let path = format!("/{id}/unpause");
    sandbox.post(&path, &json!({})).await.expect_refusal(400, (100, None), "paused");
    sandbox.order("templates", &json!({ "id": id, "status": "PAUSED", "title": "SECOND_PAUSE" })).await;
    let message = template_message(TO, "first", &json!([]));
    sandbox.message(&message).await.expect_refusal(400, (132_015, None), "Template is paused");
    assert_eq!(sandbox.post(&path, &json!({})).await.expect_status(200), json!({ "success": true }));
    sandbox.message(&message).await.wamid();
    sandbox.receiver.wait_until("all three", |receiver| receiver.changes(STATUS).len() == 3).await;
    let changes = sandbox.receiver.changes(STATUS);
    let title = |event: &str, title: &str| {
        changes.iter().any(|entry| entry["event"] == event && entry["other_info"]["title"] == title)
    };
    assert!(title("PAUSED", "SECOND_PAUSE") && title("APPROVED", "UNPAUSE"), "{changes:#?}");
    sandbox.order("templates", &json!({ "id": id, "status": "DISABLED" })).await;
    sandbox.message(&message).await.expect_refusal(400, (132_016, None), "Template is disabled");
    sandbox.receiver.wait_until("the end", |receiver| receiver.changes(STATUS).len() == 4).await;
    let last = sandbox.receiver.changes(STATUS).into_iter().find(|entry| entry["event"] == "DISABLED");
    let last = last.expect("the status is reported");
    assert!(
        last["disable_info"]["disable_date"].is_u64() && last["other_info"]["title"] == "DISABLED",
        "{last}"
    );
}

#[tokio::test]
async fn a_score_and_a_category_are_changed_by_order() {
    let sandbox = TestSandbox::start().await;
    let id = sandbox.caller.create(&sandbox.account, &plain("first", "UTILITY")).await;
    sandbox.order("templates", &json!({ "id": id, "quality": "YELLOW" })).await;
    let change = sandbox.change("message_template_quality_update").await;
    assert_eq!(
        (&change["previous_quality_score"], &change["new_quality_score"]),
        (&json!("UNKNOWN"), &json!("YELLOW"))
    );
    assert_eq!(
        (&change["message_template_name"], &change["message_template_language"]),
        (&json!("first"), &json!("en"))
    );
    assert!(change["message_template_id"].is_u64() && change["entry_time"].is_u64());
    let seen = shown(&sandbox, &id).await;
    assert_eq!(seen["quality_score"]["score"], "YELLOW");
    assert!(seen["quality_score"]["date"].is_u64() && seen["last_updated_time"].is_u64());

    sandbox.order("templates", &json!({ "id": id, "correctCategory": "MARKETING" })).await;
    let field = "template_category_update";
    let change = sandbox.change(field).await;
    assert_eq!(
        (&change["new_category"], &change["correct_category"]),
        (&json!("UTILITY"), &json!("MARKETING"))
    );
    assert!(change["category_update_timestamp"].as_u64() > change["entry_time"].as_u64());
    assert_eq!(shown(&sandbox, &id).await["correct_category"], "MARKETING");

    sandbox.order("templates", &json!({ "id": id, "category": "MARKETING" })).await;
    sandbox.receiver.wait_until("the change", |receiver| receiver.changes(field).len() == 2).await;
    let change = sandbox.receiver.changes(field).remove(1);
    assert_eq!(
        (&change["previous_category"], &change["new_category"]),
        (&json!("UTILITY"), &json!("MARKETING"))
    );
    let seen = shown(&sandbox, &id).await;
    assert_eq!((&seen["category"], &seen["previous_category"]), (&json!("MARKETING"), &json!("UTILITY")));
    let wamid = sandbox.message(&template_message(TO, "first", &json!([]))).await.wamid();
    sandbox.receiver.wait_for_statuses(&wamid, 3).await;
    assert_eq!(sandbox.receiver.statuses()[0].raw["pricing"]["category"], "marketing");
    for order in [
        json!({ "id": id, "category": "marketing" }),
        json!({ "name": "first", "status": "PAUSED" }),
        json!({ "id": id, "quality": "BLUE" }),
        json!({ "id": id, "status": "PAUSED", "copies": 0 }),
    ] {
        sandbox.caller.order("templates", &order.to_string()).await.expect_status(400);
    }
}

#[tokio::test]
async fn components_changed_by_meta_are_reported_as_often_as_ordered() {
    let sandbox = TestSandbox::start().await;
    let id = sandbox.caller.create(&sandbox.account, &plain("first", "UTILITY")).await;
    let components = json!([{ "type": "BODY", "text": "Your order is nearly there." }]);
    sandbox.order("templates", &json!({ "id": id, "components": components, "copies": 2 })).await;
    let field = "message_template_components_update";
    sandbox.receiver.wait_until("both", |receiver| receiver.changes(field).len() == 2).await;
    assert_eq!(sandbox.receiver.changes(field)[1]["message_template_element"], "Your order is nearly there.");
    assert_eq!(shown(&sandbox, &id).await["components"], components);
}

#[tokio::test]
async fn a_deleted_name_is_locked_if_the_template_could_have_been_sent() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("first", "UTILITY")).await;
    let token = &sandbox.account.token;
    sandbox.caller.delete(token, &path(&sandbox, "?name=first")).await.expect_status(200);
    sandbox.receiver.wait_until("the end", |receiver| receiver.changes(STATUS).len() == 2).await;
    assert!(sandbox.receiver.changes(STATUS).iter().any(|entry| entry["event"] == "DELETED"));
    let again = sandbox.post(&path(&sandbox, ""), &plain("first", "UTILITY")).await;
    again.expect_refusal(400, (100, Some(2_388_023)), "Invalid parameter");
    let mut german = plain("first", "UTILITY");
    german["language"] = json!("de");
    sandbox.caller.create(&sandbox.account, &german).await;

    sandbox.order("reviews", &json!({ "status": "REJECTED", "reason": "SCAM" })).await;
    sandbox.post(&path(&sandbox, ""), &plain("second", "UTILITY")).await.expect_status(200);
    sandbox.caller.delete(token, &path(&sandbox, "?name=second")).await.expect_status(200);
    sandbox.post(&path(&sandbox, ""), &plain("second", "UTILITY")).await.expect_status(200);
}

#[tokio::test]
async fn templates_are_deleted_by_a_list_of_ids_unless_one_is_disabled() {
    let sandbox = TestSandbox::start().await;
    let token = &sandbox.account.token;
    let mut ids = Vec::new();
    for name in ["first", "second", "third"] {
        ids.push(sandbox.caller.create(&sandbox.account, &plain(name, "UTILITY")).await);
    }
    sandbox.order("templates", &json!({ "id": ids[2], "status": "DISABLED" })).await;
    let list = |ids: &[String]| path(&sandbox, &format!("?hsm_ids=[{}]", ids.join(",")));
    let all = sandbox.caller.delete(token, &list(&ids)).await;
    all.expect_refusal(400, (100, None), "Invalid parameter");
    sandbox.caller.delete(token, &list(&ids[..2])).await.expect_status(200);
    let gone = sandbox.caller.delete(token, &list(&ids[..1])).await;
    gone.expect_refusal(400, (100, Some(2_593_002)), "Invalid parameter");
    for wrong in ["?hsm_ids=nonsense", "?hsm_ids=[]"] {
        sandbox.caller.delete(token, &path(&sandbox, wrong)).await.expect_refusal(
            400,
            (100, None),
            "hsm_ids",
        );
    }
    let left = sandbox.get(&path(&sandbox, "?fields=name")).await.expect_status(200);
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn one_call_makes_an_authentication_template_in_several_languages() {
    let sandbox = TestSandbox::start().await;
    let button = json!({ "type": "OTP", "otp_type": "COPY_CODE" });
    let mut body = code_template("code", &button);
    body.as_object_mut().expect("an object").remove("language");
    let upsert = format!("/{}/upsert_message_templates", sandbox.account.waba);
    sandbox.post(&upsert, &body).await.expect_refusal(400, (100, None), "languages");
    body["languages"] = json!(["en_US", "es_ES", "fr"]);
    let made = sandbox.post(&upsert, &body).await.expect_status(200);
    let made = made["data"].as_array().expect("a list").clone();
    let languages: Vec<&str> = made.iter().filter_map(|entry| entry["language"].as_str()).collect();
    assert_eq!(languages, ["en_US", "es_ES", "fr"]);
    assert!(made.iter().all(|entry| entry["status"] == "APPROVED" && entry["id"].is_string()), "{made:#?}");
    body["languages"] = json!(["fr", "de"]);
    let again = sandbox.post(&upsert, &body).await.expect_status(200);
    assert_eq!(again["data"][0]["id"], made[2]["id"], "the French one is replaced");
    let page = sandbox.get(&path(&sandbox, "?name=code")).await.expect_status(200);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(4));
    let mut marketing =
        template("sale", "MARKETING", &json!([{ "type": "BODY", "text": "Our sale is on." }]));
    marketing["languages"] = json!(["en"]);
    sandbox.post(&upsert, &marketing).await.expect_refusal(400, (100, None), "AUTHENTICATION");
}

#[tokio::test]
async fn a_list_is_filtered_by_several_statuses_and_by_content() {
    let sandbox = TestSandbox::start().await;
    for name in ["first", "second", "third"] {
        sandbox.caller.create(&sandbox.account, &plain(name, "UTILITY")).await;
    }
    sandbox.order("templates", &json!({ "name": "first", "language": "en", "status": "PAUSED" })).await;
    sandbox.order("templates", &json!({ "name": "second", "language": "en", "status": "REJECTED" })).await;
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
        let page = sandbox.get(&path(&sandbox, query)).await.expect_status(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(count), "{query}");
    }
    let bad = sandbox.get(&path(&sandbox, "?after=nonsense")).await;
    bad.expect_refusal(400, (131_059, None), "Invalid paging cursor");
}
