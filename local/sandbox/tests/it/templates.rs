//! Templates: approved at once, change, listed in pages, refused by Meta's rules, deleted, and changed by an order.

use serde_json::{Value, json};

use crate::support::{TestSandbox, caller::text_to};

fn plain(name: &str, language: &str) -> Value {
    json!({
        "name": name, "language": language, "category": "utility",
        "components": [{ "type": "body", "text": "Your order is on its way." }],
    })
}

fn path(sandbox: &TestSandbox, query: &str) -> String {
    format!("/{}/message_templates{query}", sandbox.account.waba)
}

fn names(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().expect("a page has data");
    data.iter().filter_map(|template| template["name"].as_str()).collect()
}

#[tokio::test]
async fn a_new_template_is_approved_and_reported() {
    let sandbox = TestSandbox::start().await;
    let id = sandbox.caller.create(&sandbox.account, &plain("on_its_way", "en_US")).await;
    let field = "message_template_status_update";
    sandbox.receiver.wait_until("the update", |receiver| !receiver.changes(field).is_empty()).await;
    let change = sandbox.receiver.changes(field).remove(0);
    assert!(change["entry_time"].is_u64());
    assert_eq!(change["entry_id"], sandbox.account.waba);
    assert_eq!(change["message_template_id"].as_u64().map(|id| id.to_string()), Some(id.clone()));
    assert_eq!((&change["event"], &change["reason"]), (&json!("APPROVED"), &json!("NONE")));
    assert_eq!(change["message_template_name"], "on_its_way");
    assert_eq!(change["message_template_language"], "en-US", "with a hyphen, unlike in Graph");
    let shown = sandbox.caller.get(&sandbox.account.token, &format!("/{id}")).await.expect_status(200);
    assert_eq!((&shown["language"], &shown["category"]), (&json!("en_US"), &json!("UTILITY")));
    assert_eq!(shown["components"][0]["type"], "BODY");
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let sandbox = TestSandbox::start().await;
    let made: Vec<String> = (1..=7).map(|number| format!("template_{number}")).collect();
    for name in &made {
        sandbox.caller.create(&sandbox.account, &plain(name, "en")).await;
    }
    let mut walked = Vec::new();
    let mut pages = Vec::new();
    let mut next = path(&sandbox, "?limit=3&fields=name,status");
    loop {
        let page = sandbox.caller.get(&sandbox.account.token, &next).await.expect_status(200);
        walked.extend(names(&page).into_iter().map(str::to_owned));
        let url = page["paging"]["next"].as_str().map(str::to_owned);
        pages.push(page);
        let Some(url) = url else { break };
        let start = format!("{}/v26.0", sandbox.caller.base);
        next = url.strip_prefix(&start).expect("the next page has the sandbox's URL").to_owned();
    }
    let newest_first: Vec<String> = made.iter().rev().cloned().collect();
    assert_eq!(walked, newest_first);
    assert_eq!(pages.len(), 3);
    assert_eq!(pages[0]["data"][0].as_object().map(serde_json::Map::len), Some(3), "name, status and the id");
    let back = pages[2]["paging"]["cursors"]["before"].as_str().expect("a page has cursors");
    let page = sandbox
        .caller
        .get(&sandbox.account.token, &path(&sandbox, &format!("?limit=3&fields=name,status&before={back}")))
        .await;
    assert_eq!(page.expect_status(200)["data"], pages[1]["data"]);
    let bad = sandbox.caller.get(&sandbox.account.token, &path(&sandbox, "?after=nonsense")).await;
    assert_eq!(bad.expect_error(400), 131_059);
    assert_eq!(
        sandbox.caller.get(&sandbox.account.token, &path(&sandbox, "?limit=0")).await.expect_error(400),
        100
    );
}

#[tokio::test]
async fn a_list_is_filtered_by_name_language_category_and_status() {
    let sandbox = TestSandbox::start().await;
    for (name, language) in [("first", "en"), ("first", "de"), ("second", "en")] {
        sandbox.caller.create(&sandbox.account, &plain(name, language)).await;
    }
    for (query, expected) in [
        ("?name=first", vec!["first", "first"]),
        ("?name=first&language=de", vec!["first"]),
        ("?language=en", vec!["second", "first"]),
        ("?category=MARKETING", vec![]),
        ("?status=APPROVED", vec!["second", "first", "first"]),
        ("?status=REJECTED", vec![]),
    ] {
        let page =
            sandbox.caller.get(&sandbox.account.token, &path(&sandbox, query)).await.expect_status(200);
        assert_eq!(names(&page), expected, "{query}");
    }
    let other = sandbox.caller.connect("another code").await;
    let theirs = format!("/{}/message_templates", other.waba);
    let page = sandbox.caller.get(&other.token, &theirs).await.expect_status(200);
    assert_eq!(names(&page), Vec::<&str>::new(), "each account has its own templates");
}

