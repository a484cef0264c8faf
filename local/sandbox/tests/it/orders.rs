//! The other orders: the oracle, statuses by hand, the switches, the lists, the reset.

use serde_json::{Value, json};

use crate::support::{Caller, Stage, begin, options};

const TO: &str = "+4915112345678";

#[tokio::test]
async fn the_oracle_is_read_in_pages() {
    let stage = Stage::open().await;
    for place in 1..=5 {
        stage.send(TO, &format!("attempt {place}")).await.wamid();
    }
    let mut read = Vec::new();
    let mut after = 0;
    loop {
        let page = stage.caller.look(&format!("acceptances?after={after}&limit=2")).await.expect_status(200);
        let list = page["acceptances"].as_array().expect("a page is a list").clone();
        assert!((1..=2).contains(&list.len()));
        assert_eq!(page["total"], 5);
        read.extend(list);
        after = page["next"].as_u64().expect("a page says where the next begins");
        if page["more"] == false {
            break;
        }
    }
    let indices: Vec<u64> = read.iter().filter_map(|one| one["index"].as_u64()).collect();
    assert_eq!(indices, [1, 2, 3, 4, 5]);
    let first = &read[0];
    assert_eq!((&first["attemptId"], &first["to"]), (&json!("attempt 1"), &json!(TO)));
    assert_eq!(first["phoneNumberId"], stage.account.phone_id);
    assert!(first["wamid"].is_string() && first["time"].as_str().is_some_and(|time| time.ends_with('Z')));
    let beyond = stage.caller.look("acceptances?after=99").await.expect_status(200);
    assert_eq!((&beyond["acceptances"], &beyond["next"]), (&json!([]), &json!(99)));
    stage.caller.look("acceptances?after=soon").await.expect_status(400);
    stage.caller.look("acceptances?since=1").await.expect_status(400);
}

