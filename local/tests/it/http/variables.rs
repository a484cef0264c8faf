//! Variables of templates, and their values.

use serde_json::json;

use super::actors::tenant_actor;
use super::raw_api::RawApi;
use crate::test_system::TestSystem;

#[tokio::test]
async fn a_template_that_meta_would_refuse_is_refused_by_field() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let many = (1..=999).fold(String::new(), |text, number| text + &format!("{{{{{number}}}}}"));
    let names: Vec<String> = (1..=999).map(|number| format!("n{number}")).collect();
    for (field, content, variables) in [
        ("content", &*many, json!(names)),
        ("content", "", json!([])),
        ("content", &"x".repeat(1_025), json!([])),
        ("content", "Hello {{1}} and {{3}}!", json!(["a", "b"])),
        ("content", "Hello {{name}}!", json!(["name"])),
        ("content", "Hello {{1", json!(["name"])),
        ("content", "Hello {{-1}} {{18446744073709551616}}", json!(["a", "b"])),
        ("variables", "Hello {{1}}, welcome!", json!([])),
        ("variables", "Hello {{1}}, welcome!", json!(["a", "b"])),
        ("variables", "Hello {{1}}, welcome!", json!([""])),
        ("variables", "Hello {{1}}, welcome!", json!(["x".repeat(61)])),
        ("variables", "Hello {{1}}, welcome!", json!(["a\nb"])),
    ] {
        let body = json!({ "name": "odd", "content": content, "variables": variables });
        let answer = api.post("/templates").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid(field, content);
    }
    for (field, value) in [
        ("name", json!("Welcome")),
        ("name", json!("a b")),
        ("name", json!("x".repeat(513))),
        ("language", json!("en-US")),
        ("language", json!("")),
        ("category", json!("SPAM")),
        ("category", json!(1)),
    ] {
        let mut body = json!({ "name": "odd", "content": "Hello!" });
        body[field] = value;
        let answer = api.post("/templates").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid(field, &body.to_string());
    }
    let listed = api.get("/templates").bearer(&home.token).send().await;
    assert_eq!(listed.success()["data"].as_array().unwrap().len(), 1, "no draft is left behind");
}

#[tokio::test]
async fn a_value_that_meta_would_refuse_is_refused_by_field_and_any_other_is_sent_unchanged() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    for (field, variables) in [
        ("variables.name", json!({ "name": "two\nlines" })),
        ("variables.name", json!({ "name": "a\ttab" })),
        ("variables.name", json!({ "name": "x".repeat(4_096) })),
        ("variables.name", json!({ "name": "" })),
        ("variables.name", json!({ "name": "  " })),
        ("variables.name", json!({ "name": "a     b" })),
        ("variables.name", json!({ "name": "\u{200b}" })),
        ("variables.name", json!({ "name": "\u{3164}\u{feff}" })),
        ("variables.name", json!({ "name": "line\u{2028}break" })),
        ("variables.name", json!({ "name": "x".repeat(1_024) })),
        ("variables.name", json!({ "name": 1 })),
        ("variables.name", json!({ "name": null })),
        ("variables.other", json!({ "name": "Bea", "other": "x" })),
        ("variables.", json!({ "": "x" })),
    ] {
        let mut body = home.message();
        body["variables"] = variables.clone();
        let answer = api.post("/messages").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid(field, &variables.to_string());
    }
    assert!(home.messages(&api).await.is_empty());
    for value in ["{{1}}", "{{2}} $1 %s \\", "\u{1f600}\u{202e}", "' OR 1=1--", "a    b"] {
        let mut body = home.message();
        body["variables"] = json!({ "name": value });
        assert_eq!(api.post("/messages").bearer(&home.token).json(&body).send().await.status, 201, "{value}");
    }
}

#[tokio::test]
async fn every_wrong_field_of_a_message_is_named() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    for (body, fields) in [
        (json!({ "templateId": unknown, "contactId": unknown }), vec!["templateId", "contactId"]),
        (
            json!({ "templateId": home.template, "contactId": unknown, "variables": { "a": "1", "b": "2" } }),
            vec!["contactId", "variables.a", "variables.b"],
        ),
        (
            json!({ "templateId": home.template, "contactId": home.contact,
                    "variables": { "name": "two\nlines", "other": "x" } }),
            vec!["variables.other", "variables.name"],
        ),
    ] {
        let answer = api.post("/messages").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid(fields[0], &body.to_string());
        let errors = answer.body["errors"].as_array().unwrap();
        let named: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(named, fields, "{body}");
    }
}