#[tokio::test]
async fn a_name_can_be_used_once_per_language() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("on_its_way", "en")).await;
    sandbox.caller.create(&sandbox.account, &plain("on_its_way", "de")).await;
    let again =
        sandbox.caller.post(&sandbox.account.token, &path(&sandbox, ""), &plain("on_its_way", "en")).await;
    assert_eq!((again.expect_error(400), &again.body["error"]["error_subcode"]), (100, &json!(2_388_024)));
    assert!(again.body["error"]["error_user_msg"].is_string());
}

#[tokio::test]
async fn templates_are_refused_by_the_rule_they_break() {
    let sandbox = TestSandbox::start().await;
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
        let reply = sandbox.caller.post(&sandbox.account.token, &path(&sandbox, ""), &template).await;
        assert_eq!(reply.expect_error(400), 100, "{template}");
        assert_eq!(reply.body["error"]["error_subcode"].as_i64(), subcode, "{template}: {}", reply.text);
    }
    let page = sandbox.caller.get(&sandbox.account.token, &path(&sandbox, "")).await.expect_status(200);
    assert_eq!(page["data"], json!([]));
}

#[tokio::test]
async fn templates_are_deleted_by_name_or_by_one_id() {
    let sandbox = TestSandbox::start().await;
    let token = &sandbox.account.token;
    let english = sandbox.caller.create(&sandbox.account, &plain("first", "en")).await;
    sandbox.caller.create(&sandbox.account, &plain("first", "de")).await;
    sandbox.caller.create(&sandbox.account, &plain("second", "en")).await;
    let one = path(&sandbox, &format!("?name=first&hsm_id={english}"));
    assert_eq!(sandbox.caller.delete(token, &one).await.expect_status(200), json!({ "success": true }));
    assert_eq!(sandbox.caller.get(token, &format!("/{english}")).await.expect_error(400), 100);
    let left = sandbox.caller.get(token, &path(&sandbox, "")).await.expect_status(200);
    assert_eq!(names(&left), ["second", "first"]);
    sandbox.caller.delete(token, &path(&sandbox, "?name=first")).await.expect_status(200);
    let left = sandbox.caller.get(token, &path(&sandbox, "")).await.expect_status(200);
    assert_eq!(names(&left), ["second"]);
    assert_eq!(sandbox.caller.delete(token, &path(&sandbox, "?name=first")).await.expect_error(400), 100);
    assert_eq!(sandbox.caller.delete(token, &path(&sandbox, "")).await.expect_error(400), 100);
}

#[tokio::test]
async fn an_ordered_status_of_a_template_is_reported_and_decides_whether_it_can_be_sent() {
    let sandbox = TestSandbox::start().await;
    let id = sandbox.caller.create(&sandbox.account, &plain("first", "en")).await;
    let mut message = text_to("+15550000001", "attempt");
    message["type"] = json!("template");
    message["template"] = json!({ "name": "first", "language": { "code": "en" } });
    let field = "message_template_status_update";
    for (index, (state, status, code)) in [
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
        let ordered = sandbox.caller.order("templates", &order).await.expect_status(200);
        assert_eq!(ordered, json!({ "id": id, "status": state, "told": true }));
        sandbox
            .receiver
            .wait_until("the update", |receiver| receiver.changes(field).len() == index + 2)
            .await;
        let change = sandbox.receiver.changes(field);
        assert!(change.iter().any(|change| change["event"] == state), "{change:?}");
        let shown = sandbox
            .caller
            .get(&sandbox.account.token, &path(&sandbox, "?fields=status,rejected_reason"))
            .await;
        let shown = shown.expect_status(200)["data"][0].clone();
        assert_eq!(shown["status"], state);
        assert_eq!(shown["rejected_reason"], if state == "REJECTED" { "PROMOTIONAL" } else { "NONE" });
        let reply = sandbox.caller.message(&sandbox.account, &message).await;
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
        sandbox.caller.order("templates", &order.to_string()).await.expect_status(status);
    }
}