#[tokio::test]
async fn a_status_is_told_by_hand_as_often_as_ordered() {
    let stage = Stage::open().await;
    stage.caller.order("auto", r#"{"on":false}"#).await.expect_status(200);
    let wamid = stage.send(TO, "attempt").await.wamid();
    let order = json!({ "wamid": wamid, "status": "delivered", "copies": 50 }).to_string();
    assert_eq!(stage.caller.order("statuses", &order).await.expect_status(200), json!({ "queued": 50 }));
    assert_eq!(stage.receiver.words_of(&wamid, 50).await, vec!["delivered"; 50]);
    assert_eq!(stage.receiver.hooks().len(), 1, "all of them in one POST");

    let order = json!({ "wamid": wamid, "status": "failed", "errorCode": 131_049, "omitOpaque": true, "delayMs": 20 });
    stage.caller.order("statuses", &order.to_string()).await.expect_status(200);
    stage.receiver.words_of(&wamid, 51).await;
    let failed = stage.receiver.statuses().pop().expect("the last of them");
    assert_eq!((failed.word.as_str(), failed.error, failed.opaque), ("failed", Some(131_049), None));
}

#[tokio::test]
async fn a_status_by_hand_needs_a_message_and_somebody_to_hear_it() {
    let stage = Stage::open().await;
    let wamid = stage.send(TO, "attempt").await.wamid();
    for (order, status) in [
        (json!({ "wamid": "wamid.unknown", "status": "read" }), 404),
        (json!({ "wamid": wamid, "status": "lost" }), 400),
        (json!({ "wamid": wamid, "status": "read", "copies": 0 }), 400),
        (json!({ "wamid": wamid, "status": "read", "copies": 101 }), 400),
        (json!({ "wamid": wamid, "status": "read", "delayMs": 86_400_001 }), 400),
        (json!({ "wamid": wamid, "status": "read", "why": "" }), 400),
    ] {
        stage.caller.order("statuses", &order.to_string()).await.expect_status(status);
    }
    let deaf = begin(options(None, None)).await;
    let caller = Caller::new(&deaf.base_url());
    let account = caller.connect("a code").await;
    let wamid = caller.send(&account, "+15550000001", "attempt").await.wamid();
    let order = json!({ "wamid": wamid, "status": "read" }).to_string();
    caller.order("statuses", &order).await.expect_status(409);
    assert_eq!(caller.look("webhooks").await.expect_status(200)["pending"], 0);
}

#[tokio::test]
async fn automatic_statuses_are_switched_off_doubled_and_shuffled() {
    let stage = Stage::open().await;
    let auto = stage.caller.order("auto", r#"{"on":false}"#).await.expect_status(200);
    assert_eq!(auto, json!({ "on": false, "delayMs": 0, "shuffle": false, "duplicate": false }));
    let silent = stage.send(TO, "silent").await.wamid();
    stage.caller.order("auto", r#"{"on":true,"duplicate":true}"#).await.expect_status(200);
    let doubled = stage.send(TO, "doubled").await.wamid();
    let told = stage.receiver.words_of(&doubled, 6).await;
    assert_eq!(told, ["sent", "sent", "delivered", "delivered", "read", "read"]);
    assert_eq!(stage.receiver.words(&silent), Vec::<String>::new());

    stage.caller.order("auto", r#"{"shuffle":true,"duplicate":false}"#).await.expect_status(200);
    let mut orders = Vec::new();
    for place in 0..20 {
        let wamid = stage.send(TO, &format!("shuffled {place}")).await.wamid();
        let mut told = stage.receiver.words_of(&wamid, 3).await;
        orders.push(told.clone());
        told.sort_unstable();
        assert_eq!(told, ["delivered", "read", "sent"], "nothing is lost by shuffling");
    }
    orders.sort_unstable();
    orders.dedup();
    assert!(orders.len() > 2, "several orders: {orders:?}");
    stage.caller.order("auto", r#"{"loud":true}"#).await.expect_status(400);
    stage.caller.order("auto", r#"{"delayMs":86400001}"#).await.expect_status(400);
}

#[tokio::test]
async fn accounts_show_everything_a_test_needs_to_know() {
    let stage = Stage::open().await;
    stage.caller.account("another code").await;
    let accounts = stage.caller.look("accounts").await.expect_status(200);
    let accounts = accounts["accounts"].as_array().expect("accounts are a list");
    let own = accounts.iter().find(|one| one["wabaId"] == *stage.account.waba).expect("the stage's own");
    assert_eq!((&own["registered"], &own["subscribed"]), (&json!(true), &json!(true)));
    let other = accounts.iter().find(|one| one["wabaId"] != *stage.account.waba).expect("the other");
    assert_eq!((&other["registered"], &other["subscribed"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn the_reset_forgets_everything_but_accounts_and_templates() {
    let stage = Stage::open().await;
    let template = json!({
        "name": "first", "language": "en", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Your order is on its way." }],
    });
    let template = stage.caller.create(&stage.account, &template).await;
    let before = stage.send(TO, "before").await.wamid();
    stage.receiver.words_of(&before, 3).await;
    stage.caller.order("auto", r#"{"delayMs":3600000,"duplicate":true}"#).await.expect_status(200);
    stage.caller.order("faults", r#"{"kind":"status","times":5}"#).await.expect_status(200);
    let order = json!({ "wamid": before, "status": "read", "delayMs": 3_600_000 }).to_string();
    stage.caller.order("statuses", &order).await.expect_status(200);
    assert_eq!(stage.caller.look("webhooks").await.expect_status(200)["pending"], 1);

    let reset = stage.caller.request(reqwest::Method::DELETE, "/sandbox");
    crate::support::caller::read(reset).await.expect_status(200);
    assert_eq!(stage.caller.acceptances().await, Vec::<Value>::new());
    let webhooks = stage.caller.look("webhooks").await.expect_status(200);
    assert_eq!(webhooks, json!({ "pending": 0, "delivered": 0, "lastError": null }));
    stage.caller.get(&stage.account.token, &format!("/{template}")).await.expect_status(200);
    assert_eq!(stage.send(TO, "early").await.expect_error(400), 131_047, "by the default limits");
    let after = stage.send("+15550000001", "after").await.wamid();
    assert_eq!(stage.receiver.words_of(&after, 3).await.len(), 3, "by the default switches");
    assert_eq!(stage.caller.acceptances().await[0]["index"], 2, "the count goes on");
}

#[tokio::test]
async fn a_status_may_be_priced_by_hand() {
    let stage = Stage::open().await;
    stage.caller.order("auto", r#"{"on":false}"#).await.expect_status(200);
    let wamid = stage.send(TO, "attempt").await.wamid();
    let pricing = json!({ "billable": false, "pricing_model": "PMP", "type": "free_entry_point", "category": "utility" });
    let conversation = json!({ "id": "1", "origin": { "type": "referral_conversion" } });
    let order = json!({ "wamid": wamid, "status": "read", "pricing": pricing, "conversation": conversation });
    stage.order("statuses", &order).await;
    stage.receiver.words_of(&wamid, 1).await;
    let raw = stage.receiver.statuses()[0].raw.clone();
    assert_eq!((&raw["pricing"], &raw["conversation"]), (&pricing, &conversation));
}
