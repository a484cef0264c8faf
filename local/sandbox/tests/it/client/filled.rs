//! Templates of every part: offered, read back and sent by the client, each time as the sandbox has them.

use domain::messages::Outcome;
use meta::error::ErrorClass;
use meta::templates::TEMPLATE_FIELDS;
use serde_json::json;

use super::offered::{self, Offered};
use super::pair::{ANYBODY, Pair, phone, user, wamid};

/// Offers, reads back and sends, to a number and to a user id.
async fn taken_and_sent(offered: Vec<Offered>) {
    let pair = Pair::open().await;
    for (template, message) in offered {
        let name = template.name.as_str();
        let made = pair.client.create_template(&pair.token, &pair.waba, &template).await;
        let made = made.unwrap_or_else(|refused| panic!("{name} is taken: {refused}"));
        assert_eq!((made.status.as_str(), made.category.as_ref()), ("APPROVED", Some(&template.category)));
        let seen = pair.client.template(&pair.token, &made.id, TEMPLATE_FIELDS).await.expect("a template");
        assert_eq!((seen.id, seen.name.as_deref()), (made.id, Some(name)));
        assert_eq!(seen.language.as_deref(), Some("en_US"));
        let content = &template.content;
        let count = |kind: &str| seen.components.iter().filter(|part| part.kind == kind).count();
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
        let buttons: usize = seen.components.iter().map(|part| part.buttons.len()).sum();
        let cards: usize = seen.components.iter().map(|part| part.cards.len()).sum();
        assert_eq!((buttons, cards), (content.buttons.len(), content.cards.len()), "{name}");

        let outcome = pair.fill(phone(ANYBODY), message, name).await;
        let Outcome::Accepted(wamid) = outcome else { panic!("{name} is sent: {outcome:?}") };
        let entry = pair.accepted(name).await.expect("it is taken");
        assert_eq!((&entry["wamid"], &entry["template"]), (&json!(wamid.0), &json!(name)));
    }
}

#[tokio::test]
async fn places_by_number_and_by_name_are_filled_as_they_were_offered() {
    taken_and_sent(offered::texts()).await;
}

#[tokio::test]
async fn every_header_is_filled_as_it_was_offered() {
    taken_and_sent(offered::headers()).await;
}

#[tokio::test]
async fn every_button_is_filled_as_it_was_offered() {
    taken_and_sent(offered::buttons()).await;
}

#[tokio::test]
async fn offers_and_cards_are_filled_as_they_were_offered() {
    taken_and_sent(offered::rich()).await;
}

#[tokio::test]
async fn one_time_passwords_are_filled_as_they_were_offered() {
    taken_and_sent(offered::codes()).await;
}

#[tokio::test]
async fn a_template_reaches_a_user_id_but_for_one_time_passwords() {
    let pair = Pair::open().await;
    for (template, message) in offered::texts() {
        let name = template.name.as_str();
        pair.client.create_template(&pair.token, &pair.waba, &template).await.expect("a template");
        let outcome = pair.fill(user(), message, name).await;
        assert_eq!(pair.accepted(name).await.expect("it is taken")["wamid"], wamid(&outcome), "{name}");
    }
    for (template, message) in offered::codes() {
        let name = template.name.as_str();
        pair.client.create_template(&pair.token, &pair.waba, &template).await.expect("a template");
        let Outcome::Rejected(error) = pair.fill(user(), message, name).await else {
            panic!("{name} is refused")
        };
        assert_eq!(ErrorClass::of(error.code, None), ErrorClass::RecipientNotAddressable, "{name}");
        assert_eq!(pair.accepted(name).await, None, "{name}");
    }
}
