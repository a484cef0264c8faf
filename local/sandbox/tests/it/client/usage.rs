//! What the sandbox's headers say of quotas, as the client hands it on and the reader understands it.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use meta::{ErrorClass, Load, TemplateQuery, Usage, UsageHeaders};
use serde_json::json;

use super::pair::{ANYBODY, Pair, class, wamid};

/// What the client told of quotas, in order.
type Heard = Arc<Mutex<Vec<UsageHeaders>>>;

async fn listening() -> (Pair, Heard) {
    let mut pair = Pair::open().await;
    let heard = Heard::default();
    let told = Arc::clone(&heard);
    pair.client = pair.client.observing(move |usage| told.lock().expect("nobody panicked").push(usage));
    (pair, heard)
}

fn last(heard: &Heard) -> Usage {
    Usage::told(heard.lock().expect("nobody panicked").last().expect("something was told"))
}

#[tokio::test]
async fn the_usage_of_management_calls_is_read_as_it_grows() {
    let (pair, heard) = listening().await;
    pair.stage.order("limits", &json!({ "management": { "perHour": 10 } })).await;
    let mut loads = Vec::new();
    for _ in 0..3 {
        pair.client.phone_numbers(&pair.token, &pair.waba).await.expect("numbers");
        let usage = last(&heard);
        let [business] = usage.business.as_slice() else { panic!("one kind of call: {usage:?}") };
        assert_eq!((business.object.as_str(), business.kind.as_str()), (pair.waba.as_str(), "whatsapp"));
        assert_eq!(usage.app, Some(business.load), "the app has this account alone");
        assert_eq!((business.regain, usage.asked_wait()), (None, None), "there is room");
        loads.push(business.load.call_count);
    }
    assert!(loads.windows(2).all(|pair| pair[1] == pair[0] + 10), "a call is a tenth: {loads:?}");
}

#[tokio::test]
async fn a_used_up_quota_says_how_long_to_wait() {
    let (pair, heard) = listening().await;
    pair.stage.order("limits", &json!({ "management": { "perHour": 1 } })).await;
    let query = TemplateQuery::everything(None);
    let refused = pair.client.list_templates(&pair.token, &pair.waba, &query).await;
    assert_eq!(class(refused), ErrorClass::ThrottleApp);
    let usage = last(&heard);
    assert_eq!(usage.business[0].load, Load { call_count: 100, total_time: 0, total_cputime: 0 });
    let wait = usage.asked_wait().expect("a wait");
    assert!((SignedDuration::from_mins(1)..=SignedDuration::from_mins(60)).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_send_says_nothing_of_the_quota_of_management_calls() {
    let (pair, heard) = listening().await;
    wamid(&pair.say(ANYBODY, "sent").await);
    assert_eq!(*heard.lock().expect("nobody panicked"), []);
}
