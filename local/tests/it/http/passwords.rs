//! Passwords at registration and at login.

use serde_json::{Value, json};

use super::raw_api::RawApi;
use crate::test_system::TestSystem;

fn registration(slug: &str, password: &str) -> Value {
    json!({
        "tenantName": slug, "slug": slug, "adminEmail": format!("{slug}@tenant.test"), "adminPassword": password,
        "adminName": "Ann",
    })
}

#[tokio::test]
async fn a_password_has_8_to_128_characters_of_any_kind_and_works_afterwards() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (long, longer) = ("xy".repeat(64), "x".repeat(129));
    let sixty_four = "0123456789abcdef".repeat(4);
    for (slug, password, is_one) in [
        ("seven", "1234567", false),
        ("seven-emoji", "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}", false),
        ("eight", "8 chars!", true),
        ("emoji", "pass \u{1f600}\u{1f512}9", true),
        ("spaces", "        ", false),
        ("repeated", "aaaaaaaa", false),
        ("common", "12345678", false),
        ("common-too", "Qwertyuiop", false),
        ("with-a-space", " a space ", true),
        // The example of the API's description, with a sandbox.
        ("example", "password123", true),
        ("almost-the-example", "Password123", false),
        ("sixty-four", &sixty_four, true),
        ("most", &long, true),
        ("more", &longer, false),
        ("empty", "", false),
    ] {
        let answer = api.post("/auth/register-tenant").json(&registration(slug, password)).send().await;
        if !is_one {
            answer.assert_invalid("adminPassword", slug);
            continue;
        }
        assert_eq!(answer.status, 201, "{slug}: {}", answer.text);
        let email = format!("{slug}@tenant.test");
        for (password, status) in [(format!("{password} "), 401), (password.to_owned(), 200)] {
            let login = json!({ "email": email, "password": password });
            let answer = api.post("/auth/login").json(&login).send().await;
            assert_eq!(answer.status, status, "{slug}: {}", answer.text);
        }
        assert!(
            !answer.text.contains(password.trim()) || password.trim().is_empty(),
            "{slug}: the answer contains the password"
        );
    }
}

#[tokio::test]
async fn a_password_of_a_megabyte_is_not_read() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let megabyte = "x".repeat(1_000_000);
    for (path, body) in [
        ("/auth/register-tenant", registration("huge", &megabyte)),
        ("/auth/login", json!({ "email": "home@tenant.test", "password": megabyte })),
        ("/auth/set-password", json!({ "secret": "none", "password": megabyte })),
        ("/auth/forgot-password", json!({ "email": megabyte })),
    ] {
        api.post(path).json(&body).send().await.assert_refused(413, "too-large", path);
    }
}

#[tokio::test]
async fn a_links_secret_is_not_an_access_token_and_a_token_is_not_a_secret() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let session = api.post("/auth/register-tenant").json(&registration("home", "password123")).send().await;
    let token = session.text_of("token");
    for secret in [token.as_str(), "", "0", &"f".repeat(64), &"x".repeat(10_000)] {
        let body = json!({ "secret": secret, "password": "another-password" });
        api.post("/auth/set-password").json(&body).send().await.assert_refused(422, "not-possible", secret);
    }
    let secret = "f".repeat(64);
    api.get("/contacts").bearer(&secret).send().await.assert_refused(
        401,
        "unauthenticated",
        "a link's secret",
    );
}

/// A client that is told "unauthenticated" asks its user to log in, which is what its user has just tried.
#[tokio::test]
async fn a_wrong_login_has_a_type_of_its_own_and_says_what_to_do() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    api.post("/auth/register-tenant").json(&registration("home", "password123")).send().await.success();
    for email in ["home@tenant.test", "nobody@tenant.test", "no address"] {
        let login = json!({ "email": email, "password": "wrong-password" });
        let answer = api.post("/auth/login").json(&login).send().await;
        answer.assert_refused(401, "wrong-credentials", email);
        let detail = "the e-mail or the password is wrong; check both and log in again";
        assert_eq!(answer.body["detail"], detail, "{email}: who has an account is not said");
    }
    api.get("/contacts").send().await.assert_refused(401, "unauthenticated", "no token");
}
