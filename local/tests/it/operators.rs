//! Operators' commands: what each finds or does, and that each leaves an entry in the audit log.

use domain::MessageId;
use jiff::SignedDuration;
use ops::operators::{self, Answer, Command};
use serde_json::{Value, json};

use crate::http::raw_api::RawApi;
use crate::http::webhook_signature::post_signed;
use crate::test_system::{ADMIN, Tenant, TestSystem};

/// Carries out a command as it is invoked; the answer is what an operator gets.
async fn command(system: &TestSystem, command: Value) -> Result<Value, String> {
    let command: Command = serde_json::from_value(command).map_err(|error| error.to_string())?;
    let platform = &system.machine.platform;
    let answer =
        operators::perform(&platform.store, &platform.token_cipher, &platform.system(), &command).await;
    let answer: Answer = answer.map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(&answer).unwrap())
}

async fn done(system: &TestSystem, json: Value) -> Value {
    command(system, json).await.unwrap()
}

/// The audit log holds an entry of this action about this subject.
async fn assert_logged(system: &TestSystem, action: &str, subject: &str) {
    let sql = format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM audit_log WHERE action = '{action}' AND subject = '{subject}') THEN
         RAISE EXCEPTION 'no entry {action} {subject}: %', (SELECT string_agg(action || ' ' || subject, ', ') FROM audit_log);
         END IF; END $$"
    );
    system.db.execute(&sql).await;
}

#[tokio::test]
async fn a_paused_tenant_sends_nothing_pays_nothing_and_goes_on_when_it_is_resumed() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let pause = json!({ "command": "pause", "tenant": "acme", "by": "ada", "reason": "a complaint of spam" });
    let held = done(&system, pause.clone()).await;
    assert_eq!((&held["isPaused"], &held["isChanged"]), (&json!(true), &json!(true)), "{held}");
    assert_eq!(done(&system, pause).await["isChanged"], false, "twice changes nothing");
    let id = tenant.send("+15550000001").await;
    system.pump().await;
    let message = tenant.message(&id).await;
    assert_eq!((&message["status"], &message["holds"][0]["reason"]), (&json!("PENDING"), &json!("OPERATOR")));
    let why = done(&system, json!({ "command": "why", "id": id })).await;
    assert_eq!(why["reasons"][0]["cause"], "HELD", "{why}");
    assert!(why["reasons"][0]["what"].as_str().unwrap().contains("a complaint of spam"), "{why}");
    assert_eq!(tenant.balance().await, "1.00");
    let report = done(&system, json!({ "command": "tenant", "tenant": "acme" })).await;
    assert_eq!(
        (&report["numbers"][0]["isHeld"], &report["numbers"][0]["overdue"]),
        (&json!(true), &json!(1))
    );

    let resume =
        json!({ "command": "resume", "tenant": tenant.id, "by": "ada", "reason": "it was not spam" });
    assert_eq!(done(&system, resume.clone()).await["isChanged"], true);
    assert_eq!(done(&system, resume).await["isChanged"], false);
    system.recover().await;
    assert_eq!(tenant.message(&id).await["status"], "READ");
    for action in ["operator.pause", "operator.resume", "operator.tenant"] {
        assert_logged(&system, action, &format!("tenant:{}", tenant.id)).await;
    }
    assert_logged(&system, "operator.why", &format!("message:{id}")).await;
    system.assert_clean().await;
}

#[tokio::test]
async fn a_paused_number_is_held_and_one_of_another_tenant_is_refused() {
    let system = TestSystem::start().await;
    let (mine, theirs) = (system.tenant("acme", "1.00").await, system.tenant("other", "1.00").await);
    let number = async |slug: &str| {
        done(&system, json!({ "command": "tenant", "tenant": slug })).await["numbers"][0]["phoneNumberId"]
            .clone()
    };
    let order = |slug: &str, number: &Value| json!({ "command": "pause", "tenant": slug, "number": number, "by": "ada", "reason": "a test" });
    let refused = command(&system, order("acme", &number("other").await)).await.unwrap_err();
    assert!(refused.contains("no number"), "{refused}");
    done(&system, order("acme", &number("acme").await)).await;
    let (held, free) = (mine.send("+15550000001").await, theirs.send("+15550000001").await);
    system.pump().await;
    assert_eq!(mine.message(&held).await["status"], "PENDING");
    assert_eq!(theirs.message(&free).await["status"], "READ");
    // What waits under a hold is no fault.
    system.assert_clean().await;
}

