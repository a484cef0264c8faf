//! Templates: listed, read, changed, taken away, woken.

use domain::Category;
use domain::messages::Outcome;
use meta::error::ErrorClass;
use meta::templates::{
    RemoteTemplate, TEMPLATE_FIELDS, TemplateCategory, TemplateContent, TemplateEdit, TemplateQuery,
    TemplateSelection,
};
use meta::{Page, PageQuery};
use serde_json::json;

use super::pair::{ANYBODY, Pair, class, filled, new_template, phone, wamid};

async fn page(pair: &Pair, query: TemplateQuery<'_>) -> Page<RemoteTemplate> {
    pair.client.list_templates(&pair.token, &pair.waba, &query).await.expect("a page")
}

async fn names(pair: &Pair, query: TemplateQuery<'_>) -> Vec<String> {
    page(pair, query).await.items.into_iter().filter_map(|one| one.name).collect()
}

async fn seen(pair: &Pair, id: &str) -> RemoteTemplate {
    pair.client.template(&pair.token, id, TEMPLATE_FIELDS).await.expect("a template")
}

#[tokio::test]
async fn pages_of_templates_hold_each_once_and_newest_first() {
    let pair = Pair::open().await;
    let mut offered = Vec::new();
    for place in 0..7 {
        offered.push(pair.offer(&format!("number_{place}"), Category::Utility).await);
    }
    offered.reverse();
    let (mut listed, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let query = PageQuery { fields: TEMPLATE_FIELDS, limit: Some(3), after: after.as_deref() };
        let page = page(&pair, TemplateQuery { page: query, ..TemplateQuery::default() }).await;
        after = page.next().map(str::to_owned);
        listed.extend(page.items.into_iter().map(|template| template.id));
        pages += 1;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((listed, pages), (offered, 3));
}

#[tokio::test]
async fn a_template_is_found_by_whatever_is_asked_for() {
    let pair = Pair::open().await;
    pair.offer("news", Category::Marketing).await;
    pair.offer("arrived", Category::Utility).await;
    let content = TemplateContent::of_body("Your parcel waits at the shop.", &[]);
    let waits = new_template("waits", Category::Utility, content);
    let waits = pair.client.create_template(&pair.token, &pair.waba, &waits).await.expect("a template");
    pair.sandbox.order("templates", &json!({ "id": waits.id, "status": "PAUSED" })).await;
    let all = TemplateQuery::everything(None);
    for (query, found) in [
        (all, &["waits", "arrived", "news"][..]),
        (TemplateQuery { name: Some("news"), ..all }, &["news"]),
        (TemplateQuery { name_or_content: Some("parcel"), ..all }, &["waits"]),
        (TemplateQuery { content: Some("parcel"), ..all }, &["waits"]),
        (TemplateQuery { name_or_content: Some("arr"), ..all }, &["arrived"]),
        (TemplateQuery { status: Some("PAUSED"), ..all }, &["waits"]),
        (TemplateQuery { category: Some("MARKETING"), ..all }, &["news"]),
        (TemplateQuery { language: Some("de"), ..all }, &[]),
        (TemplateQuery { quality_score: Some("RED"), ..all }, &[]),
    ] {
        assert_eq!(names(&pair, query).await, found, "{query:?}");
    }
    pair.sandbox.order("templates", &json!({ "id": waits.id, "quality": "RED" })).await;
    let red = TemplateQuery { quality_score: Some("RED"), ..all };
    assert_eq!(names(&pair, red).await, ["waits"]);
}

#[tokio::test]
async fn what_meta_makes_of_a_template_is_read_whole() {
    let pair = Pair::open().await;
    pair.sandbox.order("reviews", &json!({ "status": "REJECTED", "reason": "SCAM" })).await;
    let template = new_template("news", Category::Utility, super::pair::plain());
    let made = pair.client.create_template(&pair.token, &pair.waba, &template).await.expect("a template");
    assert_eq!(made.status, "REJECTED");
    let rejected = seen(&pair, &made.id).await;
    assert_eq!(rejected.status.as_deref(), Some("REJECTED"));
    assert_eq!(rejected.rejected_reason.as_deref(), Some("SCAM"));
    assert_eq!(rejected.quality.expect("a score").score, "UNKNOWN");

    let id = &made.id;
    pair.sandbox.order("templates", &json!({ "id": id, "status": "APPROVED" })).await;
    pair.sandbox.order("templates", &json!({ "id": id, "quality": "YELLOW" })).await;
    pair.sandbox.order("templates", &json!({ "id": id, "correctCategory": "MARKETING" })).await;
    pair.sandbox.order("templates", &json!({ "id": id, "category": "MARKETING" })).await;
    let changed = seen(&pair, id).await;
    let quality = changed.quality.expect("a score");
    assert!(quality.score == "YELLOW" && quality.since.is_some(), "{quality:?}");
    assert_eq!(changed.category, Some(Category::Marketing.into()));
    assert_eq!(changed.previous_category, Some(TemplateCategory::from(Category::Utility)));
    assert_eq!(changed.rejected_reason.as_deref(), Some("NONE"));
    let elsewhere = pair.client.template(&pair.token, "1", TEMPLATE_FIELDS).await;
    assert_eq!(class(elsewhere), ErrorClass::NotFoundOrNoAccess);
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_an_approved_one_once_a_day() {
    let pair = Pair::open().await;
    let id = pair.offer("news", Category::Utility).await;
    let content = TemplateContent::of_body("Your parcel is {{1}} days late.", &["2".to_owned()]);
    let edit = TemplateEdit {
        content: Some(content),
        message_send_ttl_seconds: Some(600),
        ..TemplateEdit::default()
    };
    pair.client.edit_template(&pair.token, &id, &edit).await.expect("it is changed");
    let changed = seen(&pair, &id).await;
    assert_eq!(changed.components[0].text.as_deref(), Some("Your parcel is {{1}} days late."));
    assert_eq!(changed.message_send_ttl_seconds, Some(600));
    assert_eq!(changed.category, Some(Category::Utility.into()));
    let again = pair.client.edit_template(&pair.token, &id, &edit).await;
    assert_eq!(class(again), ErrorClass::TemplateEdit);

    pair.sandbox.order("templates", &json!({ "id": id, "status": "REJECTED", "reason": "SCAM" })).await;
    let moved = TemplateEdit { category: Some(Category::Marketing.into()), ..TemplateEdit::default() };
    let long = pair.client.edit_template(&pair.token, &id, &moved).await;
    assert_eq!(class(long), ErrorClass::RequestInvalid, "ten minutes are too short for marketing");
    let moved = TemplateEdit { message_send_ttl_seconds: Some(43_200), ..moved };
    pair.client.edit_template(&pair.token, &id, &moved).await.expect("it is changed");
    assert_eq!(seen(&pair, &id).await.category, Some(Category::Marketing.into()));
}

#[tokio::test]
async fn templates_are_taken_away_by_name_alone_and_by_their_ids() {
    let pair = Pair::open().await;
    let mut ids = Vec::new();
    for name in ["first", "second", "third", "fourth"] {
        ids.push(pair.offer(name, Category::Utility).await);
    }
    let mut german = new_template("second", Category::Utility, super::pair::plain());
    german.language = "de".to_owned();
    pair.client.create_template(&pair.token, &pair.waba, &german).await.expect("a template");
    let all = TemplateQuery::everything(None);
    for (selection, left) in [
        (TemplateSelection::Name("first"), &["second", "fourth", "third", "second"][..]),
        (TemplateSelection::One { id: &ids[1], name: "second" }, &["second", "fourth", "third"]),
        (TemplateSelection::Ids(&ids[2..]), &["second"]),
    ] {
        pair.client.delete_templates(&pair.token, &pair.waba, selection).await.expect("they are gone");
        assert_eq!(names(&pair, all).await, left, "{selection:?}");
    }
    let gone = TemplateSelection::Name("first");
    let gone = pair.client.delete_templates(&pair.token, &pair.waba, gone).await;
    assert_eq!(class(gone), ErrorClass::RequestInvalid);
}

#[tokio::test]
async fn a_disabled_template_that_cannot_be_taken_away_is_not_called_a_sample_of_metas() {
    let pair = Pair::open().await;
    let id = pair.offer("news", Category::Utility).await;
    pair.sandbox.order("templates", &json!({ "id": id, "status": "DISABLED" })).await;
    let selection = TemplateSelection::One { id: &id, name: "news" };
    let refused = pair.client.delete_templates(&pair.token, &pair.waba, selection).await;
    let error = refused.expect_err("it stays");
    let told = error.graph().expect("Meta's error");
    assert_eq!(told.class(), ErrorClass::RequestInvalid);
    assert!(told.to_string().contains("disabled template cannot be deleted"), "{told}");
    assert_eq!(names(&pair, TemplateQuery::everything(None)).await, ["news"]);
}

#[tokio::test]
async fn a_woken_template_can_be_sent_again() {
    let pair = Pair::open().await;
    let id = pair.offer("news", Category::Marketing).await;
    pair.sandbox.order("templates", &json!({ "id": id, "status": "PAUSED" })).await;
    let paused = pair.fill(phone(ANYBODY), filled("news", &[]), "paused").await;
    assert!(matches!(paused, Outcome::Rejected(_)), "{paused:?}");
    pair.client.unpause_template(&pair.token, &id).await.expect("it is woken");
    assert_eq!(seen(&pair, &id).await.status.as_deref(), Some("APPROVED"));
    wamid(&pair.fill(phone(ANYBODY), filled("news", &[]), "woken").await);
    let awake = pair.client.unpause_template(&pair.token, &id).await;
    assert_eq!(class(awake), ErrorClass::RequestInvalid);
}
