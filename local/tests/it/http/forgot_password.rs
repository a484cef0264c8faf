//! A forgotten password: the link, who learns what, and how often.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::actors::{super_admin, suspend, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{PASSWORD, TestSystem};

const HOME: &str = "home@tenant.test";
const CHOSEN: &str = "another-password";
/// Requests of one source that are taken at once.
const OF_SOURCE: usize = 20;

async fn forgot(api: &RawApi, email: &str) -> Answer {
    api.post("/auth/forgot-password").json(&json!({ "email": email })).send().await
}

async fn choose(api: &RawApi, secret: &str, password: &str) -> Answer {
    api.post("/auth/set-password").json(&json!({ "secret": secret, "password": password })).send().await
}

async fn login(api: &RawApi, password: &str) -> Answer {
    api.post("/auth/login").json(&json!({ "email": HOME, "password": password })).send().await
}

fn links(system: &TestSystem) -> Vec<String> {
    system.secrets_to(HOME, "set-password")
}

/// Asks for a link and returns the new one.
async fn new_link(system: &TestSystem, api: &RawApi) -> String {
    let before = links(system);
    assert_eq!(forgot(api, HOME).await.status, 202);
    system.pump().await;
    let mut new = links(system);
    new.retain(|link| !before.contains(link));
    assert_eq!(new.len(), 1);
    new.remove(0)
}

#[tokio::test]
async fn a_link_sets_another_password_once_ends_every_session_and_says_so_by_e_mail() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let refresh = json!({ "refreshToken": login(&api, PASSWORD).await.text_of("refreshToken") });
    let link = new_link(&system, &api).await;

    choose(&api, &link, CHOSEN).await.success();
    api.get("/contacts").bearer(&home.token).send().await.assert_refused(
        401,
        "unauthenticated",
        "a session of before",
    );
    assert_eq!(api.post("/auth/refresh").json(&refresh).send().await.status, 401);
    assert_eq!(login(&api, PASSWORD).await.status, 401, "the password of before");
    let session = login(&api, CHOSEN).await;
    choose(&api, &link, "a-third-password").await.assert_refused(422, "not-possible", "a link twice");

    system.pump().await;
    let told =
        system.emails_to(HOME).iter().filter(|email| email.contains("Your password was changed")).count();
    assert_eq!(told, 1);
    let token = session.text_of("token");
    let proven = api.post("/auth/resend-verification").bearer(&token).send().await;
    proven.assert_refused(409, "conflict", "the link came by e-mail, so the address is proven");
    let log = api.get("/audit?limit=200").bearer(&token).send().await;
    for action in ["user.forgot_password", "user.reset_password"] {
        assert!(log.text.contains(action), "{action}: {}", log.text);
    }
    assert!(!log.text.contains(&link) && !log.text.contains(HOME), "{}", log.text);
    system.assert_nowhere(&[&link, CHOSEN]).await;
}

/// Everything in which two answers could differ, except the request id and the time.
fn observable(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let passing = ["x-request-id", "date", "retry-after"];
    let headers = answer.headers.iter().filter(|(name, _)| !passing.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, answer.body.clone(), headers.collect())
}

/// What stands in each table, as counts.
async fn rows(system: &TestSystem) -> Vec<(String, i64)> {
    system.db.contents().await.into_iter().map(|(table, (rows, _))| (table, rows)).collect()
}

#[tokio::test]
async fn an_unknown_address_gets_the_same_answer_after_the_same_work_and_no_e_mail() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    // The first message on a queue of the platform's adds its turn.
    forgot(&api, "first@tenant.test").await;
    system.pump().await;
    let mut seen = Vec::new();
    for email in [HOME, "unknown@tenant.test", " HOME@Tenant.test ", "unknown@tenant.test"] {
        let before = rows(&system).await;
        let answer = forgot(&api, email).await;
        let after = rows(&system).await;
        let added: Vec<(String, i64)> = before
            .into_iter()
            .zip(after)
            .map(|((table, before), (_, after))| (table, after - before))
            .filter(|(_, more)| *more != 0)
            .collect();
        seen.push((observable(&answer), added));
    }
    assert_eq!(seen[0], seen[1], "the first request for an address");
    assert_eq!(seen[2], seen[3], "the second one");
    assert_eq!(seen[0].0.0, 202);
    system.pump().await;
    assert_eq!(links(&system).len(), 2);
    assert!(system.emails_to("unknown@tenant.test").is_empty());
    let listed = api.get("/admin/mail?limit=200").bearer(&super_admin(&api).await).send().await;
    assert!(!listed.text.contains("unknown@tenant.test"), "{}", listed.text);
    for text in ["", "home", "home@", "a b@c.d"] {
        forgot(&api, text).await.assert_invalid("email", text);
    }
}

