use domain::contacts::Attributes;
use domain::{Category, PhoneNumber, TemplateStatus, WabaId};

use super::*;

fn template(variables: &[&str]) -> Template {
    Template {
        template_id: TemplateId::at(Timestamp::UNIX_EPOCH),
        name: "welcome".to_owned(),
        language: "en_US".to_owned(),
        category: Category::Utility,
        body: String::new(),
        variables: variables.iter().map(|name| (*name).to_owned()).collect(),
        status: TemplateStatus::Approved,
        reason: None,
        content_at_meta: None,
        meta_template_id: None,
        waba_id: WabaId("1".to_owned()),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn contact() -> Contact {
    Contact {
        contact_id: ContactId::at(Timestamp::UNIX_EPOCH),
        phone: PhoneNumber::from_stored("+15551234567".to_owned()),
        name: Some("Alice".to_owned()),
        attributes: Attributes::from_stored(
            r#"{"city": "NY", "age": 41, "order": 12345678901234567890123, "tags": ["x"]}"#.to_owned(),
        ),
        opt_out: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_variable_is_the_requests_then_the_contacts() {
    let filled = fill(&template(&["name", "city", "age", "order"]), &contact(), &given(&[("city", "LA")]));
    let expected = ["Alice", "LA", "41", "12345678901234567890123"];
    assert_eq!(filled, Ok(expected.map(str::to_owned).to_vec()));
}

#[test]
fn every_wrong_field_is_named() {
    let names = |wrong: Vec<FieldError>| wrong.into_iter().map(|error| error.field).collect::<Vec<_>>();
    let request = given(&[("nmae", "x"), ("city", "two\nlines")]);
    assert_eq!(
        names(fill(&template(&["code", "city", "name"]), &contact(), &request).unwrap_err()),
        ["variables.nmae", "variables.code", "variables.city"]
    );
    assert_eq!(names(both(None, None, &request).unwrap_err()), ["templateId", "contactId"]);
    let without_contact = both(Some(template(&["city"])), None, &request);
    assert_eq!(names(without_contact.unwrap_err()), ["contactId", "variables.nmae"]);
    assert_eq!(names(both(None, Some(contact()), &request).unwrap_err()), ["templateId"]);
}

#[test]
fn a_variable_without_a_value_is_named() {
    for (variables, request, field) in [
        (&["code"][..], &[][..], "variables.code"),
        (&["tags"], &[], "variables.tags"),
        (&["name"], &[("nmae", "x")], "variables.nmae"),
        (&["name"], &[("name", " ")], "variables.name"),
        (&["name"], &[("name", "two\nlines")], "variables.name"),
        (&["name"], &[("name", "a     b")], "variables.name"),
        (&["name"], &[("name", "\u{200b}")], "variables.name"),
    ] {
        let wrong = fill(&template(variables), &contact(), &given(request)).unwrap_err();
        assert!(wrong.iter().any(|error| error.field == field), "{wrong:?}");
    }
}

#[test]
fn what_a_contact_has_is_held_to_the_same_rule_as_what_the_request_says() {
    let mut odd = contact();
    odd.name = Some("\u{200b}\u{3164}".to_owned());
    let long = "x".repeat(1_025);
    let attributes = format!(r#"{{"city": "New     York", "name": " ", "street": "{long}"}}"#);
    odd.attributes = Attributes::from_stored(attributes);
    let wrong = fill(&template(&["name", "city", "street"]), &odd, &given(&[])).unwrap_err();
    let fields: Vec<&str> = wrong.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["variables.name", "variables.city", "variables.street"]);
    odd.name = Some("Ann".to_owned());
    assert_eq!(fill(&template(&["name"]), &odd, &given(&[])), Ok(vec!["Ann".to_owned()]));
}

#[test]
fn a_text_that_is_too_long_once_filled_is_the_fault_of_its_longest_value() {
    let mut long = template(&["name", "city"]);
    long.body = format!("{{{{1}}}} {}, {{{{2}}}}", "x".repeat(1_000));
    let wrong = fill(&long, &contact(), &given(&[("city", &"y".repeat(17))])).unwrap_err();
    assert_eq!(wrong.first().map(|error| error.field.as_str()), Some("variables.city"));
    assert!(fill(&long, &contact(), &given(&[("city", &"y".repeat(16))])).is_ok());
}

/// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
#[test]
fn an_outcome_that_was_stored_can_be_read() {
    let stored = concat!(
        r#"{"message_id":"0190163d-8694-7001-8000-000000000001","due_at":"2026-12-31T10:00:00Z","#,
        r#""accepted_at":"2026-11-24T12:00:00Z","is_new_batch":true}"#
    );
    let accepted: Accepted = serde_json::from_str(stored).unwrap();
    assert_eq!(accepted.due_at.to_string(), "2026-12-31T10:00:00Z");
    assert!(accepted.is_new_batch);
}
