//! The other orders: acceptances, accounts, ordered and automatic statuses, the reset.

use serde_json::{Value, json};

use crate::support::{Caller, TestSandbox, options, start_sandbox};

const TO: &str = "+4915112345678";

#[tokio::test]
async fn the_oracle_is_read_in_pages() {
    let sandbox = TestSandbox::start().await;
    for number in 1..=5 {
        sandbox.send(TO, &format!("attempt {number}")).await.wamid();
    }
    let mut read = Vec::new();
    let mut after = 0;
    loop {
        let page =
            sandbox.caller.show(&format!("acceptances?after={after}&limit=2")).await.expect_status(200);
        let list = page["acceptances"].as_array().expect("a page is a list").clone();
        assert!((1..=2).contains(&list.len()));
        assert_eq!(page["total"], 5);
        read.extend(list);
        after = page["next"].as_u64().expect("a page has `next`");
        if page["more"] == false {
            break;
        }
    }
    let indices: Vec<u64> = read.iter().filter_map(|acceptance| acceptance["index"].as_u64()).collect();
    assert_eq!(indices, [1, 2, 3, 4, 5]);
    let first = &read[0];
    assert_eq!((&first["attemptId"], &first["to"]), (&json!("attempt 1"), &json!(TO)));
    assert_eq!(first["phoneNumberId"], sandbox.account.phone_id);
    assert!(first["wamid"].is_string() && first["time"].as_str().is_some_and(|time| time.ends_with('Z')));
    let beyond = sandbox.caller.show("acceptances?after=99").await.expect_status(200);
    assert_eq!((&beyond["acceptances"], &beyond["next"]), (&json!([]), &json!(99)));
    sandbox.caller.show("acceptances?after=soon").await.expect_status(400);
    sandbox.caller.show("acceptances?since=1").await.expect_status(400);
}

#[tokio::test]
async fn an_ordered_status_is_sent_as_often_as_ordered() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.order("auto", r#"{"on":false}"#).await.expect_status(200);
    let wamid = sandbox.send(TO, "attempt").await.wamid();
    let order = json!({ "wamid": wamid, "status": "delivered", "copies": 50 }).to_string();
    assert_eq!(sandbox.caller.order("statuses", &order).await.expect_status(200), json!({ "queued": 50 }));
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 50).await, vec!["delivered"; 50]);
    assert_eq!(sandbox.receiver.posts().len(), 1, "all statuses share one POST");

    let order = json!({ "wamid": wamid, "status": "failed", "errorCode": 131_049, "omitOpaque": true, "delayMs": 20 });
    sandbox.caller.order("statuses", &order.to_string()).await.expect_status(200);
    sandbox.receiver.wait_for_statuses(&wamid, 51).await;
    let failed = sandbox.receiver.statuses().pop().expect("the last status");
    assert_eq!((failed.name.as_str(), failed.error, failed.opaque), ("failed", Some(131_049), None));
}

#[tokio::test]
async fn an_ordered_status_needs_a_message_and_a_receiver() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send(TO, "attempt").await.wamid();
    for (order, status) in [
        (json!({ "wamid": "wamid.unknown", "status": "read" }), 404),
        (json!({ "wamid": wamid, "status": "lost" }), 400),
        (json!({ "wamid": wamid, "status": "read", "copies": 0 }), 400),
        (json!({ "wamid": wamid, "status": "read", "copies": 101 }), 400),
        (json!({ "wamid": wamid, "status": "read", "delayMs": 86_400_001 }), 400),
        (json!({ "wamid": wamid, "status": "read", "why": "" }), 400),
    ] {
        sandbox.caller.order("statuses", &order.to_string()).await.expect_status(status);
    }
    let without_receiver = start_sandbox(options(None, None)).await;
    let caller = Caller::new(&without_receiver.base_url());
    let account = caller.connect("a code").await;
    let wamid = caller.send(&account, "+15550000001", "attempt").await.wamid();
    let order = json!({ "wamid": wamid, "status": "read" }).to_string();
    caller.order("statuses", &order).await.expect_status(409);
    assert_eq!(caller.show("webhooks").await.expect_status(200)["pending"], 0);
}