#[tokio::test]
async fn a_link_is_good_for_an_hour_and_ends_when_another_is_made() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    let first = new_link(&system, &api).await;
    let second = new_link(&system, &api).await;
    choose(&api, &first, CHOSEN).await.assert_refused(422, "not-possible", "the one before");
    system.clock.advance(SignedDuration::from_mins(61));
    choose(&api, &second, CHOSEN).await.assert_refused(422, "not-possible", "after an hour");
    let third = new_link(&system, &api).await;
    choose(&api, &third, "password")
        .await
        .assert_invalid("password", "a common one leaves the link as it is");
    system.clock.advance(SignedDuration::from_mins(58));
    choose(&api, &third, CHOSEN).await.success();
    assert_eq!(login(&api, CHOSEN).await.status, 200);
}

#[tokio::test]
async fn of_requests_with_one_link_at_once_one_sets_the_password() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    let link = new_link(&system, &api).await;
    let passwords: Vec<String> = (0..6).map(|number| format!("password-number-{number}")).collect();
    let answers = join_all(passwords.iter().map(|password| choose(&api, &link, password))).await;
    let set: Vec<usize> = (0..6).filter(|number| answers[*number].status == 200).collect();
    assert_eq!(set.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 422)), "{answers:?}");
    assert_eq!(login(&api, &passwords[set[0]]).await.status, 200);
    system.pump().await;
    let told =
        system.emails_to(HOME).iter().filter(|email| email.contains("Your password was changed")).count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_mail_scanner_that_opens_the_link_changes_nothing() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    let link = new_link(&system, &api).await;
    for path in ["set-password", "set-password.js", "verify-email", "verify-email.js"] {
        for query in [String::new(), format!("?{link}"), format!("?secret={link}")] {
            assert_eq!(api.get(&format!("/auth/{path}{query}")).send().await.status, 200, "{path}");
        }
    }
    choose(&api, &link, CHOSEN).await.success();
}

#[tokio::test]
async fn a_link_leads_to_the_public_address_whatever_host_the_request_names() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    for header in ["host", "x-forwarded-host", "forwarded", "origin", "referer"] {
        let call = api.post("/auth/forgot-password").header(header, "evil.test");
        call.json(&json!({ "email": HOME })).send().await;
    }
    system.pump().await;
    let emails = system.emails_to(HOME);
    assert!(emails.len() > 1);
    for email in emails {
        assert!(!email.contains("evil.test"), "{email}");
        assert!(email.contains(&format!("{}/auth/", system.machine.public_url)), "{email}");
    }
}

#[tokio::test]
async fn requests_are_limited_by_source_and_e_mails_by_address() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    tenant_actor(&api, "home").await;
    let of_source = join_all((0..OF_SOURCE + 5).map(|number| {
        let api = &api;
        async move { forgot(api, &format!("{number}@flood.test")).await }
    }))
    .await;
    let taken = of_source.iter().filter(|answer| answer.status == 202).count();
    // A minute may pass on a slow machine.
    assert!((OF_SOURCE..OF_SOURCE + 3).contains(&taken), "{taken}");
    let refused = of_source.iter().find(|answer| answer.status == 429).unwrap();
    refused.assert_refused(429, "too-many-requests", "the source asked too often");
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // From everywhere, for an hour and a bit less.
    for minute in 0..59_u8 {
        let elsewhere = RawApi::from(Ipv4Addr::new(127, 0, 0, minute + 2).into(), &system);
        assert_eq!(forgot(&elsewhere, HOME).await.status, 202, "the answer stays the same");
        system.pump().await;
        system.clock.advance(SignedDuration::from_mins(1));
    }
    let sent = links(&system).len();
    assert!((2..=5).contains(&sent), "{sent}");
    system.clock.advance(SignedDuration::from_hours(3));
    system.sweep().await;
    assert_eq!(system.db.contents().await["email_requests"].0, 0, "and nothing stays of it");
}

#[tokio::test]
async fn a_user_of_a_suspended_business_gets_a_link_and_one_of_an_erased_business_does_not() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    suspend(&system, home.tenant_id()).await;
    assert_eq!(forgot(&api, HOME).await.status, 202);
    system.pump().await;
    assert_eq!(links(&system).len(), 1, "it can be read");
    system.db.execute("UPDATE tenants SET state = 'ERASED' WHERE slug = 'home'").await;
    system.leaves_unaudited("an erasure takes more than the state");
    assert_eq!(forgot(&api, HOME).await.status, 202);
    system.pump().await;
    assert_eq!(links(&system).len(), 1, "there is nothing to log in to");
}
