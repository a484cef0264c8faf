//! What a plan allows, and what a tenant is told beyond it (I31).

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::actors::{TenantActor, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{Tenant, TestSystem};

const RACERS: usize = 40;

fn contacts(from: usize, count: usize) -> Value {
    let row = |index: usize| json!({ "phone": format!("+1555{:07}", 3_000_000 + from + index) });
    json!({ "contacts": (0..count).map(row).collect::<Vec<Value>>() })
}

async fn import(api: &RawApi, home: &TenantActor, body: &Value) -> Answer {
    api.post("/contacts/import").bearer(&home.token).json(body).send().await
}

/// How many were answered with each status.
fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    answers.iter().fold(BTreeMap::new(), |mut counts, answer| {
        *counts.entry(answer.status).or_default() += 1;
        counts
    })
}

#[tokio::test]
async fn an_import_that_does_not_fit_is_refused_whole_and_says_how_many_fit() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    system.allow("contacts_max", 10).await;
    let refused = import(&api, &home, &contacts(0, 12)).await;
    refused.assert_refused(403, "plan-limit", "12 beside one, of 10");
    let told = ["limit", "plan", "used", "max"].map(|member| refused.body[member].clone());
    assert_eq!(told, [json!("contacts"), json!("Starter"), json!(1), json!(10)]);
    assert_eq!(
        refused.body["detail"],
        "The plan Starter allows 10 contacts, and 1 are used: 9 more can be added, and not 12. Import fewer contacts, or ask \
         for a larger plan."
    );
    assert_eq!(home.contacts(&api).await.len(), 1, "nothing half done");
    assert_eq!(import(&api, &home, &contacts(0, 9)).await.success()["imported"], 9);
    // Nobody in it is new.
    assert_eq!(import(&api, &home, &contacts(0, 9)).await.success()["skipped"], 9);
    import(&api, &home, &contacts(9, 1)).await.assert_refused(403, "plan-limit", "one more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_imports_and_forty_templates_at_once_fill_the_plan_and_no_more() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    system.allow("contacts_max", 11).await;
    let answers =
        join_all((0..RACERS).map(async |racer| import(&api, &home, &contacts(racer, 1)).await)).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(200, 10), (403, 30)]));
    assert_eq!(home.contacts(&api).await.len(), 11);

    system.allow("templates_max", 11).await;
    let create = async |racer: usize| {
        let template = json!({ "name": format!("t{racer}"), "content": "Hello!" });
        api.post("/templates").bearer(&home.token).json(&template).send().await
    };
    let answers = join_all((0..RACERS).map(create)).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(201, 10), (403, 30)]));
    let refused = answers.iter().find(|answer| answer.status == 403).unwrap();
    assert_eq!((&refused.body["limit"], &refused.body["used"]), (&json!("templates"), &json!(11)));
}

#[tokio::test]
async fn a_second_number_that_the_plan_does_not_allow_is_not_registered_at_meta() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let registered = async || {
        let accounts =
            system.http.get(format!("{}/sandbox/accounts", system.sandbox_url)).send().await.unwrap();
        accounts.text().await.unwrap().matches("\"registered\":true").count()
    };
    let before = registered().await;
    let connect = async |code: &str| {
        api.post("/whatsapp/connect").bearer(&home.token).json(&json!({ "code": code })).send().await
    };
    let refused = connect("another-account").await;
    refused.assert_refused(403, "plan-limit", "Starter allows one number");
    assert_eq!((&refused.body["limit"], &refused.body["used"]), (&json!("phoneNumbers"), &json!(1)));
    assert_eq!(registered().await, before);
    // The one that it has.
    assert_eq!(connect(&home.tenant).await.status, 200);
    system.allow("phone_numbers_max", 2).await;
    assert_eq!(connect("another-account").await.status, 200);
}

/// A tenant as its next login finds it: the token of the last one has ended.
async fn login_again(system: &TestSystem, tenant: &Tenant) -> Tenant {
    let client = system.anonymous().with_token(&system.token(tenant).await);
    Tenant { client, ..tenant.clone() }
}

fn next_month(now: Timestamp) -> Timestamp {
    let first: Date = now.to_zoned(TimeZone::UTC).date().first_of_month();
    (first + 1.month()).to_zoned(TimeZone::UTC).unwrap().timestamp()
}

#[tokio::test]
async fn what_is_beyond_the_month_waits_says_until_when_costs_nothing_and_goes_on_the_first() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    system.allow("messages_per_month", 2).await;
    // A refund at the turn of the month would blur whose month it is.
    let is_late =
        next_month(system.clock.now()).duration_since(system.clock.now()) < SignedDuration::from_hours(2);
    if is_late {
        system.clock.advance(SignedDuration::from_hours(2));
    }
    let tenant = login_again(&system, &tenant).await;
    let mut messages = Vec::new();
    for index in 1..=3 {
        messages.push(tenant.send(&format!("+1555000110{index}")).await);
        system.pump().await;
    }
    let ends = next_month(system.clock.now());
    let shown = tenant.message(&messages[2]).await;
    assert_eq!(
        (&shown["status"], &shown["holds"][0]["reason"]),
        (&json!("PENDING"), &json!("PLAN_LIMIT")),
        "{shown}"
    );
    assert_eq!(shown["holds"][0]["resumesAt"], json!(ends.to_string()), "{shown}");
    assert_eq!(tenant.message(&messages[1]).await["status"], "READ");
    assert_eq!(tenant.balance().await, "0.976", "two were debited");
    system.assert_clean().await;

    system.clock.advance(ends.duration_since(system.clock.now()) - SignedDuration::from_mins(20));
    system.recover().await;
    let tenant = login_again(&system, &tenant).await;
    assert_eq!(tenant.message(&messages[2]).await["status"], "PENDING", "the month is not over");
    system.clock.advance(ends.duration_since(system.clock.now()) + SignedDuration::from_secs(1));
    system.recover().await;
    let tenant = login_again(&system, &tenant).await;
    let shown = tenant.message(&messages[2]).await;
    assert_eq!((&shown["status"], &shown["holds"]), (&json!("READ"), &Value::Null), "{shown}");
    assert_eq!(tenant.balance().await, "0.964");
    system.assert_clean().await;
}
