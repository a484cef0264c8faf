//! Bodies that are not what the route takes.

use domain::limits::{BODY_BYTES_MAX, EVENT_BODY_BYTES_MAX, IMPORT_BODY_BYTES_MAX, QUOTE_BODY_BYTES_MAX};
use serde_json::{Value, json};

use super::actors::{rate_card, super_admin, tenant_actor};
use super::raw_api::{Call, RawApi, Route, padded};
use crate::test_system::{PASSWORD, TestSystem};

/// Each route that takes a body, a token for it, and a valid body.
async fn routes_with_bodies(system: &TestSystem, api: &RawApi) -> Vec<(&'static str, Option<String>, Value)> {
    let home = tenant_actor(api, "home").await;
    let (owner, platform) = (Some(home.token.clone()), Some(super_admin(api).await));
    let registration = json!({
        "tenantName": "New", "slug": "new", "adminEmail": "new@tenant.test", "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let tenant = json!({
        "tenantName": "New", "slug": "new", "adminEmail": "new@tenant.test", "adminName": "Ann", "plan": "Pro",
    });
    let plan = json!({
        "name": "New", "monthlyPrice": 1, "messagesPerMonth": 1, "contacts": 1, "templates": 1, "phoneNumbers": 1,
        "users": 1, "requestsPerMinute": 1, "marginBps": 0,
    });
    vec![
        ("/auth/register-tenant", None, registration),
        ("/auth/login", None, json!({ "email": "home@tenant.test", "password": PASSWORD })),
        ("/auth/refresh", None, json!({ "refreshToken": "none" })),
        ("/auth/logout", None, json!({ "refreshToken": "none" })),
        ("/auth/logout-everywhere", None, json!({ "refreshToken": "none" })),
        ("/auth/forgot-password", None, json!({ "email": "home@tenant.test" })),
        ("/auth/verify-email", None, json!({ "secret": "none" })),
        ("/auth/stop-email-change", None, json!({ "secret": "none" })),
        ("/auth/change-email", owner.clone(), json!({ "email": "new@tenant.test", "password": PASSWORD })),
        ("/auth/set-password", None, json!({ "secret": "none", "password": PASSWORD })),
        ("/auth/totp", owner.clone(), json!({ "password": PASSWORD, "code": "000000" })),
        ("/auth/totp/confirm", owner.clone(), json!({ "code": "000000" })),
        ("/users", owner.clone(), json!({ "email": "bob@tenant.test", "name": "Bob", "role": "SENDER" })),
        ("/users/{id}", owner.clone(), json!({ "name": "Bob" })),
        ("/users/{id}/resend-invite", owner.clone(), json!({ "idempotencyKey": "k" })),
        ("/api-keys", owner.clone(), json!({ "name": "Shop", "scopes": ["contacts:read"] })),
        ("/admin/create-tenant", platform.clone(), tenant),
        ("/admin/tenants/{id}/resend-invite", platform.clone(), json!({ "idempotencyKey": "k" })),
        ("/plans", platform.clone(), plan),
        ("/plans/{id}", platform.clone(), json!({ "isArchived": true })),
        ("/admin/tenants/{id}", platform.clone(), json!({ "plan": "Pro" })),
        ("/admin/rate-cards", platform.clone(), rate_card(system, "New")),
        ("/admin/rate-cards/preview", platform.clone(), rate_card(system, "New")),
        ("/admin/invitations", platform.clone(), json!({ "email": "new@tenant.test" })),
        (
            "/billing/add-credits",
            platform.clone(),
            json!({ "tenantId": home.tenant, "amount": 1, "idempotencyKey": "k" }),
        ),
        (
            "/billing/adjustments",
            platform,
            json!({ "tenantId": home.tenant, "amount": 1, "reason": "a test", "idempotencyKey": "k" }),
        ),
        ("/billing/low-balance", owner.clone(), json!({ "thresholds": ["5"] })),
        ("/contacts/import", owner.clone(), json!({ "contacts": [{ "phone": "+15550001111" }] })),
        ("/templates", owner.clone(), json!({ "name": "new", "content": "Hello!" })),
        ("/whatsapp/connect", owner.clone(), json!({ "code": "code" })),
        ("/messages", owner.clone(), home.message()),
        (
            "/billing/quote",
            owner.clone(),
            json!({ "templateId": home.template, "recipients": ["+15551234567"] }),
        ),
        ("/messages/schedule", owner, home.scheduled(system, "k")),
    ]
}

/// A call of the route that takes a body at this path.
fn call<'a>(api: &'a RawApi, path: &str) -> Call<'a> {
    let takes_a_body = |route: &&Route| route.path == path && route.described.get("requestBody").is_some();
    let method = api.routes().iter().find(takes_a_body).map(|route| route.method.clone());
    api.call(method.unwrap(), &path.replace("{id}", ANY_ID))
}

