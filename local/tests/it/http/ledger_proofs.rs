//! The proof that a ledger was not changed: exported, changed on purpose, and checked.

use std::path::PathBuf;
use std::process::Command;

use jiff::SignedDuration;
use ops::billing::proof::{NotProven, Verified, verify};
use serde_json::{Value, json};

use super::actors::{TenantActor, super_admin, tenant_actor};
use super::raw_api::RawApi;
use crate::test_system::TestSystem;

struct Fixture {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        Self { system, api, home }
    }

    /// A ledger of three top-ups, a debit and its refund, in two blocks.
    async fn with_entries() -> Self {
        let fixture = Self::new().await;
        fixture.credit("3.00").await;
        fixture.credit("2.00").await;
        fixture.system.sweep().await;
        fixture.credit("1.00").await;
        let failing = json!({ "contacts": [{ "phone": "+15550000002", "name": "Bea" }] });
        let (api, token) = (&fixture.api, &fixture.home.token);
        api.post("/contacts/import").bearer(token).json(&failing).send().await.success();
        let contacts = api.get("/contacts").bearer(token).send().await;
        let message =
            json!({ "templateId": fixture.home.template, "contactId": contacts.body["data"][0]["id"] });
        api.post("/messages").bearer(token).json(&message).send().await.success();
        fixture.system.pump().await;
        fixture.system.sweep().await;
        fixture
    }

    async fn credit(&self, amount: &str) {
        let platform = super_admin(&self.api).await;
        let body = json!({ "tenantId": self.home.tenant, "amount": amount });
        self.api.post("/billing/add-credits").bearer(&platform).json(&body).send().await.success();
    }

    /// Every page of the proof.
    async fn pages(&self) -> Vec<Value> {
        let (mut pages, mut path) = (Vec::new(), "/billing/ledger/proof".to_owned());
        loop {
            let page = self.api.get(&path).bearer(&self.home.token).send().await;
            pages.push(page.success().clone());
            let Some(cursor) = page.body["nextCursor"].as_str() else { return pages };
            path = format!("/billing/ledger/proof?cursor={cursor}");
        }
    }

    async fn page(&self) -> Value {
        let mut pages = self.pages().await;
        assert_eq!(pages.len(), 1);
        pages.remove(0)
    }
}

fn verify_pages(pages: &[Value]) -> Result<Verified, NotProven> {
    verify(&pages.iter().map(Value::to_string).collect::<Vec<String>>().join("\n"))
}

#[tokio::test]
async fn a_ledger_as_it_is_exported_is_proven() {
    let fixture = Fixture::with_entries().await;
    let page = fixture.page().await;
    let proven = verify_pages(std::slice::from_ref(&page)).unwrap();
    assert_eq!((proven.entries, proven.balance.to_string()), (5, fixture.home.balance(&fixture.api).await));
    assert!(proven.seals >= 2, "{proven:?}");
    // It goes on where it was: the seals that were kept are the same afterwards.
    fixture.system.clock.advance(SignedDuration::from_mins(11));
    let again = fixture.api.post("/auth/login").json(&json!({
        "email": "home@tenant.test", "password": crate::test_system::PASSWORD,
    }));
    let token = again.send().await.text_of("token");
    fixture.credit("1.00").await;
    fixture.system.sweep().await;
    let later = fixture.api.get("/billing/ledger/proof").bearer(&token).send().await;
    let seals = page["seals"].as_array().unwrap();
    assert_eq!(&later.success()["seals"].as_array().unwrap()[..seals.len()], &seals[..]);
    assert_eq!(verify(&later.text).unwrap().entries, 6);
}

/// The names of persons and what was written to them are not in a proof.
#[tokio::test]
async fn a_proof_holds_nothing_about_a_person() {
    let fixture = Fixture::with_entries().await;
    let page = fixture.page().await;
    for entry in page["entries"].as_array().unwrap() {
        let members: Vec<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
        let known = ["seq", "kind", "amount", "balanceAfter", "messageId", "debitSeq", "recordedAt"];
        assert!(members.iter().all(|member| known.contains(member)), "{members:?}");
    }
}

/// Every letter and digit of an exported proof, one at a time.
#[tokio::test]
async fn one_flipped_byte_of_an_old_entry_or_seal_is_found() {
    let fixture = Fixture::with_entries().await;
    let text = fixture.page().await.to_string();
    // What holds the proof together, such as quotes, is no text of it.
    let is_of_proof = |place: usize| text.as_bytes()[place].is_ascii_alphanumeric();
    let mut flipped = 0;
    for place in (0..text.len()).filter(|place| is_of_proof(*place)) {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&changed).is_err(), "byte {place} of {text}");
        flipped += 1;
    }
    assert!(flipped > 600, "{flipped}");
}

