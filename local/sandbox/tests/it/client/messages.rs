//! Sends: what the client is told of a message is what the oracle has of it.

use std::collections::BTreeSet;

use domain::messages::Outcome;
use domain::{AttemptId, Category, PhoneNumber, Wamid};
use meta::send::{Accepted, Recipient, SendOptions, TemplateSend};
use serde_json::json;

use super::kinds::{KINDS, every_kind, kind_of};
use super::pair::{ANYBODY, Pair, USER, class, filled, new_template, phone, user, wamid};

/// Sends one message of every kind and compares what both sides know.
async fn every_kind_to(to: Recipient, (input, wa_id, user_id): (&str, Option<&str>, Option<&str>)) {
    let pair = Pair::open().await;
    for content in every_kind() {
        let kind = kind_of(&content);
        let answer = pair.send(to.clone(), content, kind).await;
        let entry = pair.accepted(kind).await.unwrap_or_else(|| panic!("{kind} is taken: {answer:?}"));
        assert_eq!((&entry["to"], &entry["template"]), (&json!(input), &json!(null)), "{kind}");
        assert_eq!(entry["phoneNumberId"], pair.number.0, "{kind}");
        let expected = Accepted {
            wamid: Wamid(entry["wamid"].as_str().expect("an id").to_owned()),
            input: Some(input.to_owned()),
            wa_id: wa_id.map(str::to_owned),
            user_id: user_id.map(str::to_owned),
            message_status: None,
            group_id: None,
        };
        assert_eq!(answer.outcome, Outcome::Accepted(expected.wamid.clone()), "{kind}");
        assert_eq!(answer.accepted, Some(expected), "{kind}");
    }
}

#[test]
fn there_is_a_message_of_every_kind() {
    let kinds: BTreeSet<&str> = every_kind().iter().map(kind_of).collect();
    assert_eq!(kinds, KINDS.into_iter().collect());
}

#[tokio::test]
async fn every_kind_of_message_to_a_phone_number_is_the_one_that_the_oracle_has() {
    every_kind_to(phone(ANYBODY), (ANYBODY, ANYBODY.strip_prefix('+'), None)).await;
}

#[tokio::test]
async fn every_kind_of_message_to_a_user_id_is_the_one_that_the_oracle_has() {
    every_kind_to(user(), (USER, None, Some(USER))).await;
}

#[tokio::test]
async fn a_campaigns_message_carries_its_attempt_to_the_oracle() {
    let pair = Pair::open().await;
    let content =
        meta::templates::TemplateContent::of_body("Hello {{1}}, your order is here.", &["Ada".to_owned()]);
    let template = new_template("arrived", Category::Utility, content);
    pair.client.create_template(&pair.token, &pair.waba, &template).await.expect("a template");
    let send = TemplateSend {
        to: PhoneNumber::from_stored(ANYBODY.to_owned()),
        template: "arrived".to_owned(),
        language: "en_US".to_owned(),
        parameters: vec!["Bob".to_owned()],
        attempt: AttemptId::random(),
    };
    let outcome = pair.client.send_template(&pair.token, &pair.number, &send).await;
    let entry = pair.accepted(&send.attempt.to_string()).await.expect("it is taken");
    assert_eq!(entry["wamid"], wamid(&outcome));
    assert_eq!((&entry["to"], &entry["template"]), (&json!(ANYBODY), &json!("arrived")));
}

#[tokio::test]
async fn a_held_template_is_taken_and_says_that_it_is_held() {
    let pair = Pair::open().await;
    pair.offer("news", Category::Marketing).await;
    for (to, status) in [(ANYBODY, "accepted"), ("+15550000015", "held_for_quality_assessment")] {
        let content = meta::send::Content::Template(Box::new(filled("news", &[])));
        let answer = pair.send(phone(to), content, to).await;
        let accepted = answer.accepted.expect("it is taken");
        assert_eq!(accepted.message_status.as_deref(), Some(status));
        assert_eq!(pair.accepted(to).await.expect("it is taken")["wamid"], accepted.wamid.0);
    }
}

#[tokio::test]
async fn a_message_may_answer_another_one() {
    let pair = Pair::open().await;
    let options = SendOptions {
        reply_to: Some(Wamid("wamid.theirs".to_owned())),
        callback_data: Some("answer".to_owned()),
        ..SendOptions::default()
    };
    let message = meta::send::Message { to: phone(ANYBODY), content: super::pair::hello(), options };
    let answer = pair.client.send(&pair.token, &pair.number, &message).await;
    assert_eq!(pair.accepted("answer").await.expect("it is taken")["wamid"], wamid(&answer.outcome));
}

#[tokio::test]
async fn a_mark_of_what_was_read_is_no_message() {
    let pair = Pair::open().await;
    let order = json!({ "from": ANYBODY, "text": "Hello", "wamid": "wamid.theirs" });
    pair.sandbox.order("inbound", &order).await;
    for is_typing in [false, true] {
        let theirs = Wamid("wamid.theirs".to_owned());
        let marked = pair.client.mark_read(&pair.token, &pair.number, &theirs, is_typing).await;
        marked.expect("it is marked");
    }
    let other = Wamid("none of Meta's".to_owned());
    let refused = pair.client.mark_read(&pair.token, &pair.number, &other, false).await;
    assert_eq!(class(refused), meta::error::ErrorClass::RequestInvalid);
    assert!(pair.sandbox.caller.acceptances().await.is_empty());
}
