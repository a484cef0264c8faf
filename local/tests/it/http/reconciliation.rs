//! What tenants were charged on a day, beside what Meta says that it charges.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::actors::super_admin;
use super::raw_api::{Answer, RawApi};
use crate::test_system::{Tenant, TestSystem};

const PRICE_MICROS: i64 = 12_000;

struct Fixture {
    system: TestSystem,
    api: RawApi,
    platform: String,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let platform = super_admin(&api).await;
        Self { system, api, platform }
    }

    async fn get(&self, query: &str) -> Answer {
        self.api.get(&format!("/admin/reconciliation?{query}")).bearer(&self.platform).send().await
    }

    /// Today by the clock of the test.
    fn today(&self) -> String {
        self.system.clock.now().to_string().split_once('T').unwrap().0.to_owned()
    }

    /// That many messages of a tenant, delivered.
    async fn delivered(&self, tenant: &Tenant, messages: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..messages {
            ids.push(tenant.send("+15550000001").await);
        }
        self.system.pump().await;
        ids
    }

    async fn set(&self, message: &str, columns: &str) {
        self.system
            .db
            .execute(&format!("UPDATE messages SET {columns} WHERE message_id = '{message}'"))
            .await;
    }
}

fn rows(answer: &Answer) -> Vec<Value> {
    answer.success()["data"].as_array().unwrap().clone()
}

