//! Headers: those that decide something come once, and the pages work without trust in anything else.

use super::raw_api::RawApi;
use crate::test_system::TestSystem;

#[tokio::test]
async fn a_header_that_decides_something_is_refused_twice_on_every_route() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let token = system.token(&system.tenant("acme", "0").await).await;
    let before = system.db.contents().await;
    for route in api.routes() {
        for (name, value) in [
            ("authorization", format!("Bearer {token}")),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", "key".to_owned()),
            ("x-hub-signature-256", format!("sha256={}", "0".repeat(64))),
        ] {
            let what = format!("two {name} at {} {}", route.method, route.path);
            let call = api.call(route.method.clone(), &route.path.replace("{id}", "1"));
            let answer = call.header(name, &value).header(name, &value).send().await;
            answer.assert_refused(400, "malformed", &what);
        }
    }
    assert_eq!(system.db.contents().await, before);
}

#[tokio::test]
async fn the_password_page_runs_its_own_script_alone_and_cannot_be_framed() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let page = api.get("/auth/set-password").send().await;
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert_eq!(page.text.matches("<script").count(), 1);
    let (_, script) = page.text.split_once("<script src=\"").unwrap();
    let (script, _) = script.split_once('"').unwrap();
    let script = api.get(&format!("/auth/{script}")).send().await;
    assert_eq!(script.status, 200);
    assert!(script.header("content-type").unwrap().starts_with("text/javascript"));
}

#[tokio::test]
async fn a_password_that_is_sent_without_the_script_is_refused_and_stays_out_of_the_url() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let form = api.post("/auth/set-password").header("content-type", "application/x-www-form-urlencoded");
    let answer = form.bytes("password=long+enough").send().await;
    answer.assert_refused(415, "unsupported-media-type", "as the browser sends the form");
}