#[tokio::test]
async fn a_message_is_found_by_our_id_and_by_metas_and_shown_without_its_recipient() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let id = tenant.send("+15551234567").await;
    system.pump().await;
    let report = done(&system, json!({ "command": "message", "id": id })).await;
    assert_eq!(
        (&report["status"], &report["to"], &report["tenant"]["slug"]),
        (&json!("READ"), &json!("…67"), &json!("acme"))
    );
    assert_eq!(report["statuses"].as_array().unwrap().len(), 3, "{report}");
    assert_eq!(report["ledger"][0]["kind"], "DEBIT", "{report}");
    assert!(!report.to_string().contains("1234567"), "{report}");
    let by_wamid = done(&system, json!({ "command": "message", "id": report["wamid"] })).await;
    assert_eq!(by_wamid["messageId"], report["messageId"]);
    let failed = tenant.send("+15550000002").await;
    system.pump().await;
    let why = done(&system, json!({ "command": "why", "id": failed })).await;
    assert_eq!((&why["status"], &why["reasons"][0]["cause"]), (&json!("FAILED"), &json!("REFUSED")), "{why}");
    let report = done(&system, json!({ "command": "message", "id": failed })).await;
    assert_eq!(report["ledger"][1]["kind"], "REFUND", "{report}");
}

#[tokio::test]
async fn what_is_not_there_or_not_said_is_an_error_that_names_it_and_leaves_no_entry() {
    let system = TestSystem::start().await;
    system.tenant("acme", "0").await;
    let nobody = MessageId::at(system.clock.now());
    for (given, part) in [
        (json!({ "command": "tenant", "tenant": "acne" }), "\"acne\""),
        (json!({ "command": "message", "id": nobody }), "no message"),
        (json!({ "command": "why", "id": "wamid.none" }), "wamid.none"),
        (json!({ "command": "pause", "tenant": "acme", "by": " ", "reason": "x" }), "`by` and `reason`"),
        (
            json!({ "command": "erase", "tenant": "acme", "contact": nobody, "by": "ada", "reason": "x" }),
            "no contact",
        ),
        (json!({ "command": "erase", "tenant": "acme", "contact": "x", "by": "ada", "reason": "x" }), "UUID"),
        (json!({ "command": "halt" }), "halt"),
    ] {
        let refused = command(&system, given).await.unwrap_err();
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let none = "DO $$ BEGIN IF EXISTS (SELECT FROM audit_log WHERE action ~ '^operator|erase')
                THEN RAISE EXCEPTION 'an entry'; END IF; END $$";
    system.db.execute(none).await;
}

#[tokio::test]
async fn an_audit_finds_a_balance_that_was_changed_by_hand() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    assert_eq!(done(&system, json!({ "command": "audit", "atRest": true })).await["isClean"], true);
    system.leaves_unaudited("a balance is changed by hand");
    system
        .db
        .execute(&format!("UPDATE wallets SET balance = balance + 1 WHERE tenant_id = '{}'", tenant.id))
        .await;
    let report = done(&system, json!({ "command": "audit" })).await;
    assert_eq!(report["isClean"], false);
    let findings = report["findings"].as_array().unwrap();
    let broken = findings.iter().filter(|finding| finding["violations"] != 0);
    let broken: Vec<&str> = broken.map(|finding| finding["invariant"].as_str().unwrap()).collect();
    assert!(broken.iter().any(|invariant| invariant.starts_with("I1 ")), "{broken:?}");
    assert_logged(&system, "operator.audit", "platform").await;
}

/// A person with everything that is stored about one.
async fn person(system: &TestSystem, tenant: &Tenant) -> Value {
    let row = json!({ "phone": "+4915155509876", "name": "Zebulon Quark", "attributes": { "city": "Xanadupolis" } });
    tenant.client.post("/contacts/import", &json!({ "contacts": [row] })).await.unwrap().success().unwrap();
    let contacts = tenant.client.get("/contacts").await.unwrap().success().unwrap();
    let id = contacts["data"][0]["id"].clone();
    let accept = async |key: &str, variables: Value, due: Option<String>| {
        let mut body = json!({ "templateId": tenant.template, "contactId": id, "variables": variables });
        let path = match due {
            Some(due) => {
                body["scheduleTime"] = json!(due);
                body["idempotencyKey"] = json!(key);
                "/messages/schedule"
            }
            None => "/messages",
        };
        tenant.client.post(path, &body).await.unwrap().success().unwrap()["id"].clone()
    };
    let sent = accept("sent", json!({ "name": "Vorpalblade" }), None).await;
    system.pump().await;
    let due = (system.clock.now() + SignedDuration::from_hours(9)).to_string();
    let waiting = accept("waits", json!({}), Some(due)).await;
    json!({ "contact": id, "sent": sent, "waiting": waiting })
}

