//! Management calls: the request, and how its answer is read.

use axum::http::Method;
use domain::{Category, PhoneNumberId};
use meta::CallError;
use meta::accounts::RemoteNumber;
use meta::error::ErrorClass;
use meta::templates::{
    NewTemplate, TemplateCategory, TemplateContent, TemplateOptions, TemplateQuery, TemplateState,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::server::{APP_ID, APP_SECRET, Reply, Server, token};

const WABA: &str = "102290129340398";

fn ok(body: &Value) -> Reply {
    Reply::json(200, body)
}

#[tokio::test]
async fn a_new_template_has_metas_format() {
    let created = json!({"id": 572_279_198_452_421_u64, "status": "PENDING", "category": "MARKETING"});
    let server = Server::answering([ok(&created), ok(&json!({"id": "1"}))]).await;
    let client = server.client();
    let mut new = NewTemplate {
        name: "welcome".to_owned(),
        language: "en_US".to_owned(),
        category: Category::Utility.into(),
        content: TemplateContent::of_body("Hello {{1}} and {{2}}!", &["Alice".to_owned(), "Bob".to_owned()]),
        options: TemplateOptions::default(),
    };
    let state = client.create_template(&token(), WABA, &new).await.expect("a template");
    let expected = TemplateState {
        id: "572279198452421".to_owned(),
        status: "PENDING".to_owned(),
        category: Some(Category::Marketing.into()),
    };
    assert_eq!(state, expected, "an id may be a number, and Meta may choose the category");
    new.content = TemplateContent::of_body("Hello {{1}} and {{2}}!", &[]);
    let state = client.create_template(&token(), WABA, &new).await.expect("a template");
    assert_eq!((state.status.as_str(), state.category), ("PENDING", None));
    let calls = server.calls();
    assert_eq!(
        (&calls[0].method, calls[0].path.as_str()),
        (&Method::POST, "/v26.0/102290129340398/message_templates")
    );
    let body = json!({"name": "welcome", "language": "en_US", "category": "UTILITY", "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Hello {{1}} and {{2}}!", "example": {"body_text": [["Alice", "Bob"]]}}]});
    assert_eq!(calls[0].body, body);
    assert_eq!(calls[1].body["components"], json!([{"type": "BODY", "text": "Hello {{1}} and {{2}}!"}]));
}

#[tokio::test]
async fn metas_error_is_read_in_any_status() {
    let error = json!({"error": {"message": "Invalid parameter", "code": 100, "error_subcode": 2_388_024,
        "error_user_title": "Exists already", "fbtrace_id": "A1"}});
    let server = Server::answering([Reply::json(400, &error), ok(&error)]).await;
    for _status in [400, 200] {
        let refused = server
            .client()
            .list_templates(&token(), WABA, &TemplateQuery::default())
            .await
            .expect_err("a refusal");
        let graph = refused.graph().expect("Meta's error");
        assert_eq!((graph.code, graph.class()), (100, ErrorClass::TemplateExists));
        assert_eq!(refused.to_string(), "Invalid parameter: Exists already (code 100)");
    }
}

#[tokio::test]
async fn templates_are_listed_page_by_page() {
    let first = json!({
        "data": [
            {"id": "1", "name": "a", "language": "en_US", "status": "APPROVED", "category": "UTILITY", "components": [
                {"type": "HEADER", "format": "TEXT", "text": "head"}, {"type": "body", "text": "Hi {{1}}"}, {"type": "CAROUSEL"},
            ]},
            {"id": 2, "name": "b", "language": "de", "status": "PAUSED", "category": "SOMETHING_NEW", "components": null},
        ],
        "paging": {"cursors": {"before": "x", "after": "NEXT"}, "next": "https://graph.facebook.com/v19.0/…"},
    });
    let last = json!({"data": [], "paging": {"cursors": {"before": "x", "after": "LAST"}}});
    let server = Server::answering([ok(&first), ok(&last)]).await;
    let client = server.client();
    let query = TemplateQuery::everything(None);
    let page = client.list_templates(&token(), WABA, &query).await.expect("a page");
    let read: Vec<_> =
        page.items.iter().map(|item| (item.id.as_str(), item.category.clone(), item.body())).collect();
    let unknown = TemplateCategory::Other("SOMETHING_NEW".to_owned());
    assert_eq!(read, [("1", Some(Category::Utility.into()), Some("Hi {{1}}")), ("2", Some(unknown), None)]);
    assert_eq!(page.next(), Some("NEXT"));
    let query = TemplateQuery::everything(page.next());
    let page = client.list_templates(&token(), WABA, &query).await.expect("a page");
    assert_eq!(
        (page.next(), page.last_cursor.as_deref()),
        (None, Some("LAST")),
        "a last page has a cursor all the same"
    );
    let calls = server.calls();
    assert_eq!(calls[0].query.get("after"), None);
    assert_eq!(calls[1].query.get("after").map(String::as_str), Some("NEXT"));
    assert_eq!(calls[1].query.get("limit").map(String::as_str), Some("100"));
}

