//! Triggers by the recipient.

use domain::Category;
use meta::send::Recipient;
use meta::templates::OtpKind;
use serde_json::json;

use super::{REFUSED, Refusal, send_text};
use crate::client::setup::{Setup, filled, hello, new_template, phone, user};
use crate::client::template_samples::{code_content, code_message};

pub(in crate::client) async fn own_number(setup: &Setup) -> Vec<Refusal> {
    text_to(setup, &setup.sandbox.account.phone).await
}

pub(in crate::client) async fn text_to(setup: &Setup, to: &str) -> Vec<Refusal> {
    vec![Refusal::Send(setup.send_text(to, REFUSED).await)]
}

/// To a magic recipient, and to a person who stopped marketing messages.
pub(in crate::client) async fn marketing_to(setup: &Setup, to: &str) -> Vec<Refusal> {
    setup.create_template("offer", Category::Marketing).await;
    let magic = setup.send_template(phone(to), filled("offer", &[]), REFUSED).await;
    let other = "+4915187654321";
    setup.sandbox.order("preferences", &json!({ "from": other, "value": "stop" })).await;
    let stopped = setup.send_template(phone(other), filled("offer", &[]), REFUSED).await;
    vec![Refusal::Send(magic), Refusal::Send(stopped)]
}

pub(in crate::client) async fn without_window(setup: &Setup) -> Vec<Refusal> {
    let magic = Refusal::Send(setup.send_text("+15550000013", REFUSED).await);
    setup.sandbox.order("limits", &json!({ "window": "refuse" })).await;
    vec![magic, send_text(setup).await]
}

pub(in crate::client) async fn code_to_user(setup: &Setup) -> Vec<Refusal> {
    let template = new_template("code", Category::Authentication, code_content(OtpKind::CopyCode));
    setup.client.create_template(&setup.token, &setup.waba, &template).await.expect("a template");
    vec![Refusal::Send(setup.send_template(user(), code_message("code"), REFUSED).await)]
}

pub(in crate::client) async fn group(setup: &Setup) -> Vec<Refusal> {
    let group = Recipient::Group("a group".to_owned());
    vec![Refusal::Send(setup.send(group, hello(), REFUSED).await.outcome)]
}
