//! Text of any size in a webhook, from the signed request through the queue to the rows: what cannot be stored is kept aside
//! alone, and the statuses beside it are applied. No text is readable on the queue or among the dead letters.

use cloud::Queue;
use jiff::SignedDuration;
use one_machine::Policy;
use serde_json::{Value, json};

use super::raw_api::RawApi;
use super::webhook_signature::{post_signed, webhook};
use crate::test_system::TestSystem;

/// Stands in a body for the text that is put there.
const PLACE: &str = "the place";
/// Units of text as JSON writes them: plain, astral, U+0000, a lone surrogate.
const UNITS: [&str; 4] = ["x", "\u{1F600}", "\\u0000", "\\ud800"];

fn examples() -> Vec<Value> {
    let folder = std::fs::read_dir(testkit::workspace().join("events/webhooks")).unwrap();
    let files = folder.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.map(|bytes| serde_json::from_slice(&bytes).unwrap()).collect()
}

/// The paths of every text and number, and of every object as the place of a new member.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| places(value, &format!("{path}/{key}"), found));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(i, value)| places(value, &format!("{path}/{i}"), found));
        }
        Value::String(_) | Value::Number(_) => found.push(path.to_owned()),
        Value::Null | Value::Bool(_) => {}
    }
}

/// One entry for each place of an example, with the text there and the tenant's number and account around it.
fn damaged(example: &Value, number: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    places(&example["entry"][0], "", &mut found);
    let entry_with = |path: &String| {
        let mut entry = example["entry"][0].clone();
        if let Some(id) = entry.pointer_mut("/changes/0/value/metadata/phone_number_id") {
            *id = json!(number);
        }
        *entry.pointer_mut(path).unwrap() = json!(PLACE);
        entry.to_string().replacen(&format!("\"{PLACE}\""), &format!("\"{text}\""), 1)
    };
    found.iter().map(entry_with).collect()
}

fn delivered(number: &str, wamid: &str) -> String {
    let status = json!({ "id": wamid, "status": "delivered", "timestamp": "1750000000" });
    serde_json::from_str::<Value>(&webhook(number, &[status])).unwrap()["entry"][0].to_string()
}

#[tokio::test]
async fn an_id_that_no_index_takes_does_not_stop_the_statuses_beside_it() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.234").await;
    system.pump().await;
    let connected = tenant.client.post("/whatsapp/connect", &json!({ "code": tenant.id })).await.unwrap();
    let number = connected.success().unwrap()["phoneNumbers"][0]["id"].as_str().unwrap().to_owned();
    for (size, unit) in [0, 1, 512, 513, 3_000].into_iter().flat_map(|size| UNITS.map(|unit| (size, unit))) {
        let id = tenant.send("+15550000003").await;
        system.pump().await;
        let wamid = tenant.message(&id).await["wamid"].as_str().unwrap().to_owned();
        let text = unit.repeat(size);
        let mut entries: Vec<String> =
            examples().iter().flat_map(|example| damaged(example, &number, &text)).collect();
        entries.insert(entries.len() / 2, delivered(&number, &wamid));
        let body = format!(r#"{{"object":"whatsapp_business_account","entry":[{}]}}"#, entries.join(","));
        assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200, "{size} {unit}");
        system.pump().await;
        assert_eq!(tenant.message(&id).await["status"], "DELIVERED", "{size} {unit}");
        assert_eq!(system.machine.queues.depths().await.unwrap(), (0, 0), "{size} {unit}");
    }
    let id = tenant.send("+15550000003").await;
    system.pump().await;
    let wamid = tenant.message(&id).await["wamid"].as_str().unwrap().to_owned();
    let long = "y".repeat(300_000);
    let odd = |id: &str| json!({ "id": id, "status": "read" });
    for odd in [
        odd(&long),
        json!({ "id": "wamid.odd", "status": long }),
        json!({ "id": "wamid.odd", "status": "failed",
        "errors": [{ "code": 131_026, "title": long }] }),
    ] {
        let status = json!({ "id": wamid, "status": "read", "timestamp": "1750000000" });
        let body = webhook(&number, &[odd, status]);
        assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200);
    }
    system.pump().await;
    assert_eq!(tenant.message(&id).await["status"], "READ");
    assert_eq!(system.machine.queues.depths().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn what_people_write_is_not_readable_on_the_queue_nor_among_the_dead_letters() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages",
        "value": {
            "metadata": { "display_phone_number": "15550000000", "phone_number_id": "77" },
            "contacts": [{ "profile": { "name": "Annabel" }, "wa_id": "4915155501234" }],
            "messages": [{ "id": "wamid.HB", "from": "4915155501234", "type": "text", "timestamp": "1750000000",
                           "text": { "body": "my secret diagnosis" } }],
        },
    }] }] })
    .to_string();
    assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200);
    let policy = Policy { visibility: SignedDuration::ZERO, receives_max: 1, batch_max: 10 };
    let received = system.machine.queues.receive(Queue::Updates, policy).await.unwrap();
    assert_eq!(received.len(), 1);
    for personal in ["Annabel", "4915155501234", "diagnosis", "wamid", "inbound"] {
        assert!(!received[0].body.contains(personal), "{personal}: {}", received[0].body);
    }
    // Received too often, it is a dead letter with the same body, which is applied once it is sent again.
    system.clock.advance(SignedDuration::from_secs(1));
    assert!(system.machine.queues.receive(Queue::Updates, policy).await.unwrap().is_empty());
    assert_eq!(system.machine.queues.depths().await.unwrap(), (0, 1));
    system
        .db
        .execute(&format!(
            "DO $$ BEGIN ASSERT (SELECT body FROM dead_letters) = '{}'; END $$;
             INSERT INTO queue_messages (queue, message_id, body, group_id, sent_at, visible_at)
             SELECT queue, message_id, body, group_id, sent_at, sent_at FROM dead_letters;
             DELETE FROM dead_letters",
            received[0].body
        ))
        .await;
    let before = system.db.contents().await["kept_updates"].0;
    system.pump().await;
    assert_eq!(system.db.contents().await["kept_updates"].0, before + 1);
    assert_eq!(system.machine.queues.depths().await.unwrap(), (0, 0));
}