#[tokio::test]
async fn a_changed_a_missing_and_a_moved_entry_are_found_by_name() {
    let fixture = Fixture::with_entries().await;
    let page = fixture.page().await;
    let changed = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut page = page.clone();
        change(page["entries"].as_array_mut().unwrap());
        verify_pages(&[page]).unwrap_err()
    };
    // The sums are right and the hash is not.
    let moved_in_time = changed(&|entries| entries[0]["recordedAt"] = json!("2026-01-01T00:00:00Z"));
    assert!(matches!(moved_in_time, NotProven::Hash { number: 1, first: 1, last: 2 }), "{moved_in_time}");
    let of_another =
        changed(&|entries| entries[3]["messageId"] = json!("01890000-0000-7000-8000-000000000000"));
    assert!(matches!(of_another, NotProven::Hash { .. }), "{of_another}");
    let dearer = changed(&|entries| entries[1]["amount"] = json!("2.000001"));
    assert!(matches!(dearer, NotProven::Balance { seq: 2, .. }), "{dearer}");
    let missing = changed(&|entries| drop(entries.remove(1)));
    assert!(matches!(missing, NotProven::Missing { expected: 2 }), "{missing}");
    let cut_off = changed(&|entries| drop(entries.pop()));
    assert!(matches!(cut_off, NotProven::Missing { expected: 5 }), "{cut_off}");
    let reordered = changed(&|entries| entries.swap(2, 4));
    assert!(matches!(reordered, NotProven::Order { expected: 3, found: 5 }), "{reordered}");
    let added = changed(&|entries| entries.push(entries[4].clone()));
    assert!(matches!(added, NotProven::Unsealed(5)), "{added}");
}

/// Somebody who may change the tables rewrites an entry and everything after it; the seals show it.
#[tokio::test]
async fn an_entry_that_is_rewritten_in_the_database_with_all_balances_is_found() {
    let fixture = Fixture::with_entries().await;
    fixture.system.leaves_unaudited("an entry is changed by hand");
    let tenant = &fixture.home.tenant;
    let sql = format!(
        "UPDATE ledger SET amount = amount + CASE seq WHEN 1 THEN 1000000 ELSE 0 END, balance_after = balance_after + 1000000
          WHERE tenant_id = '{tenant}'"
    );
    fixture.system.db.execute(&sql).await;
    let error = verify_pages(&[fixture.page().await]).unwrap_err();
    assert!(matches!(error, NotProven::Hash { number: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_long_proof_has_pages_and_is_proven_by_all_of_them_together() {
    let fixture = Fixture::new().await;
    fixture.system.leaves_unaudited("the debits are of messages that were never sent");
    let tenant = &fixture.home.tenant;
    let sql = format!(
        "INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, booked_by, recorded_at)
         SELECT '{tenant}', n, 'TOPUP', 1, n, '{}', '2026-11-11Z' FROM generate_series(1, 12345) AS n;
         UPDATE wallets SET balance = 12345, seq = 12345 WHERE tenant_id = '{tenant}'",
        fixture.home.owner
    );
    fixture.system.db.execute(&sql).await;
    let platform = &fixture.system.machine.platform;
    let until = fixture.system.clock.now() + SignedDuration::from_mins(1);
    // Of several sweepers at once each block is sealed by one.
    let sealing = (0..4).map(|_| ops::billing::seal::seal(platform, fixture.home.tenant_id(), until));
    let sealed = futures_util::future::join_all(sealing).await;
    let sealed: i64 = sealed.into_iter().map(Result::unwrap).sum();
    fixture.system.sweep().await;
    assert!(sealed <= 12_345, "{sealed}");
    let mut pages = fixture.pages().await;
    assert_eq!(pages.len(), 3);
    let proven = verify_pages(&pages).unwrap();
    assert_eq!((proven.entries, proven.seals), (12_345, 13));
    pages.swap(0, 1);
    assert!(matches!(verify_pages(&pages), Err(NotProven::Seal { expected: 1, found: 6 })));
    pages.swap(0, 1);
    pages.pop();
    assert!(matches!(verify_pages(&pages), Err(NotProven::Incomplete(10))));
    assert!(matches!(verify(""), Err(NotProven::Empty)));
}

#[tokio::test]
async fn the_command_says_what_is_proven_and_fails_with_what_is_not() {
    let fixture = Fixture::with_entries().await;
    let page = fixture.page().await.to_string();
    let file: PathBuf = fixture.system.home.join("proof.json");
    let run = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        let output = command.arg("verify-ledger").arg(&file).env_clear().output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    };
    let (is_proven, said) = run(&page);
    assert!(is_proven && said.contains("5 entries"), "{said}");
    let (is_proven, said) = run(&page.replacen("\"3.00\"", "\"3.01\"", 1));
    assert!(!is_proven && said.contains("the entry"), "{said}");
}
