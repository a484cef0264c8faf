//! A tenant that was closed for its month is erased, and its books stay.

use jiff::SignedDuration;
use serde_json::{Value, json};
use store::Moment;

use super::fault_test::FaultTest;
use super::tenant_states::{mailed, put_into, shown};
use crate::test_system::{PASSWORD, Tenant, TestSystem};

/// Accepted without further statuses.
const SILENT: &str = "+15550000003";
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Transactions of a small tenant's erasure: one for each step, and one more that finds nothing waiting.
const PARTS: u32 = 8;

/// A tenant with something of every kind, and a message that Meta has accepted and says nothing about.
async fn stocked(test: &FaultTest, slug: &str) -> (Tenant, String) {
    let tenant = test.system.tenant(slug, "1.00").await;
    let person = json!({ "phone": "+4915155509876", "name": "Zebulon Quark", "attributes": { "city": "Xanadupolis" } });
    tenant
        .client
        .post("/contacts/import", &json!({ "contacts": [person] }))
        .await
        .unwrap()
        .success()
        .unwrap();
    let template = json!({ "name": "secretum", "content": "Vorpalblade for {{1}}.", "variables": ["blade"] });
    tenant.client.post("/templates", &template).await.unwrap().success().unwrap();
    let before = test.system.acceptances().await.len();
    tenant.send(SILENT).await;
    test.work().await;
    let wamid = test.system.acceptances().await[before].wamid.clone();
    let contact = tenant.contact("+4915155509876").await;
    let due = test.system.clock.now() + SignedDuration::from_hours(24 * 60);
    let waiting = json!({
        "templateId": tenant.template, "contactId": contact, "variables": { "name": "Jabberwock" },
        "scheduleTime": due.to_string(), "idempotencyKey": "waits",
    });
    tenant.client.post("/messages/schedule", &waiting).await.unwrap().success().unwrap();
    let unhandled = format!(
        "INSERT INTO kept_updates (digest, reason, raw, received_at)
         SELECT sha256(convert_to(phone_number_id, 'UTF8')), 'messages',
                jsonb_build_object('metadata', jsonb_build_object('phone_number_id', phone_number_id), 'text', 'Bandersnatch'), now()
           FROM phone_numbers WHERE tenant_id = '{}'",
        tenant.id
    );
    test.system.db.execute(&unhandled).await;
    (tenant, wamid)
}

async fn close(system: &TestSystem, tenant: &Tenant) {
    put_into(system, tenant, "CLOSED").await;
}

/// As if it had been closed a month ago.
async fn age(test: &FaultTest, tenant: &Tenant) {
    let aged = format!(
        "UPDATE tenants SET state_since = state_since - interval '31 days' WHERE tenant_id = '{}'",
        tenant.id
    );
    test.system.db.execute(&aged).await;
}

#[tokio::test]
async fn an_erased_tenant_names_nobody_its_books_stay_and_a_late_webhook_still_settles_money() {
    let test = FaultTest::start().await;
    let (tenant, wamid) = stocked(&test, "wonderland").await;
    test.pass(SignedDuration::from_mins(2)).await;
    close(&test.system, &tenant).await;
    test.pass(MONTH - SignedDuration::from_hours(1)).await;
    assert_eq!(shown(&test.system, &tenant).await["state"], "CLOSED", "an hour is left");
    let before = test.system.db.contents().await;
    test.pass(SignedDuration::from_hours(2)).await;
    let after = test.system.db.contents().await;
    for table in ["ledger", "ledger_seals", "statuses", "wamids", "attempts", "write_offs", "suppressions"] {
        assert_eq!(before[table], after[table], "{table} stays as it is, so that proofs of it still verify");
    }
    let erased = shown(&test.system, &tenant).await;
    assert_eq!(
        (&erased["state"], &erased["name"], &erased["balance"]),
        (&json!("ERASED"), &json!("Erased"), &json!("0.988"))
    );
    assert_eq!((&erased["numbers"][0]["state"], &erased["mayBecome"]), (&json!("DISCONNECTED"), &json!([])));
    test.system
        .assert_nowhere(&[
            "wonderland",
            "wonderland@tenant.test",
            "4915155509876",
            "zebulon",
            "xanadupolis",
            "vorpalblade",
            "jabberwock",
            "bandersnatch",
        ])
        .await;
    test.system.assert_clean().await;

    let failed = json!({ "wamid": wamid, "status": "failed", "errorCode": 131_026 });
    test.system.order("statuses", &failed).await;
    let inbound = json!({ "from": "+4915155509876", "phoneNumberId": erased["numbers"][0]["id"], "text": "Zebulon again" });
    let url = format!("{}/sandbox/inbound", test.system.sandbox_url);
    let sent = test.system.http.post(url).json(&inbound).send().await.unwrap();
    assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
    test.rest().await;
    assert_eq!(shown(&test.system, &tenant).await["balance"], "1.00");
    test.system.assert_nowhere(&["zebulon"]).await;
    test.system.assert_clean().await;
}

