//! Invalid ids in paths and bodies.

use axum::http::Method;
use serde_json::json;

use super::actors::tenant_actor;
use super::raw_api::RawApi;
use crate::test_system::TestSystem;

#[tokio::test]
async fn an_invalid_id_in_a_path_is_refused_or_not_found() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    for id in [
        "1",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "%27%20OR%201%3D1--",
        "%00",
        "01890000-0000-7000-8000-00000000000%00",
        "%ff%fe",
        "%F0%9F%98%80",
        "..%2f..%2fetc%2fpasswd",
        "%2501",
        "null",
        &"7".repeat(10_000),
    ] {
        for (method, tail) in [(Method::GET, ""), (Method::POST, "/cancel")] {
            let answer = api.call(method, &format!("/messages/{id}{tail}")).bearer(&home.token).send().await;
            assert!(matches!(answer.status, 400 | 404), "{id}: {} {}", answer.status, answer.text);
        }
    }
}

#[tokio::test]
async fn an_id_is_not_case_sensitive_and_spaces_around_it_make_it_unknown() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let waiting = home.scheduled(&system, "k");
    let id = api.post("/messages/schedule").bearer(&home.token).json(&waiting).send().await.text_of("id");
    let capitals = api.get(&format!("/messages/{}", id.to_uppercase())).bearer(&home.token).send().await;
    assert_eq!(capitals.text_of("id"), id);
    for spaced in [format!("%20{id}"), format!("{id}%20"), format!("{id}%0a")] {
        let answer = api.get(&format!("/messages/{spaced}")).bearer(&home.token).send().await;
        answer.assert_refused(404, "not-found", &spaced);
    }
}

#[tokio::test]
async fn an_invalid_id_in_a_body_is_refused_by_field() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let ids = [
        json!("1"),
        json!(1),
        json!(null),
        json!(""),
        json!("' OR 1=1--"),
        json!("%00"),
        json!(" 01890000-0000-7000-8000-000000000000 "),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("x".repeat(10_000)),
        json!(["01890000-0000-7000-8000-000000000000"]),
    ];
    for path in ["/messages", "/messages/schedule"] {
        for (field, id) in
            ["templateId", "contactId"].into_iter().flat_map(|field| ids.iter().map(move |id| (field, id)))
        {
            let mut body = home.body_for(&system, path);
            body[field] = id.clone();
            let answer = api.post(path).bearer(&home.token).json(&body).send().await;
            answer.assert_invalid(field, &format!("{path} {id}"));
        }
    }
    assert!(home.messages(&api).await.is_empty());
}
