//! Templates with every kind of part: created, read and sent by the client.

use domain::messages::Outcome;
use meta::error::ErrorClass;
use meta::templates::TEMPLATE_FIELDS;
use serde_json::json;

use super::setup::{RECIPIENT, Setup, phone, user, wamid};
use super::template_samples::{self, TemplateSample};

/// Creates each template, reads it and sends it.
async fn create_read_and_send(samples: Vec<TemplateSample>) {
    let setup = Setup::start().await;
    for (template, message) in samples {
        let name = template.name.as_str();
        let made = setup.client.create_template(&setup.token, &setup.waba, &template).await;
        let made = made.unwrap_or_else(|refused| panic!("{name} is created: {refused}"));
        assert_eq!((made.status.as_str(), made.category.as_ref()), ("APPROVED", Some(&template.category)));
        let read = setup.client.template(&setup.token, &made.id, TEMPLATE_FIELDS).await.expect("a template");
        assert_eq!((read.id, read.name.as_deref()), (made.id, Some(name)));
        assert_eq!(read.language.as_deref(), Some("en_US"));
        let content = &template.content;
        let count = |kind: &str| read.components.iter().filter(|part| part.kind == kind).count();
        let parts = [
            ("HEADER", content.header.is_some()),
            ("BODY", content.body.is_some()),
            ("FOOTER", content.footer.is_some()),
            ("BUTTONS", !content.buttons.is_empty()),
            ("CAROUSEL", !content.cards.is_empty()),
            ("LIMITED_TIME_OFFER", content.limited_time_offer.is_some()),
        ];
        for (kind, is_there) in parts {
            assert_eq!(count(kind), usize::from(is_there), "{name}: {kind}");
        }
        let buttons: usize = read.components.iter().map(|part| part.buttons.len()).sum();
        let cards: usize = read.components.iter().map(|part| part.cards.len()).sum();
        assert_eq!((buttons, cards), (content.buttons.len(), content.cards.len()), "{name}");

        let outcome = setup.send_template(phone(RECIPIENT), message, name).await;
        let Outcome::Accepted(wamid) = outcome else { panic!("{name} is sent: {outcome:?}") };
        let entry = setup.accepted(name).await.expect("it is accepted");
        assert_eq!((&entry["wamid"], &entry["template"]), (&json!(wamid.0), &json!(name)));
    }
}

#[tokio::test]
async fn positional_and_named_parameters_are_filled() {
    create_read_and_send(template_samples::texts()).await;
}

#[tokio::test]
async fn every_header_is_filled() {
    create_read_and_send(template_samples::headers()).await;
}

#[tokio::test]
async fn every_button_is_filled() {
    create_read_and_send(template_samples::buttons()).await;
}

#[tokio::test]
async fn limited_time_offers_and_cards_are_filled() {
    create_read_and_send(template_samples::rich()).await;
}

#[tokio::test]
async fn one_time_passwords_are_filled() {
    create_read_and_send(template_samples::codes()).await;
}

#[tokio::test]
async fn every_template_but_a_one_time_password_can_be_sent_to_a_user_id() {
    let setup = Setup::start().await;
    for (template, message) in template_samples::texts() {
        let name = template.name.as_str();
        setup.client.create_template(&setup.token, &setup.waba, &template).await.expect("a template");
        let outcome = setup.send_template(user(), message, name).await;
        assert_eq!(setup.accepted(name).await.expect("it is accepted")["wamid"], wamid(&outcome), "{name}");
    }
    for (template, message) in template_samples::codes() {
        let name = template.name.as_str();
        setup.client.create_template(&setup.token, &setup.waba, &template).await.expect("a template");
        let Outcome::Rejected(error) = setup.send_template(user(), message, name).await else {
            panic!("{name} is refused")
        };
        assert_eq!(ErrorClass::of(error.code, None), ErrorClass::RecipientNotAddressable, "{name}");
        assert_eq!(setup.accepted(name).await, None, "{name}");
    }
}