#[tokio::test]
async fn an_erased_person_stands_in_no_table_is_not_imported_again_and_the_books_stay() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let person = person(&system, &tenant).await;
    let raw = json!({ "from": "4915155509876", "text": { "body": "Zebulon Quark here" } });
    let unhandled = format!(
        "INSERT INTO kept_updates (digest, reason, raw, received_at) VALUES (sha256('1'), 'messages', '{raw}', now()),
         (sha256('2'), 'messages', '{{\"from\": \"49151555098760\"}}', now())"
    );
    system.db.execute(&unhandled).await;
    let balance = tenant.balance().await;
    let erase = json!({
        "command": "erase", "tenant": "acme", "contact": person["contact"], "by": "ada", "reason": "asked by mail",
    });
    let erased = done(&system, erase.clone()).await;
    let counts =
        ["messages", "cancelled", "suppressed", "updates"].map(|name| erased[name].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 1, 1], "{erased}");
    let canaries = ["+4915155509876", "\"4915155509876\"", "Zebulon", "Quark", "Xanadupolis", "Vorpalblade"];
    system.assert_nowhere(&canaries).await;
    assert_eq!(done(&system, erase).await["wasErasedBefore"], true);
    assert_eq!(tenant.client.get("/contacts").await.unwrap().success().unwrap()["data"], json!([]));

    let again = json!({ "contacts": [{ "phone": "+49 1515 5509876" }, { "phone": "+4915155501111" }] });
    let imported = tenant.client.post("/contacts/import", &again).await.unwrap().success().unwrap();
    assert_eq!(imported, json!({ "imported": 1, "skipped": 0, "suppressed": 1 }));
    let body = json!({ "templateId": tenant.template, "contactId": person["contact"] });
    assert_eq!(tenant.client.post("/messages", &body).await.unwrap().status, 422);
    system.recover().await;
    let message = tenant.message(person["waiting"].as_str().unwrap()).await;
    assert_eq!(message["status"], "CANCELLED", "{message}");
    assert_eq!(tenant.message(person["sent"].as_str().unwrap()).await["status"], "READ");
    assert_eq!(tenant.balance().await, balance);
    assert_logged(&system, "contact.erase", &format!("contact:{}", person["contact"].as_str().unwrap()))
        .await;
    system.assert_clean().await;
}

#[tokio::test]
async fn a_status_that_comes_after_the_erasure_still_refunds_and_brings_no_number_back() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    // The sandbox accepts it and reports nothing.
    let (id, contact) = (tenant.send("+15550000003").await, tenant.contact("+15550000003").await);
    system.pump().await;
    assert_eq!(tenant.balance().await, "0.988");
    let report = done(&system, json!({ "command": "message", "id": id })).await;
    let erase = json!({ "command": "erase", "tenant": "acme", "contact": contact, "by": "ada", "reason": "asked by mail" });
    assert_eq!(done(&system, erase).await["messages"], 1);

    let failed = json!({
        "id": report["wamid"], "status": "failed", "timestamp": "1790000000", "recipient_id": "15550000003",
        "errors": [{ "code": 131_026, "title": "Message undeliverable" }],
    });
    let value = json!({
        "messaging_product": "whatsapp", "statuses": [failed],
        "metadata": { "display_phone_number": "15550000000", "phone_number_id": report["number"] },
        "contacts": [{ "wa_id": "15550000003" }],
    });
    let entry = json!({ "id": "1", "changes": [{ "field": "messages", "value": value }] });
    let body = json!({ "object": "whatsapp_business_account", "entry": [entry] });
    let answer = post_signed(&system, &RawApi::of(&system), body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    system.recover().await;
    assert_eq!(tenant.message(&id).await["status"], "FAILED");
    assert_eq!(tenant.balance().await, "1.00");
    system.assert_nowhere(&["15550000003"]).await;
    system.assert_clean().await;
}

