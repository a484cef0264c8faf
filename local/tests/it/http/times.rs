//! Times to send at, as callers write them.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::actors::tenant_actor;
use super::raw_api::RawApi;
use crate::test_system::TestSystem;

#[tokio::test]
async fn an_invalid_time_is_refused_by_field_and_nothing_is_scheduled() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let year = system.clock.now().to_string()[..4].parse::<i32>().unwrap();
    for time in [
        format!("{year}-12-31T10:00:00"),
        format!("{year}-02-30T10:00:00Z"),
        format!("{year}-12-31T23:59:60Z"),
        format!("{year}1231T235960Z"),
        format!("{year}1231T100000Z"),
        format!("{year}-12-31T10:00Z"),
        format!("{year}-12-31T24:00:00Z"),
        format!("{year}-12-31"),
        format!("+00{year}-12-31T10:00:00Z"),
        format!("{year}-12-31T10:00:00+99:00"),
        format!("{year}-12-31T10:00:00Z[UTC]"),
        format!("{year}-12-31T10:00:00Z "),
        "9999-12-31T23:59:59Z".to_owned(),
        "9999-01-01T00:00:00Z".to_owned(),
        "10000-01-01T00:00:00Z".to_owned(),
        "tomorrow".to_owned(),
        "1767225600".to_owned(),
        String::new(),
        "9".repeat(10_000),
    ] {
        let mut body = home.scheduled(&system, "time");
        body["scheduleTime"] = json!(time);
        let answer = api.post("/messages/schedule").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid("scheduleTime", &time);
    }
    for time in [json!(1_767_225_600), json!(null), json!({})] {
        let mut body = home.scheduled(&system, "time");
        body["scheduleTime"] = time.clone();
        let answer = api.post("/messages/schedule").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid("scheduleTime", &time.to_string());
    }
    assert!(home.messages(&api).await.is_empty());
}

#[tokio::test]
async fn a_past_time_means_now_and_every_accepted_time_is_used() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let api = RawApi::of(&system);
    let token = system.token(&tenant).await;
    let contact = tenant.contact("+15550000001").await;
    let now = system.clock.now();
    let ahead = |seconds: i64| (now + SignedDuration::from_secs(seconds)).to_string();
    let mut accepted_ids = Vec::new();
    for (index, time) in [
        "2024-12-31T10:00:00Z".to_owned(),
        "0001-01-01T00:00:00Z".to_owned(),
        "2024-12-31t10:00:00z".to_owned(),
        "2024-12-31 10:00:00+05:30".to_owned(),
        ahead(1),
        ahead(90),
        ahead(24 * 3_600),
        ahead(366 * 24 * 3_600 - 60),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({
            "templateId": tenant.template, "contactId": contact, "scheduleTime": time,
            "idempotencyKey": index.to_string(),
        });
        let answer = api.post("/messages/schedule").bearer(&token).json(&body).send().await;
        let due: Timestamp = answer.text_of("dueAt").parse().unwrap();
        let accepted: Timestamp = answer.text_of("acceptedAt").parse().unwrap();
        match time.replace(['t', 'z'], "T").trim_end_matches('T').parse::<Timestamp>() {
            Ok(asked) if asked > accepted => assert_eq!(due, asked, "{time}"),
            Ok(_) | Err(_) => assert_eq!(due, accepted, "{time}"),
        }
        accepted_ids.push(answer.text_of("id"));
    }
    // After a whole year no message is stuck.
    for passes in [SignedDuration::ZERO, SignedDuration::from_hours(25), SignedDuration::from_hours(367 * 24)]
    {
        system.clock.advance(passes);
        system.recover().await;
    }
    let token = system.token(&tenant).await;
    for id in accepted_ids {
        let shown = api.get(&format!("/messages/{id}")).bearer(&token).send().await;
        assert_eq!(shown.success()["status"], "READ", "{id}");
    }
}
