//! Sends: the client's result and the sandbox's acceptance agree.

use std::collections::BTreeSet;

use domain::messages::Outcome;
use domain::{AttemptId, Category, PhoneNumber, Wamid};
use meta::send::{Accepted, Recipient, SendOptions, TemplateSend};
use serde_json::json;

use super::message_kinds::{KINDS, every_kind, kind_of};
use super::setup::{RECIPIENT, Setup, USER_ID, class, filled, new_template, phone, user, wamid};

/// Sends one message of every kind and compares result and acceptance.
async fn every_kind_to(to: Recipient, (input, wa_id, user_id): (&str, Option<&str>, Option<&str>)) {
    let setup = Setup::start().await;
    for content in every_kind() {
        let kind = kind_of(&content);
        let answer = setup.send(to.clone(), content, kind).await;
        let entry = setup.accepted(kind).await.unwrap_or_else(|| panic!("{kind} is accepted: {answer:?}"));
        assert_eq!((&entry["to"], &entry["template"]), (&json!(input), &json!(null)), "{kind}");
        assert_eq!(entry["phoneNumberId"], setup.number.0, "{kind}");
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
async fn every_kind_of_message_to_a_phone_number_is_accepted() {
    every_kind_to(phone(RECIPIENT), (RECIPIENT, RECIPIENT.strip_prefix('+'), None)).await;
}

#[tokio::test]
async fn every_kind_of_message_to_a_user_id_is_accepted() {
    every_kind_to(user(), (USER_ID, None, Some(USER_ID))).await;
}

#[tokio::test]
async fn an_accepted_message_has_its_attempt_id() {
    let setup = Setup::start().await;
    let content =
        meta::templates::TemplateContent::of_body("Hello {{1}}, your order is here.", &["Ada".to_owned()]);
    let template = new_template("arrived", Category::Utility, content);
    setup.client.create_template(&setup.token, &setup.waba, &template).await.expect("a template");
    let send = TemplateSend {
        to: PhoneNumber::from_stored(RECIPIENT.to_owned()),
        template: "arrived".to_owned(),
        language: "en_US".to_owned(),
        parameters: vec!["Bob".to_owned()],
        attempt: AttemptId::random(),
    };
    let outcome = setup.client.send_template(&setup.token, &setup.number, &send).await;
    let entry = setup.accepted(&send.attempt.to_string()).await.expect("it is accepted");
    assert_eq!(entry["wamid"], wamid(&outcome));
    assert_eq!((&entry["to"], &entry["template"]), (&json!(RECIPIENT), &json!("arrived")));
}

#[tokio::test]
async fn a_held_template_is_accepted_with_its_message_status() {
    let setup = Setup::start().await;
    setup.create_template("offer", Category::Marketing).await;
    for (to, status) in [(RECIPIENT, "accepted"), ("+15550000015", "held_for_quality_assessment")] {
        let content = meta::send::Content::Template(Box::new(filled("offer", &[])));
        let answer = setup.send(phone(to), content, to).await;
        let accepted = answer.accepted.expect("it is accepted");
        assert_eq!(accepted.message_status.as_deref(), Some(status));
        assert_eq!(setup.accepted(to).await.expect("it is accepted")["wamid"], accepted.wamid.0);
    }
}

#[tokio::test]
async fn a_message_can_answer_another_one() {
    let setup = Setup::start().await;
    let options = SendOptions {
        reply_to: Some(Wamid("wamid.theirs".to_owned())),
        callback_data: Some("answer".to_owned()),
        ..SendOptions::default()
    };
    let message = meta::send::Message { to: phone(RECIPIENT), content: super::setup::hello(), options };
    let answer = setup.client.send(&setup.token, &setup.number, &message).await;
    assert_eq!(setup.accepted("answer").await.expect("it is accepted")["wamid"], wamid(&answer.outcome));
}

#[tokio::test]
async fn a_read_mark_is_not_a_message() {
    let setup = Setup::start().await;
    let order = json!({ "from": RECIPIENT, "text": "Hello", "wamid": "wamid.theirs" });
    setup.sandbox.order("inbound", &order).await;
    for is_typing in [false, true] {
        let theirs = Wamid("wamid.theirs".to_owned());
        let marked = setup.client.mark_read(&setup.token, &setup.number, &theirs, is_typing).await;
        marked.expect("it is marked");
    }
    let other = Wamid("not a wamid".to_owned());
    let refused = setup.client.mark_read(&setup.token, &setup.number, &other, false).await;
    assert_eq!(class(refused), meta::error::ErrorClass::RequestInvalid);
    assert!(setup.sandbox.caller.acceptances().await.is_empty());
}
