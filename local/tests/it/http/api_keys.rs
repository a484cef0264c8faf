//! A tenant's API keys: made, shown once, limited, and ended.

use axum::http::Method;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::actors::{TenantActor, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

struct World {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
}

impl World {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        Self { system, api, home }
    }

    async fn create(&self, credential: &str, body: &Value) -> Answer {
        self.api.post("/api-keys").bearer(credential).json(body).send().await
    }

    /// A key of the home tenant with these scopes.
    async fn key(&self, scopes: &[&str]) -> Answer {
        self.create(&self.home.token, &json!({ "name": "Shop", "scopes": scopes })).await
    }

    async fn ask(&self, credential: &str) -> Answer {
        self.api.get("/contacts").bearer(credential).send().await
    }

    async fn revoke(&self, id: &str) -> u16 {
        let call = self.api.call(Method::DELETE, &format!("/api-keys/{id}")).bearer(&self.home.token);
        call.send().await.status
    }
}

#[tokio::test]
async fn a_key_is_shown_once_and_its_secret_is_stored_nowhere_also_not_for_a_repetition() {
    let world = World::new().await;
    let call = async || {
        let body = json!({ "name": " Shop ", "scopes": ["contacts:read", "messages:send"] });
        let call = world.api.post("/api-keys").bearer(&world.home.token).header("idempotency-key", "shop");
        call.json(&body).send().await
    };
    let (first, again) = (call().await, call().await);
    assert_eq!((first.status, again.status), (201, 201));
    let (key, prefix) = (first.text_of("key"), first.text_of("prefix"));
    assert!(key.starts_with(&format!("{prefix}_")) && prefix.starts_with("tid_"), "{key}");
    assert_eq!(key.len(), prefix.len() + 1 + 64, "256 bits");
    assert_eq!(first.body["name"], "Shop");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert!(again.body.get("key").is_none() && again.text_of("keyAbsentBecause").contains("revoke this key"));
    for member in ["id", "prefix", "scopes", "createdAt", "expiresAt", "createdBy"] {
        assert_eq!(first.body[member], again.body[member], "{member}");
    }
    world.ask(&key).await.success();
    world.system.assert_nowhere(&[&key, &key[prefix.len() + 1..]]).await;
    let listed = world.api.get("/api-keys").bearer(&world.home.token).send().await;
    let listed = &listed.success()["data"][0];
    assert_eq!((&listed["prefix"], listed.get("key")), (&json!(prefix), None));
    assert!(listed["lastUsedAt"].is_string(), "{listed}");
    assert_eq!(listed["createdBy"], format!("user:{}", world.home.owner));
    let log = world.api.get("/audit").bearer(&world.home.token).send().await;
    assert_eq!(log.success()["data"][0]["action"], "api_key.create");
}

#[tokio::test]
async fn a_key_that_is_unknown_expired_or_revoked_or_not_sent_as_a_bearer_is_refused() {
    let world = World::new().await;
    let made = world.key(&["contacts:read"]).await;
    let key = made.text_of("key");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let call = world.api.get("/contacts").header("authorization", format!("{scheme} {key}"));
        call.send().await.success();
    }
    let tail = &key["tid_".len()..];
    let last = key.chars().last().map(|last| if last == '0' { '1' } else { '0' }).unwrap();
    for wrong in [
        key.to_uppercase(),
        format!("tid_{}", tail.to_uppercase()),
        format!("{}{last}", &key[..key.len() - 1]),
        key[..key.len() - 1].to_owned(),
        format!("{key}0"),
        format!("key_{tail}"),
        tail.to_owned(),
        made.text_of("prefix"),
        "tid_".to_owned(),
    ] {
        world.ask(&wrong).await.assert_refused(401, "unauthenticated", &wrong);
    }
    for query in ["api_key", "access_token", "key", "token"] {
        let call = world.api.get(&format!("/contacts?{query}={key}"));
        call.send().await.assert_refused(401, "unauthenticated", query);
    }
    for header in ["x-api-key", "api-key", "cookie"] {
        let call = world.api.get("/contacts").header(header, &key);
        call.send().await.assert_refused(401, "unauthenticated", header);
    }
    // It sees its own tenant alone, and another tenant does not find it.
    let other = tenant_actor(&world.api, "other").await;
    let foreign = world.api.call(Method::DELETE, &format!("/api-keys/{}", made.text_of("id")));
    foreign.bearer(&other.token).send().await.assert_refused(404, "not-found", "another tenant's");
    world.ask(&key).await.success();

    assert_eq!(
        (world.revoke(&made.text_of("id")).await, world.revoke(&made.text_of("id")).await),
        (204, 204)
    );
    world.ask(&key).await.assert_refused(401, "unauthenticated", "revoked");
    let soon = (world.system.clock.now() + SignedDuration::from_mins(5)).to_string();
    let body = json!({ "name": "Soon", "scopes": ["contacts:read"], "expiresAt": soon });
    let ends = world.create(&world.home.token, &body).await.text_of("key");
    world.ask(&ends).await.success();
    world.system.clock.advance(SignedDuration::from_mins(5));
    world.ask(&ends).await.assert_refused(401, "unauthenticated", "expired");
}

