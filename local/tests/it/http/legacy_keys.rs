//! Keys stored when a request was hashed as its parsed type (`api::legacy_hash`) are honoured until they expire.

use super::idempotency_keys::{Fixture, Keyed};

/// The text that the request was hashed as: the typed body as JSON, `null` for what was absent.
fn old_text(keyed: &Keyed) -> String {
    let member = |name: &str| keyed.body[name].to_string();
    match keyed.route {
        "send_message" => format!(
            r#"{{"templateId":{},"contactId":{},"variables":{{}},"idempotencyKey":null}}"#,
            member("templateId"),
            member("contactId")
        ),
        "schedule_message" => format!(
            r#"{{"templateId":{},"contactId":{},"scheduleTime":{},"idempotencyKey":null,"variables":{{}}}}"#,
            member("templateId"),
            member("contactId"),
            member("scheduleTime")
        ),
        "import_contacts" => {
            r#"{"contacts":[{"phone":"+15550001111","name":null,"attributes":{}}]}"#.to_owned()
        }
        "create_template" => concat!(
            r#"{"name":"new","content":"Hello!","variables":[],"language":null,"category":null,"#,
            r#""metaTemplateId":null,"status":null}"#
        )
        .to_owned(),
        "add_credits" => format!(
            r#"{{"tenantId":{},"amount":1.25,"description":null,"idempotencyKey":null}}"#,
            member("tenantId")
        ),
        "create_plan" => concat!(
            r#"{"name":"New","monthlyPrice":1.50,"messagesPerMonth":1,"contacts":1,"templates":1,"phoneNumbers":1,"#,
            r#""users":1,"requestsPerMinute":1,"marginBps":0}"#
        )
        .to_owned(),
        "create_tenant" => concat!(
            r#"{"tenantName":"New","slug":"new","adminEmail":"new@tenant.test","adminName":"Ann","#,
            r#""plan":null}"#
        )
        .to_owned(),
        other => panic!("{other} had no keys when requests were hashed as types"),
    }
}

#[tokio::test]
async fn a_request_that_was_stored_with_the_old_hash_gets_the_same_answer() {
    let fixture = Fixture::new().await;
    // A route that is stored as its path had no keys then.
    for keyed in fixture.calls().into_iter().filter(|keyed| !keyed.route.starts_with('/')) {
        let first = fixture.with_key(&keyed, "old", &keyed.body).await;
        first.success();
        let sql = format!(
            "UPDATE idempotency_keys SET request_hash = sha256(convert_to('{}', 'UTF8')) WHERE route = '{}' AND key = 'old'",
            old_text(&keyed),
            keyed.route
        );
        fixture.system.db.execute(&sql).await;
        let effects = fixture.effects().await;
        let again = fixture.with_key(&keyed, "old", &keyed.body).await;
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{}", keyed.path);
        let other = fixture.with_key(&keyed, "old", &keyed.other).await;
        other.assert_refused(422, "idempotency-key-reused", keyed.path);
        assert_eq!(fixture.effects().await, effects, "{}", keyed.path);
    }
}
