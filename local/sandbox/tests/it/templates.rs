//! Templates: approved at once, told, listed in pages, refused by Meta's rules, deleted, and changed by an order.

use serde_json::{Value, json};

use crate::support::{Stage, caller::text_to};

fn plain(name: &str, language: &str) -> Value {
    json!({
        "name": name, "language": language, "category": "utility",
        "components": [{ "type": "body", "text": "Your order is on its way." }],
    })
}

fn path(stage: &Stage, query: &str) -> String {
    format!("/{}/message_templates{query}", stage.account.waba)
}

fn names(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().expect("a page has data");
    data.iter().filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test]
async fn a_new_template_is_approved_and_told() {
    let stage = Stage::open().await;
    let id = stage.caller.create(&stage.account, &plain("on_its_way", "en_US")).await;
    let field = "message_template_status_update";
    stage.receiver.until("the update", |receiver| !receiver.changes(field).is_empty()).await;
    let told = stage.receiver.changes(field).remove(0);
    assert!(told["entry_time"].is_u64());
    assert_eq!(told["entry_id"], stage.account.waba);
    assert_eq!(told["message_template_id"].as_u64().map(|id| id.to_string()), Some(id.clone()));
    assert_eq!((&told["event"], &told["reason"]), (&json!("APPROVED"), &json!("NONE")));
    assert_eq!(told["message_template_name"], "on_its_way");
    assert_eq!(told["message_template_language"], "en-US", "with a hyphen, unlike in Graph");
    let shown = stage.caller.get(&stage.account.token, &format!("/{id}")).await.expect_status(200);
    assert_eq!((&shown["language"], &shown["category"]), (&json!("en_US"), &json!("UTILITY")));
    assert_eq!(shown["components"][0]["type"], "BODY");
}

#[tokio::test]
async fn a_list_is_walked_page_by_page() {
    let stage = Stage::open().await;
    let made: Vec<String> = (1..=7).map(|place| format!("template_{place}")).collect();
    for name in &made {
        stage.caller.create(&stage.account, &plain(name, "en")).await;
    }
    let mut walked = Vec::new();
    let mut pages = Vec::new();
    let mut next = path(&stage, "?limit=3&fields=name,status");
    loop {
        let page = stage.caller.get(&stage.account.token, &next).await.expect_status(200);
        walked.extend(names(&page).into_iter().map(str::to_owned));
        let url = page["paging"]["next"].as_str().map(str::to_owned);
        pages.push(page);
        let Some(url) = url else { break };
        let start = format!("{}/v26.0", stage.caller.base);
        next = url.strip_prefix(&start).expect("the next page is at the sandbox").to_owned();
    }
    let newest_first: Vec<String> = made.iter().rev().cloned().collect();
    assert_eq!(walked, newest_first);
    assert_eq!(pages.len(), 3);
    assert_eq!(pages[0]["data"][0].as_object().map(serde_json::Map::len), Some(3), "name, status and the id");
    let back = pages[2]["paging"]["cursors"]["before"].as_str().expect("a page has cursors");
    let page = stage
        .caller
        .get(&stage.account.token, &path(&stage, &format!("?limit=3&fields=name,status&before={back}")))
        .await;
    assert_eq!(page.expect_status(200)["data"], pages[1]["data"]);
    let bad = stage.caller.get(&stage.account.token, &path(&stage, "?after=nonsense")).await;
    assert_eq!(bad.expect_error(400), 131_059);
    assert_eq!(
        stage.caller.get(&stage.account.token, &path(&stage, "?limit=0")).await.expect_error(400),
        100
    );
}

#[tokio::test]
async fn a_list_is_narrowed_by_name_language_category_and_status() {
    let stage = Stage::open().await;
    for (name, language) in [("first", "en"), ("first", "de"), ("second", "en")] {
        stage.caller.create(&stage.account, &plain(name, language)).await;
    }
    for (query, expected) in [
        ("?name=first", vec!["first", "first"]),
        ("?name=first&language=de", vec!["first"]),
        ("?language=en", vec!["second", "first"]),
        ("?category=MARKETING", vec![]),
        ("?status=APPROVED", vec!["second", "first", "first"]),
        ("?status=REJECTED", vec![]),
    ] {
        let page = stage.caller.get(&stage.account.token, &path(&stage, query)).await.expect_status(200);
        assert_eq!(names(&page), expected, "{query}");
    }
    let other = stage.caller.connect("another code").await;
    let theirs = format!("/{}/message_templates", other.waba);
    let page = stage.caller.get(&other.token, &theirs).await.expect_status(200);
    assert_eq!(names(&page), Vec::<&str>::new(), "each account has its own");
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_language() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("on_its_way", "en")).await;
    stage.caller.create(&stage.account, &plain("on_its_way", "de")).await;
    let again = stage.caller.post(&stage.account.token, &path(&stage, ""), &plain("on_its_way", "en")).await;
    assert_eq!((again.expect_error(400), &again.body["error"]["error_subcode"]), (100, &json!(2_388_024)));
    assert!(again.body["error"]["error_user_msg"].is_string());
}

