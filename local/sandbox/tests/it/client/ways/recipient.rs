//! Whoever cannot get a message.

use domain::Category;
use meta::send::Recipient;
use meta::templates::OtpKind;
use serde_json::json;

use super::{Met, REFUSED, say};
use crate::client::offered::{code_content, code_message};
use crate::client::pair::{Pair, filled, hello, new_template, phone, user};

pub(in crate::client) async fn oneself(pair: &Pair) -> Vec<Met> {
    text_to(pair, &pair.sandbox.account.phone).await
}

pub(in crate::client) async fn text_to(pair: &Pair, to: &str) -> Vec<Met> {
    vec![Met::Send(pair.say(to, REFUSED).await)]
}

/// To one who has had enough from the first, and to one who says so.
pub(in crate::client) async fn marketing_to(pair: &Pair, to: &str) -> Vec<Met> {
    pair.offer("news", Category::Marketing).await;
    let magic = pair.fill(phone(to), filled("news", &[]), REFUSED).await;
    let other = "+4915187654321";
    pair.sandbox.order("preferences", &json!({ "from": other, "value": "stop" })).await;
    let stopped = pair.fill(phone(other), filled("news", &[]), REFUSED).await;
    vec![Met::Send(magic), Met::Send(stopped)]
}

pub(in crate::client) async fn stranger(pair: &Pair) -> Vec<Met> {
    let magic = Met::Send(pair.say("+15550000013", REFUSED).await);
    pair.sandbox.order("limits", &json!({ "window": "refuse" })).await;
    vec![magic, say(pair).await]
}

pub(in crate::client) async fn code_to_user(pair: &Pair) -> Vec<Met> {
    let template = new_template("code", Category::Authentication, code_content(OtpKind::CopyCode));
    pair.client.create_template(&pair.token, &pair.waba, &template).await.expect("a template");
    vec![Met::Send(pair.fill(user(), code_message("code"), REFUSED).await)]
}

pub(in crate::client) async fn group(pair: &Pair) -> Vec<Met> {
    let group = Recipient::Group("a group".to_owned());
    vec![Met::Send(pair.send(group, hello(), REFUSED).await.outcome)]
}