#[tokio::test]
async fn what_a_key_may_not_be_is_named_with_its_limit() {
    let world = World::new().await;
    let in_days = |days: i64| (world.system.clock.now() + SignedDuration::from_hours(24 * days)).to_string();
    for (change, field, words) in [
        (json!({ "scopes": [] }), "scopes", "at least one"),
        (json!({ "scopes": ["contacts:read", "contacts:fly"] }), "scopes[1]", "must be one of api-keys:read"),
        (json!({ "name": "" }), "name", "1 to 100"),
        (
            json!({ "requestsPerMinute": 601 }),
            "requestsPerMinute",
            "at most 600, which the plan Starter allows",
        ),
        (json!({ "requestsPerMinute": 0 }), "requestsPerMinute", "at least 1"),
        (json!({ "expiresAt": in_days(367) }), "expiresAt", "at most 366 days"),
        (json!({ "expiresAt": in_days(-1) }), "expiresAt", "must not have passed"),
        (json!({ "phoneNumberId": "12345" }), "phoneNumberId", "does not match any of your phone numbers"),
    ] {
        let mut body = json!({ "name": "Shop", "scopes": ["contacts:read"] });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = world.create(&world.home.token, &body).await;
        refused.assert_invalid(field, &change.to_string());
        assert!(refused.text.contains(words), "{}", refused.text);
    }
    let made = world.key(&["contacts:read"]).await;
    let ends: jiff::Timestamp = made.text_of("expiresAt").parse().unwrap();
    let days = ends.duration_since(world.system.clock.now()).as_hours() / 24;
    assert!((89..=90).contains(&days), "{days}");
}

#[tokio::test]
async fn a_key_gives_another_key_at_most_what_it_has() {
    let world = World::new().await;
    let parent = world.key(&["api-keys:write", "contacts:read"]).await.text_of("key");
    let body = json!({ "name": "Child", "scopes": ["contacts:read"] });
    let child = world.create(&parent, &body).await;
    assert!(child.text_of("createdBy").starts_with("key:"), "{}", child.text);
    world.ask(&child.text_of("key")).await.success();
    let more = json!({ "name": "Child", "scopes": ["contacts:read", "messages:send"] });
    world.create(&parent, &more).await.assert_invalid("scopes", "one that it does not have");
    // One with a number and a limit of its own hands both on.
    let connected = json!({ "code": world.home.tenant });
    let connected =
        world.api.post("/whatsapp/connect").bearer(&world.home.token).json(&connected).send().await;
    let number = connected.success()["phoneNumbers"][0]["id"].as_str().unwrap().to_owned();
    let narrow = json!({
        "name": "Narrow", "scopes": ["api-keys:write", "messages:send"], "phoneNumberId": number, "requestsPerMinute": 60,
    });
    let narrow = world.create(&world.home.token, &narrow).await.text_of("key");
    let wider = json!({ "name": "Child", "scopes": ["messages:send"] });
    let refused = world.create(&narrow, &wider).await;
    assert_eq!(refused.fields(), ["phoneNumberId", "requestsPerMinute"], "{}", refused.text);
    let same = json!({ "name": "Child", "scopes": ["messages:send"], "phoneNumberId": number, "requestsPerMinute": 60 });
    assert_eq!(world.create(&narrow, &same).await.status, 201);
}

#[tokio::test]
async fn a_key_that_is_restricted_to_a_number_sends_from_that_number_alone() {
    let world = World::new().await;
    world.system.allow("phone_numbers_max", 2).await;
    let connect = async |code: &str| {
        let call = world.api.post("/whatsapp/connect").bearer(&world.home.token);
        let connected = call.json(&json!({ "code": code })).send().await;
        connected.success()["phoneNumbers"][0]["id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (connect(&world.home.tenant).await, connect("another-account").await);
    assert_ne!(first, second);
    let send = async |number: &str| {
        let body = json!({ "name": "Shop", "scopes": ["messages:send"], "phoneNumberId": number });
        let key = world.create(&world.home.token, &body).await.text_of("key");
        world.api.post("/messages").bearer(&key).json(&world.home.message()).send().await
    };
    let message = send(&first).await.text_of("id");
    let goes = format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM messages WHERE message_id = '{message}' AND phone_number_id = '{first}') THEN
           RAISE EXCEPTION 'from another number'; END IF; END $$"
    );
    world.system.db.execute(&goes).await;
    // The template belongs to the first account.
    let refused = send(&second).await;
    refused.assert_invalid("templateId", "of another account");
    assert!(refused.text.contains("another WhatsApp Business account"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tenant_has_a_hundred_live_keys_and_not_one_more_whoever_asks_at_once() {
    let world = World::new().await;
    let fill = format!(
        "INSERT INTO api_keys (tenant_id, key_id, name, prefix, secret_hash, scopes, created_by, created_at, expires_at)
         SELECT '{}', gen_random_uuid(), 'n', 'tid_', sha256(i::text::bytea), 'contacts:read', 'system', now(),
                now() + interval '300 days' FROM generate_series(1, 90) AS i",
        world.home.tenant
    );
    world.system.db.execute(&fill).await;
    let answers = join_all((0..40).map(|_| world.key(&["contacts:read"]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10, "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status != 201).unwrap();
    refused.assert_refused(422, "not-possible", "the hundred and first");
    assert!(refused.text.contains("100 API keys"), "{}", refused.text);
    // One that is revoked makes room.
    let made = answers.iter().find(|answer| answer.status == 201).unwrap();
    world.revoke(&made.text_of("id")).await;
    assert_eq!(world.key(&["contacts:read"]).await.status, 201);
}