#[tokio::test]
async fn templates_are_refused_by_the_rule_they_break() {
    let stage = Stage::open().await;
    let body = |text: &str, examples: Value| json!([{ "type": "BODY", "text": text, "example": { "body_text": [examples] } }]);
    let with = |key: &str, value: Value| {
        let mut template = plain("broken", "en");
        template[key] = value;
        template
    };
    let header = |header: Value| json!([header, { "type": "BODY", "text": "Your order is on its way." }]);
    let cases = [
        (with("name", json!("Not A Name")), Some(2_388_046)),
        (with("language", json!("English")), None),
        (with("category", json!("ALERT")), None),
        (with("parameter_format", json!("loose")), None),
        (with("components", json!([{ "type": "FOOTER", "text": "Bye" }])), Some(2_388_072)),
        (with("components", body("Hello {{1}} and good morning", json!([]))), Some(2_388_043)),
        (with("components", body("Hello {{2}} and good morning", json!(["a"]))), Some(2_388_072)),
        (with("components", body("{{1}}, good morning to you", json!(["a"]))), Some(2_388_299)),
        (with("components", body("Good morning to you, {{1}}", json!(["a"]))), Some(2_388_299)),
        (with("components", body("Hi {{1}} or {{2}} now", json!(["a", "b"]))), Some(2_388_293)),
        (with("components", body(&"long ".repeat(300), json!([]))), Some(2_388_040)),
        (
            with("components", header(json!({ "type": "HEADER", "format": "TEXT", "text": "" }))),
            Some(2_388_047),
        ),
        (with("components", header(json!({ "type": "HEADER", "format": "IMAGE" }))), Some(2_388_043)),
        (with("components", header(json!({ "type": "FOOTER", "text": "Bye {{1}}" }))), Some(2_388_073)),
        (with("components", header(json!({ "type": "BUTTONS", "buttons": [] }))), None),
        (with("components", header(json!({ "type": "POEM" }))), None),
    ];
    for (template, subcode) in cases {
        let reply = stage.caller.post(&stage.account.token, &path(&stage, ""), &template).await;
        assert_eq!(reply.expect_error(400), 100, "{template}");
        assert_eq!(reply.body["error"]["error_subcode"].as_i64(), subcode, "{template}: {}", reply.text);
    }
    let page = stage.caller.get(&stage.account.token, &path(&stage, "")).await.expect_status(200);
    assert_eq!(page["data"], json!([]));
}

#[tokio::test]
async fn templates_are_deleted_by_name_or_by_one_id() {
    let stage = Stage::open().await;
    let token = &stage.account.token;
    let english = stage.caller.create(&stage.account, &plain("first", "en")).await;
    stage.caller.create(&stage.account, &plain("first", "de")).await;
    stage.caller.create(&stage.account, &plain("second", "en")).await;
    let one = path(&stage, &format!("?name=first&hsm_id={english}"));
    assert_eq!(stage.caller.delete(token, &one).await.expect_status(200), json!({ "success": true }));
    assert_eq!(stage.caller.get(token, &format!("/{english}")).await.expect_error(400), 100);
    let left = stage.caller.get(token, &path(&stage, "")).await.expect_status(200);
    assert_eq!(names(&left), ["second", "first"]);
    stage.caller.delete(token, &path(&stage, "?name=first")).await.expect_status(200);
    let left = stage.caller.get(token, &path(&stage, "")).await.expect_status(200);
    assert_eq!(names(&left), ["second"]);
    assert_eq!(stage.caller.delete(token, &path(&stage, "?name=first")).await.expect_error(400), 100);
    assert_eq!(stage.caller.delete(token, &path(&stage, "")).await.expect_error(400), 100);
}

#[tokio::test]
async fn an_ordered_state_is_told_and_decides_what_can_be_sent() {
    let stage = Stage::open().await;
    let id = stage.caller.create(&stage.account, &plain("first", "en")).await;
    let mut message = text_to("+15550000001", "attempt");
    message["type"] = json!("template");
    message["template"] = json!({ "name": "first", "language": { "code": "en" } });
    let field = "message_template_status_update";
    for (place, (state, status, code)) in [
        ("PAUSED", 400, Some(132_015)),
        ("DISABLED", 400, Some(132_016)),
        ("REJECTED", 404, Some(132_001)),
        ("PENDING", 404, Some(132_001)),
        ("APPROVED", 200, None),
    ]
    .into_iter()
    .enumerate()
    {
        let order = json!({ "id": id, "status": state, "reason": "PROMOTIONAL" }).to_string();
        let ordered = stage.caller.order("templates", &order).await.expect_status(200);
        assert_eq!(ordered, json!({ "id": id, "status": state, "told": true }));
        stage.receiver.until("the update", |receiver| receiver.changes(field).len() == place + 2).await;
        let told = stage.receiver.changes(field);
        assert!(told.iter().any(|one| one["event"] == state), "{told:?}");
        let shown =
            stage.caller.get(&stage.account.token, &path(&stage, "?fields=status,rejected_reason")).await;
        let shown = shown.expect_status(200)["data"][0].clone();
        assert_eq!(shown["status"], state);
        assert_eq!(shown["rejected_reason"], if state == "REJECTED" { "PROMOTIONAL" } else { "NONE" });
        let reply = stage.caller.message(&stage.account, &message).await;
        match code {
            Some(code) => assert_eq!(reply.expect_error(status), code, "{state}"),
            None => assert_eq!(reply.status, status),
        }
    }
    for (order, status) in [
        (json!({ "id": "1", "status": "PAUSED" }), 404),
        (json!({ "id": id, "status": "paused" }), 400),
        (json!({ "id": id }), 400),
    ] {
        stage.caller.order("templates", &order.to_string()).await.expect_status(status);
    }
}
