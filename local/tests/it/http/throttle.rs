//! Guessing passwords, from several sources: every address of 127.0.0.0/8 is this machine.

use std::net::{IpAddr, Ipv4Addr};

use domain::access::Source;
use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::SignedDuration;
use ops::access::login::LoginError;
use serde_json::{Value, json};

use super::actors::tenant_actor;
use super::raw_api::{Answer, RawApi};
use crate::test_system::{ADMIN, PASSWORD, TestSystem};

/// Wrong passwords that are checked before the throttle begins.
const FREE_GUESSES: usize = 5;
/// The same for all accounts of one source.
const FREE_GUESSES_OF_SOURCE: usize = 50;
/// The longest wait.
const WAIT_MAX_S: i64 = 15 * 60;

/// Guesses in one test at most.
const TRIES_MAX: usize = 60;

const HOME: &str = "home@tenant.test";

async fn login(api: &RawApi, email: &str, password: &str) -> Answer {
    api.post("/auth/login").json(&json!({ "email": email, "password": password })).send().await
}

/// A client with another address.
fn elsewhere(system: &TestSystem, last: u8) -> RawApi {
    RawApi::from(Ipv4Addr::new(127, 0, 0, last).into(), system)
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

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

#[tokio::test]
async fn guesses_are_throttled_and_the_right_password_works_after_the_wait() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for guess in 0..FREE_GUESSES {
        let answer = login(&api, HOME, &format!("guess-{guess}")).await;
        answer.assert_refused(401, "wrong-credentials", "a guess");
    }
    let (_, throttled) = guess_until_throttled(&system, &api, HOME, 60).await;
    // Nobody logged in from here before, so the right password is not checked during the wait, in any spelling of the e-mail.
    for email in [HOME, " HOME@Tenant.test "] {
        let right = login(&api, email, PASSWORD).await;
        right.assert_refused(429, "too-many-requests", "the right one, too early");
    }
    // Other users are not affected.
    tenant_actor(&api, "other").await;
    assert_eq!(login(&api, "other@tenant.test", PASSWORD).await.status, 200);
    system.clock.advance(SignedDuration::from_secs(wait_of(&throttled)));
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_stranger_locks_nobody_out_the_super_admin_neither() {
    let system = TestSystem::start().await;
    let (api, stranger) = (RawApi::of(&system), elsewhere(&system, 2));
    for (email, password) in [(ADMIN.0, ADMIN.1), (HOME, PASSWORD)] {
        if email == HOME {
            tenant_actor(&api, "home").await;
        }
        guess_until_throttled(&system, &stranger, email, 60).await;
        assert_eq!(login(&stranger, email, password).await.status, 429);
        // From a third source, where this user never logged in.
        let home = elsewhere(&system, 3);
        assert_eq!(login(&home, email, password).await.status, 200, "{email}");
    }
}

#[tokio::test]
async fn the_right_password_from_where_it_was_right_before_always_gets_in() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200);
    for guess in 0..20 {
        assert_eq!(login(&api, HOME, "guess").await.status, 401, "guess {guess}");
    }
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200);
    // Also where every account is throttled.
    for guess in 0..FREE_GUESSES_OF_SOURCE {
        login(&api, &format!("unknown-{guess}@tenant.test"), "guess").await;
    }
    assert_eq!(login(&api, "another@tenant.test", "guess").await.status, 429);
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn right_passwords_at_once_never_throttle_each_other() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for round in ["from a new source", "from a known source"] {
        let answers = join_all((0..20).map(|_| login(&api, HOME, PASSWORD))).await;
        assert_eq!(statuses(&answers), [200; 20], "{round}");
    }
}

#[tokio::test]
async fn the_wait_grows_and_ends_at_a_quarter_of_an_hour() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    // Seconds pass during the request.
    let nearly = WAIT_MAX_S - 30;
    let (waits, throttled) = guess_until_throttled(&system, &api, HOME, nearly).await;
    assert!(waits.is_sorted() && waits.len() > 5, "{waits:?}");
    for _ in 0..3 {
        system.clock.advance(SignedDuration::from_secs(wait_of(&throttled) + 30));
        assert_eq!(login(&api, HOME, "guess").await.status, 401);
        let wait = wait_of(&login(&api, HOME, "guess").await);
        assert!((nearly..=WAIT_MAX_S).contains(&wait), "{wait}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_wait_longer() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    guess_until_throttled(&system, &api, HOME, WAIT_MAX_S - 30).await;
    system.clock.advance(SignedDuration::from_hours(-1));
    let wait = wait_of(&login(&api, HOME, "guess").await);
    assert!(wait <= WAIT_MAX_S, "{wait}");
    system.clock.advance(SignedDuration::from_secs(wait + 1));
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200, "and it passes");
}

#[tokio::test]
async fn wrong_passwords_are_forgotten_with_time() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for _ in 0..FREE_GUESSES - 1 {
        assert_eq!(login(&api, HOME, "typo").await.status, 401);
    }
    system.clock.advance(SignedDuration::from_hours(5));
    for _ in 0..FREE_GUESSES {
        assert_eq!(login(&api, HOME, "typo").await.status, 401);
    }
}

