//! Corrections of a ledger: small ones by one super admin, larger ones by two (I32).

use api::tokens::Subject;
use domain::{Role, TenantId, UserId};
use futures_util::future::join_all;
use jiff::SignedDuration;
use ops::billing::proof::verify;
use serde_json::{Value, json};

use super::actors::{TenantActor, super_admin, tenant_actor, user};
use super::idempotency_keys::claims;
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

struct Fixture {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
    first: String,
    second: String,
}

impl Fixture {
    /// A tenant with ten units, and two super admins.
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let (home, first) = (tenant_actor(&api, "home").await, super_admin(&api).await);
        let platform: TenantId = serde_json::from_value(claims(&first)["tid"].clone()).unwrap();
        let second = user(&system, platform, Role::SuperAdmin).await;
        let fixture = Self { system, api, home, first, second };
        let credit =
            json!({ "tenantId": fixture.home.tenant, "amount": "10.00", "idempotencyKey": "credit" });
        fixture.api.post("/billing/add-credits").bearer(&fixture.first).json(&credit).send().await.success();
        fixture
    }

    fn body(&self, amount: &str, key: &str) -> Value {
        json!({
            "tenantId": self.home.tenant, "amount": amount, "reason": "Utility price of May", "correctsSeq": 1,
            "idempotencyKey": key,
        })
    }

    async fn adjust(&self, token: &str, body: &Value) -> Answer {
        self.api.post("/billing/adjustments").bearer(token).json(body).send().await
    }

    async fn decide(&self, token: &str, id: &str, verdict: &str) -> Answer {
        self.api.post(&format!("/admin/adjustments/{id}/{verdict}")).bearer(token).send().await
    }

    async fn balance(&self) -> String {
        self.home.balance(&self.api).await
    }

    /// One that waits for a second person.
    async fn waiting(&self, amount: &str, key: &str) -> String {
        let answer = self.adjust(&self.first, &self.body(amount, key)).await;
        assert_eq!((answer.status, &answer.body["state"]), (202, &json!("PENDING")), "{}", answer.text);
        answer.text_of("id")
    }

    async fn state(&self, id: &str, token: &str) -> Value {
        let listed = self.api.get("/admin/adjustments").bearer(token).send().await;
        let listed = listed.success()["data"].as_array().unwrap().clone();
        listed.iter().find(|row| row["id"] == id).unwrap()["state"].clone()
    }

    /// A token of the same person for now: the test's clock passes days.
    fn renewed(&self, token: &str) -> String {
        let member = |name: &str| claims(token)[name].clone();
        let tenant: TenantId = serde_json::from_value(member("tid")).unwrap();
        let user: UserId = serde_json::from_value(member("sub")).unwrap();
        self.system.machine.app.tokens.issue(Subject { tenant, user, session: None }).unwrap()
    }

    async fn invariants(&self) -> Vec<&'static str> {
        let books = self.system.books(false).await;
        let broken = books.findings.iter().filter(|finding| finding.violations != 0);
        broken.map(|finding| finding.invariant.split_once(' ').unwrap().0).collect()
    }
}