#[tokio::test]
async fn automatic_statuses_can_be_switched_off_doubled_and_shuffled() {
    let sandbox = TestSandbox::start().await;
    let auto = sandbox.caller.order("auto", r#"{"on":false}"#).await.expect_status(200);
    assert_eq!(auto, json!({ "on": false, "delayMs": 0, "shuffle": false, "duplicate": false }));
    let without = sandbox.send(TO, "without statuses").await.wamid();
    sandbox.caller.order("auto", r#"{"on":true,"duplicate":true}"#).await.expect_status(200);
    let doubled = sandbox.send(TO, "doubled").await.wamid();
    let statuses = sandbox.receiver.wait_for_statuses(&doubled, 6).await;
    assert_eq!(statuses, ["sent", "sent", "delivered", "delivered", "read", "read"]);
    assert_eq!(sandbox.receiver.statuses_of(&without), Vec::<String>::new());

    sandbox.caller.order("auto", r#"{"shuffle":true,"duplicate":false}"#).await.expect_status(200);
    let mut orders = Vec::new();
    for number in 0..20 {
        let wamid = sandbox.send(TO, &format!("shuffled {number}")).await.wamid();
        let mut statuses = sandbox.receiver.wait_for_statuses(&wamid, 3).await;
        orders.push(statuses.clone());
        statuses.sort_unstable();
        assert_eq!(statuses, ["delivered", "read", "sent"], "shuffling loses no status");
    }
    orders.sort_unstable();
    orders.dedup();
    assert!(orders.len() > 2, "several orders: {orders:?}");
    sandbox.caller.order("auto", r#"{"loud":true}"#).await.expect_status(400);
    sandbox.caller.order("auto", r#"{"delayMs":86400001}"#).await.expect_status(400);
}

#[tokio::test]
async fn accounts_show_whether_they_are_registered_and_subscribed() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.account("another code").await;
    let accounts = sandbox.caller.show("accounts").await.expect_status(200);
    let accounts = accounts["accounts"].as_array().expect("accounts are a list");
    let own = accounts
        .iter()
        .find(|account| account["wabaId"] == *sandbox.account.waba)
        .expect("the connected account");
    assert_eq!((&own["registered"], &own["subscribed"]), (&json!(true), &json!(true)));
    let other = accounts
        .iter()
        .find(|account| account["wabaId"] != *sandbox.account.waba)
        .expect("the other account");
    assert_eq!((&other["registered"], &other["subscribed"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn the_reset_deletes_everything_but_accounts_and_templates() {
    let sandbox = TestSandbox::start().await;
    let template = json!({
        "name": "first", "language": "en", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Your order is on its way." }],
    });
    let template = sandbox.caller.create(&sandbox.account, &template).await;
    let before = sandbox.send(TO, "before").await.wamid();
    sandbox.receiver.wait_for_statuses(&before, 3).await;
    sandbox.caller.order("auto", r#"{"delayMs":3600000,"duplicate":true}"#).await.expect_status(200);
    sandbox.caller.order("faults", r#"{"kind":"status","times":5}"#).await.expect_status(200);
    let order = json!({ "wamid": before, "status": "read", "delayMs": 3_600_000 }).to_string();
    sandbox.caller.order("statuses", &order).await.expect_status(200);
    assert_eq!(sandbox.caller.show("webhooks").await.expect_status(200)["pending"], 1);

    let reset = sandbox.caller.request(reqwest::Method::DELETE, "/sandbox");
    crate::support::caller::read(reset).await.expect_status(200);
    assert_eq!(sandbox.caller.acceptances().await, Vec::<Value>::new());
    let webhooks = sandbox.caller.show("webhooks").await.expect_status(200);
    assert_eq!(webhooks, json!({ "pending": 0, "delivered": 0, "lastError": null }));
    sandbox.caller.get(&sandbox.account.token, &format!("/{template}")).await.expect_status(200);
    assert_eq!(sandbox.send(TO, "early").await.expect_error(400), 131_047, "the default limits apply");
    let after = sandbox.send("+15550000001", "after").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&after, 3).await.len(), 3, "the default delays apply");
    assert_eq!(sandbox.caller.acceptances().await[0]["index"], 2, "the index continues");
}

#[tokio::test]
async fn an_ordered_status_can_have_its_own_pricing() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.order("auto", r#"{"on":false}"#).await.expect_status(200);
    let wamid = sandbox.send(TO, "attempt").await.wamid();
    let pricing = json!({ "billable": false, "pricing_model": "PMP", "type": "free_entry_point", "category": "utility" });
    let conversation = json!({ "id": "1", "origin": { "type": "referral_conversion" } });
    let order = json!({ "wamid": wamid, "status": "read", "pricing": pricing, "conversation": conversation });
    sandbox.order("statuses", &order).await;
    sandbox.receiver.wait_for_statuses(&wamid, 1).await;
    let raw = sandbox.receiver.statuses()[0].raw.clone();
    assert_eq!((&raw["pricing"], &raw["conversation"]), (&pricing, &conversation));
}
