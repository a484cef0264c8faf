//! Guessing passwords.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::actors::tenant_actor;
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

/// Wrong passwords that are checked before the throttle begins.
const FREE_GUESSES: usize = 5;
/// The longest wait.
const WAIT_MAX_S: i64 = 15 * 60;

/// Guesses in one test at most.
const TRIES_MAX: usize = 60;

async fn login(api: &RawApi, email: &str, password: &str) -> Answer {
    api.post("/auth/login").json(&json!({ "email": email, "password": password })).send().await
}

fn wait_of(answer: &Answer) -> i64 {
    answer.header("retry-after").unwrap_or_else(|| panic!("no Retry-After: {answer:?}")).parse().unwrap()
}

/// Guesses and waits for `Retry-After` each time, until the wait is longer than a slow machine takes for the test.
/// Returns all waits.
async fn guess_until_throttled(
    system: &TestSystem,
    api: &RawApi,
    email: &str,
    enough_s: i64,
) -> (Vec<i64>, Answer) {
    let mut waits = Vec::new();
    for _ in 0..TRIES_MAX {
        let answer = login(api, email, "guess").await;
        if answer.status == 401 {
            continue;
        }
        answer.assert_refused(429, "too-many-requests", email);
        waits.push(wait_of(&answer));
        if waits.last() >= Some(&enough_s) {
            return (waits, answer);
        }
        system.clock.advance(SignedDuration::from_secs(wait_of(&answer)));
        assert_eq!(login(api, email, "guess").await.status, 401, "checked after the wait");
    }
    panic!("{email} is not throttled: {waits:?}");
}

/// Everything in which two answers could differ, except the request id and the time.
fn observable(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("requestId");
    let passing = ["x-request-id", "date", "retry-after"];
    let headers = answer.headers.iter().filter(|(name, _)| !passing.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    (answer.status, body, headers)
}

#[tokio::test]
async fn guesses_are_throttled_and_the_right_password_works_after_the_wait() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for guess in 0..FREE_GUESSES {
        let answer = login(&api, "home@tenant.test", &format!("guess-{guess}")).await;
        answer.assert_refused(401, "unauthenticated", "a guess");
    }
    let (_, throttled) = guess_until_throttled(&system, &api, "home@tenant.test", 60).await;
    // The right password is not checked during the wait either, in any spelling of the e-mail.
    for email in ["home@tenant.test", " HOME@Tenant.test "] {
        let right = login(&api, email, PASSWORD).await;
        right.assert_refused(429, "too-many-requests", "the right one, too early");
    }
    // Other users are not affected.
    tenant_actor(&api, "other").await;
    assert_eq!(login(&api, "other@tenant.test", PASSWORD).await.status, 200);
    system.clock.advance(SignedDuration::from_secs(wait_of(&throttled)));
    assert_eq!(login(&api, "home@tenant.test", PASSWORD).await.status, 200);
    // The count starts again.
    for _ in 0..FREE_GUESSES {
        assert_eq!(login(&api, "home@tenant.test", "guess").await.status, 401);
    }
}

#[tokio::test]
async fn the_wait_grows_and_ends_at_a_quarter_of_an_hour() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    // Seconds pass during the request.
    let nearly = WAIT_MAX_S - 30;
    let (waits, throttled) = guess_until_throttled(&system, &api, "home@tenant.test", nearly).await;
    assert!(waits.is_sorted() && waits.len() > 5, "{waits:?}");
    for _ in 0..3 {
        system.clock.advance(SignedDuration::from_secs(wait_of(&throttled) + 30));
        assert_eq!(login(&api, "home@tenant.test", "guess").await.status, 401);
        let wait = wait_of(&login(&api, "home@tenant.test", "guess").await);
        assert!((nearly..=WAIT_MAX_S).contains(&wait), "{wait}");
    }
}

#[tokio::test]
async fn guesses_at_once_are_throttled_like_guesses_in_turn() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    let guesses: Vec<String> = (0..60).map(|guess| format!("guess-{guess}")).collect();
    let answers = join_all(guesses.iter().map(|guess| login(&api, "home@tenant.test", guess))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    let throttled = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!(looked_at + throttled, answers.len());
    // While the first are hashed a second may pass, after which one more is checked.
    assert!((FREE_GUESSES..=FREE_GUESSES + 5).contains(&looked_at), "{looked_at} of 60 were checked");
}

#[tokio::test]
async fn an_unknown_e_mail_is_answered_like_a_known_one() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for _ in 0..FREE_GUESSES {
        let known = login(&api, "home@tenant.test", "guess").await;
        let unknown = login(&api, "unknown@tenant.test", "guess").await;
        assert_eq!(observable(&known), observable(&unknown));
    }
    let (_, known) = guess_until_throttled(&system, &api, "home@tenant.test", 60).await;
    let (_, unknown) = guess_until_throttled(&system, &api, "unknown@tenant.test", 60).await;
    assert_eq!((known.status, observable(&known)), (429, observable(&unknown)));
}