#[tokio::test]
async fn a_code_is_exchanged_and_a_token_is_inspected() {
    let token = json!({"access_token": "EAAtoken", "token_type": "bearer", "expires_in": 5_183_944});
    let debugged = json!({"data": {"app_id": APP_ID, "is_valid": true, "granular_scopes": [
        {"scope": "whatsapp_business_messaging", "target_ids": ["9"]},
        {"scope": "whatsapp_business_management", "target_ids": ["2", 1]},
    ]}});
    let everything = json!({"data": {"app_id": 5, "is_valid": true,
        "granular_scopes": [{"scope": "whatsapp_business_management"}]}});
    let dead =
        json!({"data": {"is_valid": false, "error": {"code": 190, "message": "expired"}, "scopes": []}});
    let server = Server::answering([ok(&token), ok(&debugged), ok(&everything), ok(&dead)]).await;
    let client = server.client();
    let token = client.exchange_code("the-code").await.expect("a token");
    assert_eq!((token.access_token.expose_secret(), token.expires_in), ("EAAtoken", Some(5_183_944)));
    assert!(!format!("{token:?}").contains("EAAtoken"));
    let info = client.debug_token(&"EAAtoken".into()).await.expect("what it opens");
    assert_eq!(
        (info.app_id.as_str(), info.is_valid, info.waba_ids),
        (APP_ID, true, vec!["2".to_owned(), "1".to_owned()])
    );
    let info = client.debug_token(&"EAAtoken".into()).await.expect("what it opens");
    assert_eq!((info.app_id.as_str(), info.is_valid, info.waba_ids), ("5", true, vec![]));
    let info = client.debug_token(&"EAAtoken".into()).await.expect("what it opens");
    assert_eq!((info.app_id.as_str(), info.is_valid), ("", false));
    let calls = server.calls();
    let query = |call: usize, key: &str| calls[call].query.get(key).cloned().unwrap_or_default();
    assert_eq!((calls[0].path.as_str(), calls[0].bearer.as_deref()), ("/v26.0/oauth/access_token", None));
    let credentials = (query(0, "client_id"), query(0, "client_secret"), query(0, "code"));
    assert_eq!(credentials, (APP_ID.to_owned(), APP_SECRET.to_owned(), "the-code".to_owned()));
    assert_eq!(
        (calls[1].path.as_str(), query(1, "input_token").as_str()),
        ("/v26.0/debug_token", "EAAtoken")
    );
    assert_eq!(calls[1].bearer, Some(format!("{APP_ID}|{APP_SECRET}")));
}

#[tokio::test]
async fn all_numbers_of_an_account_are_listed_with_their_throughput() {
    let first = json!({
        "data": [
            {"id": 1_906_385_232_743_451_u64, "display_phone_number": "+1 631-555-5555", "verified_name": "Jasper's",
                "throughput": {"level": "STANDARD"}},
            {"id": "2", "display_phone_number": "2", "throughput": {"level": "HIGH"}, "is_on_biz_app": false},
        ],
        "paging": {"cursors": {"after": "NEXT"}, "next": "https://…"},
    });
    let last = json!({"data": [
        {"id": "3", "display_phone_number": "3", "throughput": {"level": "HIGH"}, "is_on_biz_app": true},
        {"id": "4", "display_phone_number": "4"},
    ]});
    let server = Server::answering([ok(&first), ok(&last)]).await;
    let numbers = server.client().phone_numbers(&token(), WABA).await.expect("numbers");
    let expected = RemoteNumber {
        id: "1906385232743451".to_owned(),
        display_phone_number: Some("+1 631-555-5555".to_owned()),
        verified_name: Some("Jasper's".to_owned()),
        throughput_level: Some("STANDARD".to_owned()),
        ..RemoteNumber::default()
    };
    assert_eq!(numbers[0], expected);
    let paces: Vec<i32> = numbers.iter().map(RemoteNumber::messages_per_second).collect();
    assert_eq!(paces, [80, 1_000, 20, 80]);
    assert_eq!(server.calls()[1].query.get("after").map(String::as_str), Some("NEXT"));
}

#[tokio::test]
async fn a_call_is_done_only_when_meta_answers_success() {
    let answers = [json!({"success": true}), json!({"success": true}), json!({"success": false}), json!([])];
    let server = Server::answering(answers.iter().map(ok)).await;
    let (client, number) = (server.client(), PhoneNumberId("77".to_owned()));
    client.subscribe_app(&token(), WABA).await.expect("subscribed");
    client.register(&token(), &number, "123456").await.expect("registered");
    assert!(matches!(client.subscribe_app(&token(), WABA).await, Err(CallError::NotDone)));
    assert!(matches!(client.subscribe_app(&token(), WABA).await, Err(CallError::Unreadable(_))));
    let calls = server.calls();
    assert_eq!(
        (calls[0].path.as_str(), &calls[0].body),
        ("/v26.0/102290129340398/subscribed_apps", &Value::Null)
    );
    assert_eq!(calls[1].path, "/v26.0/77/register");
    assert_eq!(calls[1].body, json!({"messaging_product": "whatsapp", "pin": "123456"}));
}

#[tokio::test]
async fn an_unreadable_answer_is_not_a_success() {
    let large = format!(r#"{{"success":true,"padding":"{}"}}"#, "x".repeat(2 << 20));
    let replies = [
        Reply::new(502, "<html>"),
        Reply::new(302, "").with("location", "http://127.0.0.1:9/"),
        Reply::new(200, large),
        Reply::new(200, r#"{"access_token": ["EAAsecret"]}"#),
    ];
    let server = Server::answering(replies).await;
    let client = server.client();
    assert!(matches!(client.subscribe_app(&token(), WABA).await, Err(CallError::Status(502))));
    assert!(matches!(client.subscribe_app(&token(), WABA).await, Err(CallError::Status(302))));
    assert!(matches!(client.subscribe_app(&token(), WABA).await, Err(CallError::TooLarge)));
    let unreadable = client.exchange_code("code").await.expect_err("no token");
    assert_eq!(unreadable.to_string(), "Meta's answer cannot be read at access_token");
    assert!(!format!("{unreadable:?}").contains("EAAsecret"));
}