/// Every member of its body may be left out.
const MAY_BE_EMPTY: [&str; 1] = ["/admin/invitations"];
const ANY_ID: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

/// The same body with one mistake, and the status of the answer. `None` is 400 or 422: the parser stops at the first
/// mistake, which may come before or after the invalid JSON.
fn variants(good: &Value) -> Vec<(&'static str, Vec<u8>, Option<u16>)> {
    let text = good.to_string();
    let (first, value) = good.as_object().unwrap().iter().next().unwrap();
    let twice = format!("{{\"{first}\":{value},{}", &text[1..]);
    let mut unknown = good.clone();
    unknown["unheardOf"] = json!(1);
    let mut wrong = good.clone();
    wrong[first] = json!({ "not": ["this"] });
    let nul = format!("{{\"{first}\":\"a\\u0000b\"}}");
    let deep = format!("{{\"{first}\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let mut latin = text.clone().into_bytes();
    latin.splice(2..2, [0xe9]);
    vec![
        ("empty", Vec::new(), Some(400)),
        ("half", text.as_bytes()[..text.len() - 1].to_vec(), Some(400)),
        ("trailing garbage", format!("{text} x").into_bytes(), Some(400)),
        ("two documents", format!("{text}{text}").into_bytes(), Some(400)),
        ("a comment", format!("// hello\n{text}").into_bytes(), Some(400)),
        ("a raw NUL", text.replace("\":", "\u{0}\":").into_bytes(), Some(400)),
        ("invalid UTF-8", latin, Some(400)),
        ("deep nesting", deep.into_bytes(), None),
        ("null", b"null".to_vec(), Some(422)),
        ("a list", b"[]".to_vec(), Some(422)),
        ("a text", b"\"text\"".to_vec(), Some(422)),
        ("an unknown member", unknown.to_string().into_bytes(), Some(422)),
        ("a member twice", twice.into_bytes(), Some(422)),
        ("a wrong type", wrong.to_string().into_bytes(), Some(422)),
        ("an escaped NUL", nul.into_bytes(), Some(422)),
        ("nothing in it", b"{}".to_vec(), Some(422)),
    ]
}

#[tokio::test]
async fn a_body_that_is_not_what_the_route_takes_is_refused_on_every_route() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let routes = routes_with_bodies(&system, &api).await;
    let taken = api.routes().iter().filter(|route| route.described.get("requestBody").is_some());
    let without: Vec<&str> = taken
        .map(|route| route.path.as_str())
        .filter(|path| *path != "/webhook/meta" && !routes.iter().any(|(known, ..)| known == path))
        .collect();
    assert!(
        without.is_empty(),
        "add a body that they take to routes_with_bodies in {}: {without:?}",
        file!()
    );
    for (path, token, good) in &routes {
        let may_be_empty = MAY_BE_EMPTY.contains(path);
        let wrong = variants(good).into_iter().filter(|(what, ..)| !may_be_empty || *what != "nothing in it");
        for (what, bytes, status) in wrong {
            let what = format!("{what} at {path}");
            // A body is read before what the path names is looked for.
            let call = call(&api, path).raw_json(bytes);
            let answer = token.iter().fold(call, |call, token| call.bearer(token)).send().await;
            match status {
                Some(400) => answer.assert_refused(400, "malformed", &what),
                Some(_) => answer.assert_refused(422, "invalid", &what),
                None => assert!(matches!(answer.status, 400 | 422), "{what}: {}", answer.text),
            }
            let is_named = answer.status == 400 || !answer.fields().is_empty();
            assert!(is_named, "{what}: no field is named: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn only_json_is_taken_and_only_as_much_as_the_route_says() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    for (path, token, good) in routes_with_bodies(&system, &api).await {
        let call = || {
            let call = call(&api, path);
            token.iter().fold(call, |call, token| call.bearer(token))
        };
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "application",
            "json",
            "",
        ] {
            let sent = call().header("content-type", content_type).bytes(good.to_string()).send().await;
            sent.assert_refused(415, "unsupported-media-type", &format!("{content_type} at {path}"));
        }
        call().bytes(good.to_string()).send().await.assert_refused(415, "unsupported-media-type", path);
        let limit = match path {
            "/contacts/import" => IMPORT_BODY_BYTES_MAX,
            "/billing/quote" => QUOTE_BODY_BYTES_MAX,
            _ => BODY_BYTES_MAX,
        };
        let at_limit = padded("{", limit);
        call().raw_json(at_limit).send().await.assert_refused(
            400,
            "malformed",
            &format!("{limit} at {path}"),
        );
        let above = padded("{", limit + 1);
        let refused = call().raw_json(above).send().await;
        refused.assert_refused(413, "too-large", &format!("{limit} + 1 at {path}"));
        assert!(refused.text.contains(&limit.to_string()), "the limit is named: {}", refused.text);
        let with_charset =
            call().header("content-type", "Application/JSON; charset=utf-8").bytes("{").send().await;
        with_charset.assert_refused(400, "malformed", path);
        for charset in ["utf-16", "iso-8859-1"] {
            let other = call().header("content-type", format!("application/json; charset={charset}"));
            let other = other.bytes(good.to_string()).send().await;
            other.assert_refused(415, "unsupported-media-type", &format!("{charset} at {path}"));
        }
    }
}

/// What a function does with these is tested where events are received.
#[tokio::test]
async fn a_body_that_is_too_large_for_an_event_is_refused_on_one_machine_too() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let import = |body: String| api.post("/contacts/import").bearer(&home.token).raw_json(body).send();
    let control = |ordinary: usize| "\u{1}".repeat(EVENT_BODY_BYTES_MAX / 6) + &"x".repeat(ordinary);
    import(control(2)).await.assert_refused(400, "malformed", "control characters");
    let refused = import(control(3)).await;
    refused.assert_refused(413, "too-large", "one byte more");
    let words = "escaped the body has 6200001 bytes and may have 6200000 at most; send it in smaller parts";
    assert!(refused.text.contains(words), "{}", refused.text);
    for (what, text) in [("quotes", "\\\""), ("escapes", "\\u0001"), ("emoji", "\u{1f600}")] {
        let row =
            |name: &str| format!("{{\"contacts\":[{{\"phone\":\"+15550001111\",\"name\":\"{name}\"}}]}}");
        let count = (IMPORT_BODY_BYTES_MAX - row("").len()) / text.len();
        let largest = padded(&row(&text.repeat(count)), IMPORT_BODY_BYTES_MAX);
        // The body is read: of the name only what is not printable is left out, and then it may be too long.
        let read = import(largest).await;
        assert!(matches!(read.status, 200 | 422), "{what}: {}", read.text);
    }
}

