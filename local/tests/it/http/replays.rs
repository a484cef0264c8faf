//! The stored answer of an earlier call says that it is one, so that a caller can tell it from a new effect.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::actors::super_admin;
use super::idempotency_keys::Fixture;
use super::raw_api::{Answer, RawApi, Route};

const MARK: &str = "Idempotency-Replayed";

#[track_caller]
fn assert_marked(first: &Answer, again: &Answer, what: &str) {
    first.success();
    assert_eq!(first.header(MARK), None, "{what}: the first answer");
    assert_eq!((again.status, &again.text), (first.status, &first.text), "{what}");
    assert_eq!(again.header(MARK), Some("true"), "{what}: the stored answer");
}

/// What the description says of an answer to this route that is a success.
fn declared_success(route: &Route) -> &Value {
    let answers = route.described["responses"].as_object().unwrap();
    answers.iter().find_map(|(status, answer)| status.starts_with('2').then_some(answer)).unwrap()
}

fn takes_a_key(route: &Route) -> bool {
    let parameters = route.described["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key")
}

#[tokio::test]
async fn the_stored_answer_is_marked_on_every_route_that_takes_a_key_and_no_other_answer_is() {
    let fixture = Fixture::new().await;
    let api = RawApi::of(&fixture.system);
    let (mut tried, mut invited, mut user) = (BTreeSet::new(), String::new(), String::new());
    for keyed in fixture.calls() {
        let first = fixture.with_key(&keyed, "marked", &keyed.body).await;
        let again = fixture.with_key(&keyed, "marked", &keyed.body).await;
        assert_marked(&first, &again, keyed.path);
        let refused = fixture.with_key(&keyed, "marked", &keyed.other).await;
        refused.assert_refused(422, "idempotency-key-reused", keyed.path);
        assert_eq!(refused.header(MARK), None, "{}", keyed.path);
        if keyed.path == "/admin/create-tenant" {
            invited = first.text_of("tenantId");
        }
        if keyed.path == "/users" {
            user = first.text_of("id");
        }
        tried.insert(keyed.path.to_owned());
    }
    let platform = super_admin(&api).await;
    for (route, id, token) in [
        ("/admin/tenants/{id}/resend-invite", &invited, &platform),
        ("/users/{id}/resend-invite", &user, fixture.token()),
    ] {
        let resend = async || {
            let call = api.post(&route.replace("{id}", id)).bearer(token);
            call.json(&json!({ "idempotencyKey": "marked" })).send().await
        };
        let (first, again) = (resend().await, resend().await);
        assert_marked(&first, &again, route);
        tried.insert(route.to_owned());
    }
    let correct = async || {
        let call = api.post("/billing/adjustments").bearer(&platform).header("idempotency-key", "marked");
        let correction = json!({ "tenantId": fixture.tenant(), "amount": "1.25", "reason": "a test" });
        call.json(&correction).send().await
    };
    let (first, again) = (correct().await, correct().await);
    assert_marked(&first, &again, "/billing/adjustments");
    tried.insert("/billing/adjustments".to_owned());
    // The answer of a repetition has no key and no code, which are secrets: `api_keys` and `invitations` compare the two.
    for (route, token, body) in [
        ("/api-keys", fixture.token(), json!({ "name": "Shop", "scopes": ["contacts:read"] })),
        ("/admin/invitations", &platform, json!({ "email": "invited@tenant.test" })),
    ] {
        let make = async || {
            let call = api.post(route).bearer(token).header("idempotency-key", "marked");
            call.json(&body).send().await
        };
        assert_eq!((make().await.header(MARK), make().await.header(MARK)), (None, Some("true")), "{route}");
        tried.insert(route.to_owned());
    }

    let with_key = api.routes().iter().filter(|route| takes_a_key(route)).map(|route| route.path.clone());
    assert_eq!(tried, with_key.collect(), "every route that takes a key is tried here");
}

#[tokio::test]
async fn the_mark_is_described_where_an_answer_can_have_it() {
    let fixture = Fixture::new().await;
    let api = RawApi::of(&fixture.system);
    for route in api.routes() {
        let header = &declared_success(route)["headers"][MARK];
        let what = format!("{} {}", route.method, route.path);
        assert_eq!(header.is_object(), takes_a_key(route), "{what}");
        if header.is_object() {
            assert_eq!(header["schema"]["enum"], json!(["true"]), "{what}");
            assert!(header["description"].is_string(), "{what}");
        }
    }
}
