//! Templates: listed, read, changed, deleted, unpaused.

use domain::Category;
use domain::messages::Outcome;
use meta::error::ErrorClass;
use meta::templates::{
    RemoteTemplate, TEMPLATE_FIELDS, TemplateCategory, TemplateContent, TemplateEdit, TemplateQuery,
    TemplateSelection,
};
use meta::{Page, PageQuery};
use serde_json::json;

use super::setup::{RECIPIENT, Setup, class, filled, new_template, phone, wamid};

async fn page(setup: &Setup, query: TemplateQuery<'_>) -> Page<RemoteTemplate> {
    setup.client.list_templates(&setup.token, &setup.waba, &query).await.expect("a page")
}

async fn names(setup: &Setup, query: TemplateQuery<'_>) -> Vec<String> {
    page(setup, query).await.items.into_iter().filter_map(|template| template.name).collect()
}

async fn read(setup: &Setup, id: &str) -> RemoteTemplate {
    setup.client.template(&setup.token, id, TEMPLATE_FIELDS).await.expect("a template")
}

#[tokio::test]
async fn pages_of_templates_have_each_once_and_newest_first() {
    let setup = Setup::start().await;
    let mut created = Vec::new();
    for number in 0..7 {
        created.push(setup.create_template(&format!("number_{number}"), Category::Utility).await);
    }
    created.reverse();
    let (mut listed, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let query = PageQuery { fields: TEMPLATE_FIELDS, limit: Some(3), after: after.as_deref() };
        let page = page(&setup, TemplateQuery { page: query, ..TemplateQuery::default() }).await;
        after = page.next().map(str::to_owned);
        listed.extend(page.items.into_iter().map(|template| template.id));
        pages += 1;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((listed, pages), (created, 3));
}

#[tokio::test]
async fn templates_are_filtered() {
    let setup = Setup::start().await;
    setup.create_template("offer", Category::Marketing).await;
    setup.create_template("arrived", Category::Utility).await;
    let content = TemplateContent::of_body("Your parcel waits at the shop.", &[]);
    let parcel = new_template("parcel", Category::Utility, content);
    let parcel = setup.client.create_template(&setup.token, &setup.waba, &parcel).await.expect("a template");
    setup.sandbox.order("templates", &json!({ "id": parcel.id, "status": "PAUSED" })).await;
    let all = TemplateQuery::everything(None);
    for (query, found) in [
        (all, &["parcel", "arrived", "offer"][..]),
        (TemplateQuery { name: Some("offer"), ..all }, &["offer"]),
        (TemplateQuery { name_or_content: Some("parcel"), ..all }, &["parcel"]),
        (TemplateQuery { content: Some("parcel"), ..all }, &["parcel"]),
        (TemplateQuery { name_or_content: Some("arr"), ..all }, &["arrived"]),
        (TemplateQuery { status: Some("PAUSED"), ..all }, &["parcel"]),
        (TemplateQuery { category: Some("MARKETING"), ..all }, &["offer"]),
        (TemplateQuery { language: Some("de"), ..all }, &[]),
        (TemplateQuery { quality_score: Some("RED"), ..all }, &[]),
    ] {
        assert_eq!(names(&setup, query).await, found, "{query:?}");
    }
    setup.sandbox.order("templates", &json!({ "id": parcel.id, "quality": "RED" })).await;
    let red = TemplateQuery { quality_score: Some("RED"), ..all };
    assert_eq!(names(&setup, red).await, ["parcel"]);
}

#[tokio::test]
async fn ordered_changes_of_a_template_are_read() {
    let setup = Setup::start().await;
    setup.sandbox.order("reviews", &json!({ "status": "REJECTED", "reason": "SCAM" })).await;
    let template = new_template("offer", Category::Utility, super::setup::plain());
    let made = setup.client.create_template(&setup.token, &setup.waba, &template).await.expect("a template");
    assert_eq!(made.status, "REJECTED");
    let rejected = read(&setup, &made.id).await;
    assert_eq!(rejected.status.as_deref(), Some("REJECTED"));
    assert_eq!(rejected.rejected_reason.as_deref(), Some("SCAM"));
    assert_eq!(rejected.quality.expect("a score").score, "UNKNOWN");

    let id = &made.id;
    setup.sandbox.order("templates", &json!({ "id": id, "status": "APPROVED" })).await;
    setup.sandbox.order("templates", &json!({ "id": id, "quality": "YELLOW" })).await;
    setup.sandbox.order("templates", &json!({ "id": id, "correctCategory": "MARKETING" })).await;
    setup.sandbox.order("templates", &json!({ "id": id, "category": "MARKETING" })).await;
    let changed = read(&setup, id).await;
    let quality = changed.quality.expect("a score");
    assert!(quality.score == "YELLOW" && quality.since.is_some(), "{quality:?}");
    assert_eq!(changed.category, Some(Category::Marketing.into()));
    assert_eq!(changed.previous_category, Some(TemplateCategory::from(Category::Utility)));
    assert_eq!(changed.rejected_reason.as_deref(), Some("NONE"));
    let elsewhere = setup.client.template(&setup.token, "1", TEMPLATE_FIELDS).await;
    assert_eq!(class(elsewhere), ErrorClass::NotFoundOrNoAccess);
}

#[tokio::test]
async fn an_edit_changes_the_named_parts_and_an_approved_template_once_a_day() {
    let setup = Setup::start().await;
    let id = setup.create_template("offer", Category::Utility).await;
    let content = TemplateContent::of_body("Your parcel is {{1}} days late.", &["2".to_owned()]);
    let edit = TemplateEdit {
        content: Some(content),
        message_send_ttl_seconds: Some(600),
        ..TemplateEdit::default()
    };
    setup.client.edit_template(&setup.token, &id, &edit).await.expect("it is changed");
    let changed = read(&setup, &id).await;
    assert_eq!(changed.components[0].text.as_deref(), Some("Your parcel is {{1}} days late."));
    assert_eq!(changed.message_send_ttl_seconds, Some(600));
    assert_eq!(changed.category, Some(Category::Utility.into()));
    let again = setup.client.edit_template(&setup.token, &id, &edit).await;
    assert_eq!(class(again), ErrorClass::TemplateEdit);

    setup.sandbox.order("templates", &json!({ "id": id, "status": "REJECTED", "reason": "SCAM" })).await;
    let moved = TemplateEdit { category: Some(Category::Marketing.into()), ..TemplateEdit::default() };
    let long = setup.client.edit_template(&setup.token, &id, &moved).await;
    assert_eq!(class(long), ErrorClass::RequestInvalid, "ten minutes are too short for marketing");
    let moved = TemplateEdit { message_send_ttl_seconds: Some(43_200), ..moved };
    setup.client.edit_template(&setup.token, &id, &moved).await.expect("it is changed");
    assert_eq!(read(&setup, &id).await.category, Some(Category::Marketing.into()));
}

#[tokio::test]
async fn templates_are_deleted_by_name_and_by_ids() {
    let setup = Setup::start().await;
    let mut ids = Vec::new();
    for name in ["first", "second", "third", "fourth"] {
        ids.push(setup.create_template(name, Category::Utility).await);
    }
    let mut german = new_template("second", Category::Utility, super::setup::plain());
    german.language = "de".to_owned();
    setup.client.create_template(&setup.token, &setup.waba, &german).await.expect("a template");
    let all = TemplateQuery::everything(None);
    for (selection, left) in [
        (TemplateSelection::Name("first"), &["second", "fourth", "third", "second"][..]),
        (TemplateSelection::One { id: &ids[1], name: "second" }, &["second", "fourth", "third"]),
        (TemplateSelection::Ids(&ids[2..]), &["second"]),
    ] {
        setup.client.delete_templates(&setup.token, &setup.waba, selection).await.expect("they are deleted");
        assert_eq!(names(&setup, all).await, left, "{selection:?}");
    }
    let gone = TemplateSelection::Name("first");
    let gone = setup.client.delete_templates(&setup.token, &setup.waba, gone).await;
    assert_eq!(class(gone), ErrorClass::RequestInvalid);
}

#[tokio::test]
async fn a_refused_deletion_of_a_disabled_template_is_not_mistaken_for_one_of_a_sample() {
    let setup = Setup::start().await;
    let id = setup.create_template("offer", Category::Utility).await;
    setup.sandbox.order("templates", &json!({ "id": id, "status": "DISABLED" })).await;
    let selection = TemplateSelection::One { id: &id, name: "offer" };
    let refused = setup.client.delete_templates(&setup.token, &setup.waba, selection).await;
    let error = refused.expect_err("the deletion is refused");
    let meta_error = error.graph().expect("Meta's error");
    assert_eq!(meta_error.class(), ErrorClass::RequestInvalid);
    assert!(meta_error.to_string().contains("disabled template cannot be deleted"), "{meta_error}");
    assert_eq!(names(&setup, TemplateQuery::everything(None)).await, ["offer"]);
}

#[tokio::test]
async fn an_unpaused_template_can_be_sent() {
    let setup = Setup::start().await;
    let id = setup.create_template("offer", Category::Marketing).await;
    setup.sandbox.order("templates", &json!({ "id": id, "status": "PAUSED" })).await;
    let paused = setup.send_template(phone(RECIPIENT), filled("offer", &[]), "paused").await;
    assert!(matches!(paused, Outcome::Rejected(_)), "{paused:?}");
    setup.client.unpause_template(&setup.token, &id).await.expect("it is unpaused");
    assert_eq!(read(&setup, &id).await.status.as_deref(), Some("APPROVED"));
    wamid(&setup.send_template(phone(RECIPIENT), filled("offer", &[]), "unpaused").await);
    let again = setup.client.unpause_template(&setup.token, &id).await;
    assert_eq!(class(again), ErrorClass::RequestInvalid);
}