#[tokio::test]
async fn nobody_gets_into_an_erased_tenant_adds_credit_to_it_or_brings_it_back() {
    let test = FaultTest::start().await;
    let (tenant, _) = stocked(&test, "acme").await;
    close(&test.system, &tenant).await;
    assert_eq!(mailed(&test.system, &["is closed"]), 0);
    test.work().await;
    assert_eq!(mailed(&test.system, &["acme", "is closed", "30 days"]), 1);
    age(&test, &tenant).await;
    test.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(shown(&test.system, &tenant).await["state"], "ERASED");
    let login = json!({ "email": tenant.email, "password": PASSWORD });
    let refused = test.system.anonymous().post("/auth/login", &login).await.unwrap();
    assert_eq!(refused.body["type"], "urn:tidings:problem:wrong-credentials");
    assert_eq!(tenant.client.get("/messages").await.unwrap().status, 401);
    let owner = test.system.owner().await;
    let credit = json!({ "tenantId": tenant.id, "amount": "1.00", "idempotencyKey": "late" });
    let back = json!({ "state": "ACTIVE", "reason": "a mistake" });
    for refused in [
        owner.post("/billing/add-credits", &credit).await.unwrap(),
        owner.patch(&format!("/admin/tenants/{}", tenant.id), &back).await.unwrap(),
        owner.patch(&format!("/admin/tenants/{}", tenant.id), &json!({ "name": "Back" })).await.unwrap(),
    ] {
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert_eq!((&refused.body["is"], &refused.body["allowed"]), (&json!("ERASED"), &json!([])));
    }
}

/// The slug, the e-mail and the number are free again.
#[tokio::test]
async fn a_business_that_comes_back_registers_anew_and_connects_the_same_number() {
    let test = FaultTest::start().await;
    let (old, _) = stocked(&test, "acme").await;
    let number = shown(&test.system, &old).await["numbers"][0]["id"].clone();
    let other = test.system.tenant("other", "0").await;
    let same = json!({ "code": old.id });
    assert_eq!(other.client.post("/whatsapp/connect", &same).await.unwrap().status, 409);
    close(&test.system, &old).await;
    age(&test, &old).await;
    test.pass(SignedDuration::from_mins(2)).await;
    let new = test.system.tenant("acme", "0").await;
    assert_ne!(new.id, old.id);
    test.system.allow("phone_numbers_max", 5).await;
    let connected = new.client.post("/whatsapp/connect", &same).await.unwrap().success().unwrap();
    assert_eq!(connected["phoneNumbers"][0]["id"], number);
    test.system.assert_clean().await;
}

#[tokio::test]
async fn an_erasure_that_has_begun_is_not_taken_back_and_is_finished_once_by_many_sweeps() {
    let test = FaultTest::start().await;
    let (tenant, _) = stocked(&test, "acme").await;
    close(&test.system, &tenant).await;
    age(&test, &tenant).await;
    test.faults.arm_always("erase_tenant", Moment::BeforeCommit);
    test.pass(SignedDuration::from_mins(2)).await;
    test.faults.disarm();
    let begun = shown(&test.system, &tenant).await;
    assert_eq!((&begun["state"], begun["erasingSince"].is_string()), (&json!("CLOSED"), true));
    let back = json!({ "state": "ACTIVE", "reason": "a mistake" });
    let path = format!("/admin/tenants/{}", tenant.id);
    let refused = test.system.owner().await.patch(&path, &back).await.unwrap();
    assert_eq!(
        (refused.status.as_u16(), &refused.body["is"], &refused.body["allowed"]),
        (409, &json!("CLOSED"), &json!([]))
    );
    for _ in 0..3 {
        futures_util::future::join_all((0..4).map(|_| test.system.sweep())).await;
    }
    let log = test.system.owner().await.get("/admin/audit?limit=200").await.unwrap().success().unwrap();
    let entries = log["data"].as_array().unwrap();
    for action in ["tenant.begin_erasure", "tenant.erase"] {
        let of_action: Vec<&Value> = entries.iter().filter(|entry| entry["action"] == action).collect();
        assert_eq!(of_action.len(), 1, "{action}");
        assert_eq!(of_action[0]["actor"], "system");
    }
    assert_eq!(shown(&test.system, &tenant).await["state"], "ERASED");
}

/// Sweeps until the tenant is erased: Postgres may still roll back what was cut off when the next sweep looks.
async fn finish(test: &FaultTest, tenant: &Tenant) {
    for _ in 0..5 {
        test.pass(SignedDuration::from_mins(2)).await;
        if shown(&test.system, tenant).await["state"] == "ERASED" {
            return;
        }
    }
    panic!("{} is never erased", tenant.email);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_is_killed_in_any_of_its_parts_goes_on_and_ends_the_same() {
    let test = FaultTest::start().await;
    for part in 1..=PARTS {
        for moment in [Moment::BeforeCommit, Moment::AfterCommit] {
            let slug = format!("part-{part}-{moment:?}").to_lowercase();
            let (tenant, _) = stocked(&test, &slug).await;
            close(&test.system, &tenant).await;
            age(&test, &tenant).await;
            test.faults.arm("erase_tenant", moment, part);
            test.pass(SignedDuration::from_mins(2)).await;
            assert!(test.faults.disarm().is_empty(), "{slug}: an erasure has fewer parts");
            finish(&test, &tenant).await;
            test.system.assert_nowhere(&["zebulon", "vorpalblade", "jabberwock", "bandersnatch"]).await;
        }
    }
    test.system.assert_clean().await;
}