#[tokio::test]
async fn an_answer_repeats_no_more_than_the_start_of_a_name_that_the_caller_chose() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let name = "\\\"".repeat(1_000_000);
    let good = "{\"phone\":\"+15550001111\"}";
    for rows in [format!("{{\"{name}\":1}}"), format!("{{\"{name}\":1}},{good}")] {
        let body = format!("{{\"contacts\":[{rows}]}}");
        let answer = api.post("/contacts/import").bearer(&home.token).raw_json(body).send().await;
        assert!(answer.text.contains('…') && answer.text.len() < 10_000, "{} bytes", answer.text.len());
    }
}

#[tokio::test]
async fn a_registration_cannot_set_fields_that_are_not_its_own() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let registration = json!({
        "tenantName": "New", "slug": "new", "adminEmail": "new@tenant.test", "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    for (member, value) in [
        ("role", json!("SUPER_ADMIN")),
        ("plan", json!("Enterprise")),
        ("balance", json!(1_000_000)),
        ("tenantId", json!("00000000-0000-7000-8000-000000000001")),
        ("isActive", json!(true)),
        ("__proto__", json!({ "role": "SUPER_ADMIN" })),
    ] {
        let mut body = registration.clone();
        body[member] = value;
        api.post("/auth/register-tenant").json(&body).send().await.assert_invalid(member, member);
    }
    let session = api.post("/auth/register-tenant").json(&registration).send().await;
    assert_eq!(session.success()["role"], "OWNER");
    let token = session.text_of("token");
    assert_eq!(api.get("/billing/balance").bearer(&token).send().await.text_of("balance"), "0.00");
}

#[tokio::test]
async fn a_tenant_cannot_approve_its_own_template() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let body = json!({
        "name": "sneaky", "content": "Hi", "status": "REJECTED", "metaTemplateId": "meta_1", "variables": [],
    });
    let made = api.post("/templates").bearer(&home.token).json(&body).send().await;
    assert_eq!(made.success()["status"], "APPROVED", "as Meta decided");
    assert_ne!(made.success()["metaTemplateId"], "meta_1");
}

#[tokio::test]
async fn an_unknown_connection_code_is_refused_and_causes_no_5xx() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    // Each code that is taken gives access to another account.
    system.allow("phone_numbers_max", 10).await;
    for code in
        ["", " ", "bad-code", "a\nb", "\u{1f600}&client_id=else#", &"x".repeat(10_000), &"x".repeat(200_000)]
    {
        let what: String = code.chars().take(20).collect();
        let answer =
            api.post("/whatsapp/connect").bearer(&home.token).json(&json!({ "code": code })).send().await;
        assert!(matches!(answer.status, 200 | 422), "{what}: {} {}", answer.status, answer.text);
    }
}