/// Finding, Meta's category, messages, sum and examples of a tenant's rows.
fn of_tenant(rows: &[Value], tenant: &Tenant) -> Vec<(String, Value, i64, i64, Vec<String>)> {
    let row = |row: &Value| {
        let examples = row["examples"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
        let number = |name: &str| row[name].as_i64().unwrap();
        let finding = row["finding"].as_str().unwrap().to_owned();
        (
            finding,
            row["metaCategory"].clone(),
            number("messages"),
            number("chargedMicros"),
            examples.collect(),
        )
    };
    rows.iter().filter(|row| row["tenantId"] == tenant.id).map(row).collect()
}

#[tokio::test]
async fn what_meta_reports_of_delivered_messages_is_stored_and_matches_what_was_charged() {
    let fixture = Fixture::new().await;
    let tenant = fixture.system.tenant("acme", "1.00").await;
    fixture.delivered(&tenant, 3).await;
    let found = rows(&fixture.get(&format!("day={}", fixture.today())).await);
    assert_eq!(of_tenant(&found, &tenant), [("MATCH".to_owned(), Value::Null, 3, 3 * PRICE_MICROS, vec![])]);
    assert_eq!((&found[0]["market"], &found[0]["category"]), (&json!("North America"), &json!("UTILITY")));
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn each_kind_of_difference_is_counted_summed_and_shown_with_examples() {
    let fixture = Fixture::new().await;
    let (tenant, other) =
        (fixture.system.tenant("acme", "1.00").await, fixture.system.tenant("other", "1.00").await);
    let ids = fixture.delivered(&tenant, 14).await;
    fixture.delivered(&other, 1).await;
    let failed = tenant.send("+15550000002").await;
    let refunded = tenant.send("+15550000002").await;
    fixture.system.pump().await;
    for id in &ids[0..2] {
        fixture.set(id, "meta_type = 'free_entry_point', meta_billable = false").await;
    }
    fixture.set(&ids[2], "meta_category = 'marketing'").await;
    fixture.set(&ids[3], "meta_category = 'authentication-international'").await;
    for id in &ids[4..10] {
        fixture
            .set(id, "meta_type = NULL, meta_billable = NULL, meta_model = NULL, meta_category = NULL")
            .await;
    }
    // A type that is new says nothing, and `billable` decides; without a category there is none to differ.
    fixture.set(&ids[10], "meta_type = 'on_the_house', meta_billable = false").await;
    fixture.set(&ids[11], "meta_type = 'on_the_house', meta_billable = true").await;
    fixture.set(&ids[12], "meta_category = NULL").await;
    fixture.set(&refunded, "meta_type = 'regular', meta_category = 'utility'").await;
    fixture.set(&failed, "meta_type = NULL, meta_billable = NULL").await;

    let found = rows(&fixture.get(&format!("day={}", fixture.today())).await);
    let one = |of: &String| vec![of.clone()];
    let row = |finding: &str, category: Value, messages: i64, examples: Vec<String>| {
        (finding.to_owned(), category, messages, messages * PRICE_MICROS, examples)
    };
    let mut expected = vec![
        row("FREE_AT_META", Value::Null, 3, vec![ids[0].clone(), ids[1].clone(), ids[10].clone()]),
        row("MATCH", Value::Null, 3, vec![]),
        row("NOT_SAID", Value::Null, 6, ids[4..9].to_vec()),
        row("OTHER_CATEGORY", json!("authentication-international"), 1, one(&ids[3])),
        row("OTHER_CATEGORY", json!("marketing"), 1, one(&ids[2])),
        row("REFUNDED", Value::Null, 1, one(&failed)),
        row("REFUNDED_AND_BILLED", Value::Null, 1, one(&refunded)),
    ];
    let mut seen = of_tenant(&found, &tenant);
    for rows in [&mut expected, &mut seen] {
        for row in rows.iter_mut() {
            row.4.sort();
        }
        rows.sort_by_key(|row| (row.0.clone(), row.1.to_string()));
    }
    assert_eq!(seen, expected);
    // Every debit of the day is in one row, and another tenant's in its own.
    let messages: i64 = seen.iter().map(|row| row.2).sum();
    assert_eq!((messages, of_tenant(&found, &other).len()), (16, 1));
}

#[tokio::test]
async fn a_message_that_cost_nothing_is_a_match_when_meta_takes_nothing_and_a_difference_when_it_charges() {
    let fixture = Fixture::new().await;
    let tenant = fixture.system.tenant("acme", "1.00").await;
    fixture
        .system
        .db
        .execute("INSERT INTO rate_cards (market, category, effective_from, price, card_id)
             SELECT DISTINCT ON (market) market, 'UTILITY', now() - interval '1 minute', 0, card_id FROM rate_cards")
        .await;
    let ids = fixture.delivered(&tenant, 2).await;
    fixture.set(&ids[0], "meta_type = 'free_customer_service'").await;
    let found = rows(&fixture.get(&format!("day={}", fixture.today())).await);
    let findings: Vec<(String, i64, i64)> =
        of_tenant(&found, &tenant).into_iter().map(|row| (row.0, row.2, row.3)).collect();
    assert_eq!(findings, [("MATCH".to_owned(), 1, 0), ("NOT_CHARGED".to_owned(), 1, 0)]);
}

#[tokio::test]
async fn a_day_holds_what_was_debited_in_it_by_utc_and_nothing_of_its_neighbours() {
    let fixture = Fixture::new().await;
    let tenant = fixture.system.tenant("acme", "1.00").await;
    fixture.delivered(&tenant, 1).await;
    let first = fixture.today();
    fixture.system.clock.advance(SignedDuration::from_hours(24));
    let tenant = Tenant {
        client: fixture.system.anonymous().login(&tenant.email, crate::test_system::PASSWORD).await.unwrap(),
        ..tenant
    };
    fixture.delivered(&tenant, 2).await;
    let platform = super_admin(&fixture.api).await;
    let second = fixture.today();
    for (day, messages) in [(first.as_str(), 1), (second.as_str(), 2), ("2026-01-01", 0), ("9998-12-31", 0)] {
        let path = format!("/admin/reconciliation?day={day}");
        let answer = fixture.api.get(&path).bearer(&platform).send().await;
        let found: i64 = of_tenant(&rows(&answer), &tenant).iter().map(|row| row.2).sum();
        assert_eq!(found, messages, "{day}");
    }
}

#[tokio::test]
async fn what_is_no_day_is_named() {
    let fixture = Fixture::new().await;
    for day in ["", "2026-13-01", "2026-02-30", "2026-11", "30.11.2026", "2026-11-30T00:00:00Z", "today"] {
        fixture.get(&format!("day={day}")).await.assert_invalid("day", day);
    }
    fixture.get("").await.assert_invalid("day", "no day");
    for (query, field) in
        [("format=xml", "format"), ("limit=0", "limit"), ("limit=201", "limit"), ("cursor=x", "cursor")]
    {
        fixture.get(&format!("day=2026-11-30&{query}")).await.assert_invalid(field, query);
    }
}

#[tokio::test]
async fn pages_of_json_and_of_csv_hold_every_tenant_once() {
    let fixture = Fixture::new().await;
    for slug in ["one", "two", "three"] {
        let tenant = fixture.system.tenant(slug, "1.00").await;
        fixture.delivered(&tenant, 1).await;
    }
    let day = fixture.today();
    let (mut tenants, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = fixture.get(&format!("day={day}&limit=1{cursor}")).await;
        tenants.extend(rows(&page).iter().map(|row| row["tenantId"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page.body["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((tenants.len(), pages), (3, 3));
    let (mut lines, mut path) = (Vec::new(), format!("/admin/reconciliation?day={day}&limit=2"));
    loop {
        let page = fixture.api.get(&path).bearer(&fixture.platform).header("accept", "text/csv").send().await;
        assert_eq!(page.header("content-type"), Some("text/csv; charset=utf-8"));
        let mut of_page = page.text.lines();
        assert_eq!(
            of_page.next(),
            Some("tenantId,market,category,finding,metaCategory,messages,chargedMicros,examples")
        );
        lines.extend(of_page.map(str::to_owned));
        let Some(link) = page.header("link") else { break };
        path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
    }
    let expected: Vec<String> = tenants
        .iter()
        .map(|tenant| format!("{tenant},North America,UTILITY,MATCH,,1,{PRICE_MICROS},"))
        .collect();
    assert_eq!(lines, expected);
}