#[tokio::test]
async fn guesses_at_once_are_throttled_like_guesses_in_turn() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    let guesses: Vec<String> = (0..40).map(|guess| format!("guess-{guess}")).collect();
    let answers = join_all(guesses.iter().map(|guess| login(&api, HOME, guess))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    let throttled = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!(looked_at + throttled, answers.len());
    // While the first are hashed a second may pass, after which one more is checked.
    assert!((FREE_GUESSES..=FREE_GUESSES + 5).contains(&looked_at), "{looked_at} of 40 were checked");
}

#[tokio::test]
async fn a_flood_of_random_e_mails_from_one_source_is_hashed_fifty_times_and_leaves_no_row_for_long() {
    let system = TestSystem::start().await;
    let (api, stranger) = (RawApi::of(&system), elsewhere(&system, 2));
    tenant_actor(&api, "home").await;
    let mut hashed = 0;
    for flood in 0..4 {
        let emails: Vec<String> = (0..30).map(|number| format!("{flood}-{number}@flood.test")).collect();
        let answers = join_all(emails.iter().map(|email| login(&stranger, email, "guess"))).await;
        hashed += statuses(&answers).iter().filter(|status| **status == 401).count();
    }
    // Those of one flood that began before the last free one was counted are checked as well.
    assert!((FREE_GUESSES_OF_SOURCE..FREE_GUESSES_OF_SOURCE + 30).contains(&hashed), "{hashed}");
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200, "nobody else is throttled");
    let rows = || async { system.db.contents().await["wrong_logins"].0 };
    assert_eq!(rows().await, i64::try_from(hashed).unwrap() + 1);
    system.clock.advance(SignedDuration::from_hours(2));
    ops::recovery::sweep::sweep(&system.machine.platform, system.clock.now() + SignedDuration::from_mins(1))
        .await
        .unwrap();
    assert_eq!(rows().await, 0);
}

#[tokio::test]
async fn a_client_that_hangs_up_is_counted_like_one_that_waits() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for _ in 0..FREE_GUESSES {
        // As the server does when the connection breaks: the handler's future is dropped.
        let source = Source::from(IpAddr::from(Ipv4Addr::LOCALHOST));
        let check =
            ops::access::login::login(&system.machine.platform, source, HOME, "guess".to_owned(), None);
        assert!(Box::pin(check).now_or_never().is_none());
    }
    // It waits its turn behind those.
    assert_eq!(login(&api, HOME, "guess").await.status, 429);
}

#[tokio::test]
async fn an_unknown_e_mail_is_answered_like_a_known_one() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for _ in 0..FREE_GUESSES {
        let known = login(&api, HOME, "guess").await;
        let unknown = login(&api, "unknown@tenant.test", "guess").await;
        assert_eq!(observable(&known), observable(&unknown));
    }
    let (_, known) = guess_until_throttled(&system, &api, HOME, 60).await;
    let (_, unknown) = guess_until_throttled(&system, &api, "unknown@tenant.test", 60).await;
    assert_eq!((known.status, observable(&known)), (429, observable(&unknown)));
}

#[tokio::test]
async fn wrong_passwords_from_a_hundred_and_one_addresses_keep_nobody_out_of_a_known_place() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200);
    for last in 2..=102 {
        assert_eq!(login(&elsewhere(&system, last), HOME, "guess").await.status, 401, "{last}");
    }
    assert_eq!(login(&api, HOME, PASSWORD).await.status, 200);
    // Nor out of a new one.
    assert_eq!(login(&elsewhere(&system, 103), HOME, PASSWORD).await.status, 200);
}

/// What one source may cost: a password is checked for the first fifty, and a look at two rows for the others.
#[tokio::test]
async fn one_address_that_tries_ten_thousand_users_is_checked_for_fifty_of_them() {
    const USERS: usize = 10_000;
    const AT_ONCE: usize = 16;
    let system = TestSystem::start().await;
    let platform = &system.machine.platform;
    let source = Source::from(IpAddr::from(Ipv4Addr::new(127, 0, 0, 9)));
    let mut checked = 0;
    for first in (0..USERS).step_by(AT_ONCE) {
        let tries = (first..first + AT_ONCE).map(|number| async move {
            ops::access::login::login(
                platform,
                source,
                &format!("{number}@list.test"),
                "guess".to_owned(),
                None,
            )
            .await
        });
        let refused = join_all(tries).await.into_iter().map(Result::unwrap_err);
        checked += refused.filter(|error| matches!(error, LoginError::Wrong)).count();
    }
    // Those that begin together are checked together: at the last free one, and after each of the few waits that pass here.
    assert!((FREE_GUESSES_OF_SOURCE..FREE_GUESSES_OF_SOURCE + 12 * AT_ONCE).contains(&checked), "{checked}");
    let rows = system.db.contents().await["wrong_logins"].0;
    assert_eq!(rows, i64::try_from(checked).unwrap() + 1);
}
