//! The description at `/openapi.json` is complete, and `/docs` shows it without a request to another server.
//!
//! That each answer which a test saw is declared for its route is checked in `raw_api`.

use std::collections::HashMap;

use domain::limits::EVENT_BODY_BYTES_MAX;
use serde_json::Value;

use super::raw_api::RawApi;
use crate::test_system::TestSystem;

/// Routes without authentication.
const PUBLIC: [(&str, &str); 17] = [
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/auth/forgot-password"),
    ("POST", "/auth/login"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/logout-everywhere"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/register-tenant"),
    ("GET", "/auth/set-password"),
    ("POST", "/auth/set-password"),
    ("GET", "/auth/set-password.js"),
    ("POST", "/auth/stop-email-change"),
    ("GET", "/auth/verify-email"),
    ("POST", "/auth/verify-email"),
    ("GET", "/auth/verify-email.js"),
    ("GET", "/healthz"),
    ("GET", "/webhook/meta"),
    ("POST", "/webhook/meta"),
];

#[tokio::test]
async fn every_operation_says_what_it_does_and_who_may_call_it() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    for route in api.routes() {
        let name = format!("{} {}", route.method, route.path);
        let text = |member: &str| route.described[member].as_str().unwrap_or_default().trim().to_owned();
        assert!(!text("summary").is_empty(), "{name} has no summary: give its handler a doc comment");
        assert!(
            !text("description").is_empty(),
            "{name}: add a second paragraph to its handler's doc comment"
        );
        let tags = route.described["tags"].as_array().map_or(0, Vec::len);
        assert_eq!(tags, 1, "{name} has no tag: name one in its handler's #[utoipa::path]");
        let is_public = PUBLIC.contains(&(route.method.as_str(), route.path.as_str()));
        let security = route.described["security"].as_array();
        let security = security.unwrap_or_else(|| panic!("{name} does not say whether it needs a token"));
        let is_secured = security.first().is_some_and(|scheme| scheme.get("bearer").is_some());
        assert_eq!(is_secured, !is_public, "{name}: security in #[utoipa::path], or a row in PUBLIC");
        // The description and the route agree about who may call.
        let answer = api.call(route.method.clone(), &route.path.replace("{id}", "1")).send().await;
        assert!(
            answer.status == 401 || is_public,
            "{name} answers a call without a token with {}",
            answer.status
        );
        let responses = route.described["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} declares no success");
        for (status, response) in responses {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.trim().is_empty(), "{name} {status} has no description");
            let is_problem = response["content"].get("application/problem+json").is_some();
            assert_eq!(is_problem, status.as_str() >= "400", "{name} {status}");
        }
    }
}

/// No function compiles the others, so the one that serves the description holds it as a file.
#[test]
fn the_description_that_is_deployed_is_of_this_code() {
    let file = testkit::workspace().join("functions/admin/src/about/openapi.json");
    let is_current = std::fs::read_to_string(file).unwrap() == tidings::api::written_description().unwrap();
    assert!(is_current, "run `cargo describe`, which writes the description again");
}

#[tokio::test]
async fn the_description_is_served_completely_and_its_references_resolve() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let served = api.get("/openapi.json").send().await;
    let served = served.success();
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
    let operations: usize =
        served["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(operations, api.routes().len());
    let mut references = Vec::new();
    collect_references(served, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer =
            reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} points to another document"));
        assert!(served.pointer(pointer).is_some(), "{reference} does not resolve");
    }
}

/// Generators make one function of each, so a name that is there twice or that changes breaks clients.
#[tokio::test]
async fn every_operation_has_an_id_of_a_verb_and_a_noun_that_no_other_has() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let mut ids = HashMap::new();
    for route in api.routes() {
        let name = format!("{} {}", route.method, route.path);
        let id = route.described["operationId"].as_str().unwrap_or_default().to_owned();
        let is_camel_case = id.chars().all(|c| c.is_ascii_alphabetic())
            && id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.contains(|c: char| c.is_ascii_uppercase());
        assert!(is_camel_case, "{name} has the id {id:?}: a verb and a noun, such as listContacts");
        if let Some(other) = ids.insert(id.clone(), name.clone()) {
            panic!("{name} and {other} have the same id {id}");
        }
    }
}

#[tokio::test]
async fn every_component_is_used_and_every_tag_described() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let served = api.get("/openapi.json").send().await;
    let served = served.success();
    let mut references = Vec::new();
    collect_references(served, &mut references);
    for component in served["components"]["schemas"].as_object().unwrap().keys() {
        let reference = format!("#/components/schemas/{component}");
        assert!(references.contains(&reference), "no route uses the component {component}");
    }
    let described = served["tags"].as_array().unwrap();
    for route in api.routes() {
        let tag = &route.described["tags"][0];
        let is_described =
            described.iter().any(|known| known["name"] == *tag && known["description"].is_string());
        assert!(is_described, "{tag} of {} is not described in local/src/api.rs", route.path);
    }
    assert_eq!(served["servers"][0]["url"], "/", "the host that it is read from, on AWS as on one machine");
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_documentation_can_be_read_offline() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let moved = api.get("/docs").send().await;
    assert!((300..400).contains(&moved.status), "{moved:?}");
    let page = api.get(moved.header("location").unwrap()).send().await;
    assert_eq!(page.status, 200);
    let parts = page.text.split(['"', '\'']).filter(|part| part.starts_with("./") || part.starts_with('/'));
    let parts: Vec<String> =
        parts.map(|part| part.trim_start_matches("./").trim_start_matches('/').to_owned()).collect();
    assert!(parts.len() > 2, "the page has scripts and styles: {}", page.text);
    for part in ["name=\"viewport\"", "overflow-x: auto", "<title>Tidings API</title>"] {
        assert!(page.text.contains(part), "{part} is lost: {}", page.text);
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let start = api.get("/docs/swagger-initializer.js").send().await;
    assert!(start.text.contains("\"layout\": \"BaseLayout\""), "no field for any URL: {}", start.text);
    assert!(start.text.contains("/openapi.json"), "{}", start.text);
    assert!(start.text.contains("\"validatorUrl\": \"none\""), "no validator elsewhere: {}", start.text);
    for text in [&page.text, &start.text] {
        let outside: Vec<&str> = ["http://", "https://", "src=\"//", "href=\"//"]
            .into_iter()
            .filter(|url| text.contains(url))
            .collect();
        assert!(outside.is_empty(), "{outside:?} in {text}");
    }
    for part in parts {
        let name = part.trim_start_matches("docs/");
        let file = api.get(&format!("/docs/{name}")).send().await;
        assert_eq!(file.status, 200, "{name}");
        // In a function's answer it is Base64.
        assert!(file.text.len() * 4 / 3 < EVENT_BODY_BYTES_MAX, "{name} is more than Lambda takes back");
    }
    api.get("/docs/nothing.js").send().await.assert_refused(404, "not-found", "no file of the page");
}
