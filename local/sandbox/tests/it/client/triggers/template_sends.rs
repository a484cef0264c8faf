//! Triggers by sends of templates.

use domain::Category;
use meta::send::TemplateMessage;
use meta::templates::TemplateContent;
use serde_json::json;

use super::{REFUSED, Refusal};
use crate::client::setup::{RECIPIENT, Setup, filled, new_template, phone};

async fn send(setup: &Setup, message: TemplateMessage) -> Refusal {
    Refusal::Send(setup.send_template(phone(RECIPIENT), message, REFUSED).await)
}

async fn create_greeting(setup: &Setup) {
    let content = TemplateContent::of_body("Hello {{1}}, your order is here.", &["Ada".to_owned()]);
    let template = new_template("greeting", Category::Utility, content);
    setup.client.create_template(&setup.token, &setup.waba, &template).await.expect("a template");
}

/// A parameter too few, one too many, and an invalid one.
pub(in crate::client) async fn wrong_parameters(setup: &Setup) -> Vec<Refusal> {
    create_greeting(setup).await;
    let mut refusals = Vec::new();
    for texts in [&[][..], &["Bob", "more"], &["Bob\nand more"]] {
        refusals.push(send(setup, filled("greeting", texts)).await);
    }
    refusals
}

/// One that does not exist, one in review, and a rejected one.
pub(in crate::client) async fn missing(setup: &Setup) -> Vec<Refusal> {
    let mut refusals = vec![send(setup, filled("nothing", &[])).await];
    for (name, status) in [("waits", "PENDING"), ("rejected", "REJECTED")] {
        setup.sandbox.order("reviews", &json!({ "status": status })).await;
        setup.create_template(name, Category::Utility).await;
        refusals.push(send(setup, filled(name, &[])).await);
    }
    refusals
}

pub(in crate::client) async fn too_long(setup: &Setup) -> Vec<Refusal> {
    create_greeting(setup).await;
    vec![send(setup, filled("greeting", &[&"x".repeat(1_024)])).await]
}

pub(in crate::client) async fn in_status(setup: &Setup, status: &str) -> Vec<Refusal> {
    let id = setup.create_template("offer", Category::Utility).await;
    setup.sandbox.order("templates", &json!({ "id": id, "status": status })).await;
    vec![send(setup, filled("offer", &[])).await]
}

pub(in crate::client) async fn marketing_disabled(setup: &Setup) -> Vec<Refusal> {
    setup.create_template("offer", Category::Marketing).await;
    setup.sandbox.order("accounts", &json!({ "state": "MARKETING_DISABLED" })).await;
    vec![send(setup, filled("offer", &[])).await]
}
