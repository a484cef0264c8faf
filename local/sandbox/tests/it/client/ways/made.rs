//! Templates that cannot be made, changed, taken away or listed.

use domain::Category;
use meta::PageQuery;
use meta::templates::{NewTemplate, TemplateContent, TemplateEdit, TemplateQuery, TemplateSelection};
use serde_json::json;

use super::{Met, on_lists, refused};
use crate::client::pair::{Pair, new_template, plain};

async fn make(pair: &Pair, template: &NewTemplate) -> Met {
    refused(pair.client.create_template(&pair.token, &pair.waba, template).await)
}

fn news() -> NewTemplate {
    new_template("news", Category::Utility, plain())
}

pub(in crate::client) async fn one_too_many(pair: &Pair) -> Vec<Met> {
    pair.sandbox.order("limits", &json!({ "templates": 0 })).await;
    vec![make(pair, &news()).await]
}

pub(in crate::client) async fn edited_twice(pair: &Pair) -> Vec<Met> {
    let id = pair.offer("news", Category::Utility).await;
    let edit = TemplateEdit { message_send_ttl_seconds: Some(60), ..TemplateEdit::default() };
    pair.client.edit_template(&pair.token, &id, &edit).await.expect("the first edit");
    vec![refused(pair.client.edit_template(&pair.token, &id, &edit).await)]
}

/// A place at the start, one without an example, too many for so few words, and too long a text.
pub(in crate::client) async fn leading_place(pair: &Pair) -> Vec<Met> {
    let long = "x".repeat(1_025);
    let example = ["Ada".to_owned(), "Bob".to_owned()];
    let mut met = Vec::new();
    for (words, examples) in [
        ("{{1}}, your order is here.", &example[..1]),
        ("Hello {{1}}, your order is here.", &[]),
        ("So {{1}} or {{2}} ok.", &example),
        (long.as_str(), &[]),
        ("", &[]),
    ] {
        let content = TemplateContent::of_body(words, examples);
        met.push(make(pair, &new_template("news", Category::Utility, content)).await);
    }
    met
}

pub(in crate::client) async fn twice(pair: &Pair) -> Vec<Met> {
    pair.offer("news", Category::Utility).await;
    vec![make(pair, &news()).await]
}

pub(in crate::client) async fn after_deletion(pair: &Pair) -> Vec<Met> {
    pair.offer("news", Category::Utility).await;
    let selection = TemplateSelection::Name("news");
    pair.client.delete_templates(&pair.token, &pair.waba, selection).await.expect("it is gone");
    vec![make(pair, &news()).await]
}

pub(in crate::client) async fn badly_named(pair: &Pair) -> Vec<Met> {
    let mut met = Vec::new();
    for name in ["News", "the news", "näws"] {
        met.push(make(pair, &new_template(name, Category::Utility, plain())).await);
    }
    met
}

/// The sandbox has no samples of Meta's: the refusal is ordered.
pub(in crate::client) async fn sample_deleted(pair: &Pair) -> Vec<Met> {
    let order = json!({ "kind": "refuse", "code": 100, "subcode": 2_388_094 });
    pair.sandbox.order("faults", &on_lists(order)).await;
    let selection = TemplateSelection::Name("hello_world");
    vec![refused(pair.client.delete_templates(&pair.token, &pair.waba, selection).await)]
}

pub(in crate::client) async fn listed_from_nowhere(pair: &Pair) -> Vec<Met> {
    let stale = TemplateQuery {
        page: PageQuery { after: Some("a cursor of long ago"), ..PageQuery::default() },
        ..TemplateQuery::default()
    };
    let templates = pair.client.list_templates(&pair.token, &pair.waba, &stale).await;
    let numbers = pair.client.list_numbers(&pair.token, &pair.waba, &stale.page).await;
    vec![refused(templates), refused(numbers)]
}
