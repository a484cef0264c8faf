//! The log of a flow with failures, as it is written on AWS: every line is a sentence with fields, each once, and shows
//! nothing personal.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

use cloud::Queue;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};

use crate::http::raw_api::RawApi;
use crate::http::webhook_signature::{post_signed, webhook};
use crate::test_system::TestSystem;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The members of a line as they are written, also one that occurs twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Line)
    }
}

struct Line;

impl<'de> Visitor<'de> for Line {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Sends to recipients that fail in every way, and receives statuses and messages that belong to nothing.
async fn play(system: &TestSystem) -> Vec<String> {
    let api = RawApi::of(system);
    let tenant = system.tenant("acme", "10.00").await;
    let mut ids = Vec::new();
    for recipient in [1, 2, 4, 5, 6, 9] {
        ids.push(tenant.send(&format!("+1555000000{recipient}")).await);
    }
    system.pump().await;
    let connected = tenant.client.post("/whatsapp/connect", &json!({ "code": tenant.id })).await.unwrap();
    let number = connected.success().unwrap()["phoneNumbers"][0]["id"].as_str().unwrap().to_owned();
    let strange = |id: &str| json!({ "id": id, "status": "read", "timestamp": "1750000000", "recipient_id": "15550000002" });
    let wamid = tenant.message(&ids[0]).await["wamid"].as_str().unwrap().to_owned();
    for number in [number.as_str(), "404"] {
        let body = webhook(number, &[strange("wamid.strange"), strange(&wamid)]);
        assert_eq!(post_signed(system, &api, body.as_bytes()).await.status, 200);
    }
    let mut inbound: Value = serde_json::from_str(&webhook(&number, &[])).unwrap();
    inbound["entry"][0]["changes"][0]["value"]["messages"] =
        json!([{ "id": "wamid.in", "from": "15550000002", "type": "text", "text": { "body": "my secret" } }]);
    assert_eq!(post_signed(system, &api, inbound.to_string().as_bytes()).await.status, 200);
    let poison = cloud::Message::new(cloud::Group::named("g"), "my secret +15550000002".to_owned());
    system
        .machine
        .platform
        .cloud
        .queues
        .send(Queue::Updates, vec![poison], std::time::Duration::ZERO)
        .await
        .unwrap();
    for _ in 0..6 {
        system.clock.advance(jiff::SignedDuration::from_mins(2));
        system.work_once().await;
        system.sweep().await;
    }
    system.pump().await;
    ids
}

#[tokio::test]
async fn every_line_of_a_flow_is_a_sentence_with_its_message_and_nothing_personal() {
    let written = Written::default();
    let writer = written.clone();
    // The test's runtime has one thread, which is the only one that this log is of.
    let log = tracing::subscriber::set_default(runtime::json_lines("info", move || writer.clone()));
    let system = TestSystem::start().await;
    let ids = play(&system).await;
    drop(log);
    let bytes = written.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    for personal in ["1555000000", "my secret", "\"Ann\"", "@tenant.test", "wamid."] {
        let line = text.lines().find(|line| line.contains(personal));
        assert_eq!(line, None, "{personal} is in the log");
    }
    let mut about_messages = 0;
    for line in text.lines() {
        let Members(members) = serde_json::from_str(line).unwrap();
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        let has = |name: &str| members.iter().any(|(member, _)| member == name);
        let sentence = members.iter().find(|(name, _)| name == "message").unwrap().1.as_str().unwrap();
        assert!(!sentence.contains(|c: char| c.is_ascii_digit()), "an id in place of the sentence: {line}");
        assert!(!has("attempt_id") || has("message_id"), "no message: {line}");
        about_messages += usize::from(has("message_id"));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "a field occurs twice: {line}");
    }
    assert!(about_messages > 0, "{text}");
    assert!(ids.iter().any(|id| text.contains(id.as_str())), "a message is found by its id");
}

#[tokio::test]
async fn the_sweeper_says_nothing_about_statuses_that_stay_parked() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.00").await;
    system.pump().await;
    let connected = tenant.client.post("/whatsapp/connect", &json!({ "code": tenant.id })).await.unwrap();
    let number = connected.success().unwrap()["phoneNumbers"][0]["id"].as_str().unwrap().to_owned();
    let statuses: Vec<Value> =
        (0..40_001).map(|id| json!({ "id": format!("wamid.{id}"), "status": "read" })).collect();
    assert_eq!(post_signed(&system, &api, webhook(&number, &statuses).as_bytes()).await.status, 200);
    system.pump().await;
    assert_eq!(system.db.contents().await["parked_updates"].0, 40_001);
    system.clock.advance(jiff::SignedDuration::from_mins(2));
    // What connecting left to do.
    system.sweep().await;
    for _ in 0..10 {
        system.clock.advance(jiff::SignedDuration::from_mins(1));
        let swept = system.sweep().await;
        assert_eq!((swept.parked, swept.failed), (0, 0));
        assert_eq!(
            swept,
            ops::recovery::sweep::Swept::default(),
            "a sweep that changed nothing says nothing"
        );
    }
    system.clock.advance(jiff::SignedDuration::from_hours(9 * 24));
    assert_eq!(system.sweep().await.parked, 40_001);
    let contents = system.db.contents().await;
    assert_eq!(contents["parked_updates"].0, 0);
    assert!(contents["kept_updates"].0 >= 40_001);
}
