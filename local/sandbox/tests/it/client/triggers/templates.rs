//! Triggers by templates that cannot be created, edited, deleted or listed.

use domain::Category;
use meta::PageQuery;
use meta::templates::{NewTemplate, TemplateContent, TemplateEdit, TemplateQuery, TemplateSelection};
use serde_json::json;

use super::{Refusal, on_lists, refused};
use crate::client::setup::{Setup, new_template, plain};

async fn create(setup: &Setup, template: &NewTemplate) -> Refusal {
    refused(setup.client.create_template(&setup.token, &setup.waba, template).await)
}

fn new_offer() -> NewTemplate {
    new_template("offer", Category::Utility, plain())
}

pub(in crate::client) async fn one_too_many(setup: &Setup) -> Vec<Refusal> {
    setup.sandbox.order("limits", &json!({ "templates": 0 })).await;
    vec![create(setup, &new_offer()).await]
}

pub(in crate::client) async fn edited_twice(setup: &Setup) -> Vec<Refusal> {
    let id = setup.create_template("offer", Category::Utility).await;
    let edit = TemplateEdit { message_send_ttl_seconds: Some(60), ..TemplateEdit::default() };
    setup.client.edit_template(&setup.token, &id, &edit).await.expect("the first edit");
    vec![refused(setup.client.edit_template(&setup.token, &id, &edit).await)]
}

/// A variable at the start, one without an example, too many variables, a text that is too long, and none.
pub(in crate::client) async fn invalid_text(setup: &Setup) -> Vec<Refusal> {
    let long = "x".repeat(1_025);
    let example = ["Ada".to_owned(), "Bob".to_owned()];
    let mut refusals = Vec::new();
    for (text, examples) in [
        ("{{1}}, your order is here.", &example[..1]),
        ("Hello {{1}}, your order is here.", &[]),
        ("So {{1}} or {{2}} ok.", &example),
        (long.as_str(), &[]),
        ("", &[]),
    ] {
        let content = TemplateContent::of_body(text, examples);
        refusals.push(create(setup, &new_template("offer", Category::Utility, content)).await);
    }
    refusals
}

pub(in crate::client) async fn created_twice(setup: &Setup) -> Vec<Refusal> {
    setup.create_template("offer", Category::Utility).await;
    vec![create(setup, &new_offer()).await]
}

pub(in crate::client) async fn after_deletion(setup: &Setup) -> Vec<Refusal> {
    setup.create_template("offer", Category::Utility).await;
    let selection = TemplateSelection::Name("offer");
    setup.client.delete_templates(&setup.token, &setup.waba, selection).await.expect("it is deleted");
    vec![create(setup, &new_offer()).await]
}

pub(in crate::client) async fn invalid_name(setup: &Setup) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for name in ["Offer", "the offer", "näws"] {
        refusals.push(create(setup, &new_template(name, Category::Utility, plain())).await);
    }
    refusals
}

/// The sandbox does not have Meta's sample templates, so the refusal is ordered.
pub(in crate::client) async fn sample_deleted(setup: &Setup) -> Vec<Refusal> {
    let order = json!({ "kind": "refuse", "code": 100, "subcode": 2_388_094 });
    setup.sandbox.order("faults", &on_lists(order)).await;
    let selection = TemplateSelection::Name("hello_world");
    vec![refused(setup.client.delete_templates(&setup.token, &setup.waba, selection).await)]
}

pub(in crate::client) async fn invalid_cursor(setup: &Setup) -> Vec<Refusal> {
    let stale = TemplateQuery {
        page: PageQuery { after: Some("an invalid cursor"), ..PageQuery::default() },
        ..TemplateQuery::default()
    };
    let templates = setup.client.list_templates(&setup.token, &setup.waba, &stale).await;
    let numbers = setup.client.list_numbers(&setup.token, &setup.waba, &stale.page).await;
    vec![refused(templates), refused(numbers)]
}