/// A message that is accepted while its contact is erased is either erased with it or not accepted.
#[tokio::test]
async fn no_message_that_races_an_erasure_keeps_the_number() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    for round in 0..20 {
        let phone = format!("+49151555077{round:02}");
        let contact = tenant.contact(&phone).await;
        let body = json!({ "templateId": tenant.template, "contactId": contact });
        let erase = json!({ "command": "erase", "tenant": "acme", "contact": contact, "by": "ada", "reason": "a race" });
        let sends = futures_util::future::join_all((0..4).map(|_| tenant.client.post("/messages", &body)));
        let (erased, sent) = tokio::join!(done(&system, erase), sends);
        assert_eq!(erased["wasErasedBefore"], false);
        for answer in sent {
            let status = answer.unwrap().status;
            assert!(status == 201 || status == 202 || status == 422, "{status}");
        }
        system.assert_nowhere(&[&phone]).await;
    }
    system.recover().await;
    system.assert_clean().await;
}

#[tokio::test]
async fn a_second_super_admin_is_invited_by_mail_may_approve_and_the_address_is_in_no_log_entry() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let invite = json!({
        "command": "invite-super-admin", "email": "Eve@Platform.test", "by": "ada", "reason": "two people approve",
    });
    let invited = done(&system, invite.clone()).await;
    assert_eq!(invited["isLinkMailed"], true, "{invited}");
    assert_eq!(done(&system, invite).await, invited, "the same person again, with another link");
    assert_logged(
        &system,
        "operator.invite_super_admin",
        &format!("user:{}", invited["userId"].as_str().unwrap()),
    )
    .await;
    system.sweep().await;
    system.pump().await;
    let (anonymous, mut is_set) = (system.anonymous(), 0);
    for secret in links_mailed_to(&system, "eve@platform.test") {
        let body = json!({ "secret": secret, "password": "chosen with a link" });
        let answer = anonymous.post("/auth/set-password", &body).await.unwrap();
        is_set += usize::from(answer.status.is_success());
    }
    assert_eq!(is_set, 1, "of two links the later one counts");
    let second = anonymous.login("eve@platform.test", "chosen with a link").await.unwrap();

    let adjustment =
        json!({ "tenantId": tenant.id, "amount": "150", "reason": "a test", "idempotencyKey": "large" });
    let first = system.owner().await;
    let waiting = first.post("/billing/adjustments", &adjustment).await.unwrap().success().unwrap();
    let approve = format!("/admin/adjustments/{}/approve", waiting["id"].as_str().unwrap());
    assert_eq!(first.post(&approve, &Value::Null).await.unwrap().status.as_u16(), 403);
    second.post(&approve, &Value::Null).await.unwrap().success().unwrap();
    assert_eq!(tenant.balance().await, "151.00");
    let audit = first.get("/admin/audit?limit=200").await.unwrap().success().unwrap();
    assert!(!audit.to_string().contains("platform.test"), "{audit}");
    system.assert_clean().await;
}

#[tokio::test]
async fn a_super_admin_who_has_a_password_gets_no_link_and_a_tenants_user_becomes_none() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "0").await;
    let invite = |email: &str| json!({ "command": "invite-super-admin", "email": email, "by": "ada", "reason": "a test" });
    assert_eq!(done(&system, invite(ADMIN.0)).await["isLinkMailed"], false);
    let refused = command(&system, invite(&tenant.email)).await.unwrap_err();
    assert!(refused.contains("already belongs to a user of a tenant"), "{refused}");
    assert!(command(&system, invite("eve")).await.unwrap_err().contains("email"));
    let mut silent = invite("eve@platform.test");
    silent["reason"] = json!(" ");
    assert!(command(&system, silent).await.unwrap_err().contains("`reason`"));
}

/// The secrets of the links that were mailed to an address.
fn links_mailed_to(system: &TestSystem, address: &str) -> Vec<String> {
    let letters = std::fs::read_dir(system.home.join("mail")).unwrap();
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap().replace("=\r\n", "");
    let letters = letters.map(|letter| read(letter.unwrap().path()));
    let links = letters.filter(|letter| letter.contains(address)).filter_map(|letter| {
        let (_, link) = letter.split_once("set-password#")?;
        Some(link.split_whitespace().next()?.to_owned())
    });
    links.collect()
}