#[tokio::test]
async fn a_small_adjustment_is_booked_at_once_and_names_what_it_corrects() {
    let fixture = Fixture::new().await;
    let booked = fixture.adjust(&fixture.first, &fixture.body("-2.5", "a")).await;
    assert_eq!((booked.status, &booked.body["state"]), (201, &json!("BOOKED")), "{}", booked.text);
    assert_eq!((&booked.body["seq"], &booked.body["correctsSeq"]), (&json!(2), &json!(1)));
    assert!(booked.body.get("decidedBy").is_none(), "it needed no approval: {}", booked.text);
    let exactly = fixture.adjust(&fixture.first, &fixture.body("100.00", "limit")).await;
    assert_eq!(exactly.status, 201, "the limit itself is not above it");
    assert_eq!(fixture.balance().await, "107.50");
    let ledger = fixture.home.ledger(&fixture.api).await;
    assert_eq!(
        (&ledger[1]["reason"], &ledger[1]["amount"], &ledger[1]["corrects"], &ledger[1]["description"]),
        (&json!("ADJUSTMENT"), &json!("-2.50"), &json!(1), &json!("Utility price of May"))
    );
    assert!(ledger[1].get("refunds").is_none(), "{}", ledger[1]);
    let audit = fixture.api.get("/audit").bearer(&fixture.home.token).send().await;
    let entry = audit.success()["data"]
        .as_array()
        .unwrap()
        .iter()
        .rfind(|entry| entry["action"] == "adjustment.book");
    let detail = &entry.unwrap()["detail"];
    assert_eq!(
        (&detail["amount"], &detail["seq"], &detail["correctsSeq"]),
        (&json!("-2.50"), &json!(2), &json!(1))
    );
    assert!(!detail.to_string().contains("May"), "the reason is free text: {detail}");
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn the_same_key_books_once_and_another_request_with_it_is_refused() {
    let fixture = Fixture::new().await;
    let body = fixture.body("1", "once");
    let answers = join_all((0..20).map(|_| fixture.adjust(&fixture.first, &body))).await;
    let booked: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!booked.is_empty() && booked.iter().all(|answer| answer.body == booked[0].body));
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.problem() == Some("still-running")));
    assert_eq!(fixture.balance().await, "11.00");
    let other = fixture.adjust(&fixture.first, &fixture.body("2", "once")).await;
    other.assert_refused(422, "idempotency-key-reused", "another amount");
    let mut keyless = fixture.body("1", "none");
    keyless.as_object_mut().unwrap().remove("idempotencyKey");
    fixture.adjust(&fixture.first, &keyless).await.assert_invalid("idempotencyKey", "without a key");
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn above_the_limit_nothing_is_booked_until_a_second_person_approves_it_and_then_once() {
    let fixture = Fixture::new().await;
    let id = fixture.waiting("100.000001", "large").await;
    assert_eq!(fixture.balance().await, "10.00");
    let own = fixture.decide(&fixture.first, &id, "approve").await;
    own.assert_refused(403, "approval-required", "the one who asked for it");
    assert!(own.body["detail"].as_str().unwrap().contains("another super admin"), "{}", own.text);
    assert_eq!((fixture.balance().await.as_str(), fixture.invariants().await.len()), ("10.00", 0));
    let approved = fixture.decide(&fixture.second, &id, "approve").await;
    assert_eq!((&approved.success()["state"], &approved.body["seq"]), (&json!("BOOKED"), &json!(2)));
    assert_ne!(approved.body["decidedBy"], approved.body["requestedBy"]);
    assert_eq!(fixture.balance().await, "110.000001");
    // The answer was lost.
    let again = fixture.decide(&fixture.second, &id, "approve").await;
    assert_eq!(again.success(), &approved.body);
    fixture.decide(&fixture.first, &id, "approve").await.assert_refused(403, "approval-required", "again");
    fixture.decide(&fixture.second, &id, "reject").await.assert_refused(409, "conflict", "too late");
    // The request's own answer stays as it was.
    let replayed = fixture.adjust(&fixture.first, &fixture.body("100.000001", "large")).await;
    assert_eq!((replayed.status, &replayed.body["state"]), (202, &json!("PENDING")));
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        (fixture.balance().await.as_str(), fixture.home.ledger(&fixture.api).await.len()),
        ("110.000001", 2)
    );
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn forty_approvals_and_rejections_at_once_decide_it_one_way_and_book_at_most_one_entry() {
    let fixture = Fixture::new().await;
    let mut entries = 1;
    for round in 0..4 {
        let id = fixture.waiting("150", &format!("round-{round}")).await;
        let verdict = |number: usize| if number.is_multiple_of(2) { "approve" } else { "reject" };
        let decide = (0..40).map(|number| fixture.decide(&fixture.second, &id, verdict(number)));
        let answers = join_all(decide).await;
        let done: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert!(!done.is_empty() && done.iter().all(|answer| answer.body == done[0].body), "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)), "{answers:?}");
        entries += usize::from(done[0].body["state"] == "BOOKED");
        assert_eq!(fixture.home.ledger(&fixture.api).await.len(), entries);
    }
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn a_rejected_adjustment_books_nothing_and_who_asked_for_it_may_take_it_back() {
    let fixture = Fixture::new().await;
    for (key, token) in [("mine", &fixture.first), ("theirs", &fixture.second)] {
        let id = fixture.waiting("150", key).await;
        let rejected = fixture.decide(token, &id, "reject").await;
        assert_eq!(rejected.success()["state"], "REJECTED");
        assert_eq!(fixture.decide(token, &id, "reject").await.success(), &rejected.body);
        let late = fixture.decide(&fixture.second, &id, "approve").await;
        late.assert_refused(409, "conflict", "it was rejected");
        assert!(late.body["detail"].as_str().unwrap().contains("was rejected"), "{}", late.text);
    }
    assert_eq!(fixture.balance().await, "10.00");
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn after_seven_days_it_is_over() {
    let fixture = Fixture::new().await;
    let (in_time, late) = (fixture.waiting("150", "in-time").await, fixture.waiting("150", "late").await);
    fixture.system.clock.advance(SignedDuration::from_hours(24 * 7 - 1));
    let second = fixture.renewed(&fixture.second);
    assert_eq!(fixture.state(&late, &second).await, "PENDING");
    fixture.decide(&second, &in_time, "approve").await.success();
    fixture.system.clock.advance(SignedDuration::from_hours(1));
    let second = fixture.renewed(&fixture.second);
    for verdict in ["approve", "reject"] {
        let answer = fixture.decide(&second, &late, verdict).await;
        answer.assert_refused(409, "conflict", verdict);
        assert!(answer.body["detail"].as_str().unwrap().contains("not decided in time"), "{}", answer.text);
    }
    assert_eq!(fixture.state(&late, &second).await, "EXPIRED");
    assert_eq!(fixture.state(&in_time, &second).await, "BOOKED");
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn one_that_takes_money_takes_nothing_that_is_not_there_or_is_reserved() {
    let fixture = Fixture::new().await;
    let below = fixture.adjust(&fixture.first, &fixture.body("-10.000001", "below")).await;
    below.assert_refused(402, "insufficient-funds", "below zero");
    assert!(below.body["detail"].as_str().unwrap().contains("at most 10.00"), "{}", below.text);
    let reserve =
        format!("UPDATE wallets SET reserved = 4000000 WHERE tenant_id = '{}'", fixture.home.tenant);
    fixture.system.db.execute(&reserve).await;
    let reserved = fixture.adjust(&fixture.first, &fixture.body("-6.01", "reserved")).await;
    reserved.assert_refused(402, "insufficient-funds", "into what is reserved");
    let booked = fixture.adjust(&fixture.first, &fixture.body("-6", "all")).await;
    assert_eq!((booked.status, fixture.balance().await.as_str()), (201, "4.00"));
    // What was there when it was asked for may be gone when it is approved.
    let release = reserve.replace("4000000", "0");
    fixture.system.db.execute(&release).await;
    let credit = json!({ "tenantId": fixture.home.tenant, "amount": "200", "idempotencyKey": "more" });
    fixture.api.post("/billing/add-credits").bearer(&fixture.first).json(&credit).send().await.success();
    let id = fixture.waiting("-200", "large").await;
    fixture.adjust(&fixture.first, &fixture.body("-5", "meanwhile")).await.success();
    fixture.decide(&fixture.second, &id, "approve").await.assert_refused(402, "insufficient-funds", "gone");
    assert_eq!(fixture.state(&id, &fixture.second).await, "PENDING");
    fixture.adjust(&fixture.first, &fixture.body("5", "back")).await.success();
    fixture.decide(&fixture.second, &id, "approve").await.success();
    assert_eq!(fixture.balance().await, "4.00");
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn a_wrong_field_is_named_with_its_limit_and_what_is_not_there_is_404() {
    let fixture = Fixture::new().await;
    for (member, value, field) in [
        ("amount", json!("0"), "amount"),
        ("amount", json!("1000000.000001"), "amount"),
        ("amount", json!("-1000000.000001"), "amount"),
        ("amount", json!("0.0000001"), "amount"),
        ("reason", json!(""), "reason"),
        ("reason", json!(" "), "reason"),
        ("reason", json!("x".repeat(501)), "reason"),
        ("correctsSeq", json!(0), "correctsSeq"),
        ("correctsSeq", json!(2), "correctsSeq"),
        ("tenantId", json!("acme"), "tenantId"),
        ("approvedBy", json!("me"), "approvedBy"),
    ] {
        let mut body = fixture.body("1", "wrong");
        body[member] = value;
        fixture.adjust(&fixture.first, &body).await.assert_invalid(field, &body.to_string());
    }
    let mut unknown = fixture.body("1", "unknown");
    unknown["tenantId"] = json!("0190163d-8694-739b-aea5-966c26f8ad91");
    fixture.adjust(&fixture.first, &unknown).await.assert_refused(404, "not-found", "no tenant");
    for id in ["0190163d-8694-739b-aea5-966c26f8ad91", "none"] {
        for verdict in ["approve", "reject"] {
            fixture.decide(&fixture.second, id, verdict).await.assert_refused(404, "not-found", id);
        }
    }
    assert_eq!(fixture.balance().await, "10.00");
}

#[tokio::test]
async fn the_proof_of_a_ledger_with_adjustments_holds() {
    let fixture = Fixture::new().await;
    fixture.adjust(&fixture.first, &fixture.body("-2.5", "a")).await.success();
    let id = fixture.waiting("150", "b").await;
    fixture.decide(&fixture.second, &id, "approve").await.success();
    fixture.system.sweep().await;
    let proof = fixture.api.get("/billing/ledger/proof").bearer(&fixture.home.token).send().await;
    let proven = verify(&proof.text).unwrap();
    assert_eq!((proven.entries, proven.balance.to_string().as_str()), (3, "157.50"));
    assert_eq!(proof.body["entries"][1]["debitSeq"], 1, "what it corrects is sealed with it");
    let changed = proof.text.replacen("\"debitSeq\":1", "\"debitSeq\":2", 1);
    assert!(changed != proof.text && verify(&changed).is_err());
}

#[tokio::test]
async fn the_audit_finds_an_adjustment_without_its_request_or_of_one_person() {
    let fixture = Fixture::new().await;
    fixture.system.leaves_unaudited("what the audit finds is written into the database");
    let id = fixture.waiting("150", "large").await;
    let booked = fixture.decide(&fixture.second, &id, "approve").await;
    assert_eq!(fixture.invariants().await, Vec::<&str>::new());
    let db = &fixture.system.db;
    // Postgres itself refuses one person.
    let one_person = format!("UPDATE adjustments SET decided_by = requested_by WHERE adjustment_id = '{id}'");
    db.execute(&format!(
        "DO $$ BEGIN {one_person}; RAISE EXCEPTION 'taken'; EXCEPTION WHEN check_violation THEN NULL; END $$"
    ))
    .await;
    db.execute("ALTER TABLE adjustments DROP CONSTRAINT adjustments_two_people").await;
    db.execute(&one_person).await;
    assert_eq!(fixture.invariants().await, ["I32"]);
    let other = booked.body["decidedBy"].as_str().unwrap();
    db.execute(&format!("UPDATE adjustments SET decided_by = '{other}', amount = amount + 1")).await;
    assert_eq!(fixture.invariants().await, ["I32"], "another amount");
    db.execute("UPDATE adjustments SET amount = amount - 1, entry_seq = 1").await;
    assert_eq!(fixture.invariants().await, ["I32"], "another entry");
    db.execute("UPDATE adjustments SET entry_seq = 2").await;
    assert_eq!(fixture.invariants().await, Vec::<&str>::new());
    db.execute("DELETE FROM adjustments").await;
    assert_eq!(fixture.invariants().await, ["I32"], "no request");
}
