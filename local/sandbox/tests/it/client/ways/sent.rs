//! Templates that cannot be sent, or not so.

use domain::Category;
use meta::send::TemplateMessage;
use meta::templates::TemplateContent;
use serde_json::json;

use super::{Met, REFUSED};
use crate::client::pair::{ANYBODY, Pair, filled, new_template, phone};

async fn send(pair: &Pair, message: TemplateMessage) -> Met {
    Met::Send(pair.fill(phone(ANYBODY), message, REFUSED).await)
}

async fn offer_greeting(pair: &Pair) {
    let content = TemplateContent::of_body("Hello {{1}}, your order is here.", &["Ada".to_owned()]);
    let template = new_template("greeting", Category::Utility, content);
    pair.client.create_template(&pair.token, &pair.waba, &template).await.expect("a template");
}

/// A value too few, one too many, and one that cannot be.
pub(in crate::client) async fn too_few(pair: &Pair) -> Vec<Met> {
    offer_greeting(pair).await;
    let mut met = Vec::new();
    for texts in [&[][..], &["Bob", "more"], &["Bob\nand more"]] {
        met.push(send(pair, filled("greeting", texts)).await);
    }
    met
}

/// One that was never made, one that waits for review, and one that was rejected.
pub(in crate::client) async fn missing(pair: &Pair) -> Vec<Met> {
    let mut met = vec![send(pair, filled("nothing", &[])).await];
    for (name, status) in [("waits", "PENDING"), ("rejected", "REJECTED")] {
        pair.sandbox.order("reviews", &json!({ "status": status })).await;
        pair.offer(name, Category::Utility).await;
        met.push(send(pair, filled(name, &[])).await);
    }
    met
}

pub(in crate::client) async fn too_long(pair: &Pair) -> Vec<Met> {
    offer_greeting(pair).await;
    vec![send(pair, filled("greeting", &[&"x".repeat(1_024)])).await]
}

pub(in crate::client) async fn in_status(pair: &Pair, status: &str) -> Vec<Met> {
    let id = pair.offer("news", Category::Utility).await;
    pair.sandbox.order("templates", &json!({ "id": id, "status": status })).await;
    vec![send(pair, filled("news", &[])).await]
}

pub(in crate::client) async fn marketing_disabled(pair: &Pair) -> Vec<Met> {
    pair.offer("news", Category::Marketing).await;
    pair.sandbox.order("accounts", &json!({ "state": "MARKETING_DISABLED" })).await;
    vec![send(pair, filled("news", &[])).await]
}
