//! A quote is what is debited then.

use std::collections::BTreeMap;

use axum::http::Method;
use domain::{Market, Money, PhoneNumber};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::actors::{super_admin, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::{Tenant, TestSystem};

const RECIPIENTS: usize = 1_000;
/// Of them, who get another message after midnight.
const AGAIN: usize = 200;
/// Callers that send side by side.
const AT_ONCE: usize = 4;
/// Numbers of a market of their own, of regions, and of no market.
const COUNTRIES: [(&str, usize); 8] = [
    ("+1555", 7),
    ("+9198", 8),
    ("+49151", 8),
    ("+316", 8),
    ("+55119", 8),
    ("+88017", 8),
    ("+4670", 7),
    ("+290", 5),
];

/// The number of that index: in which country depends on it.
fn phone(index: usize) -> String {
    let (start, digits) = COUNTRIES[index % COUNTRIES.len()];
    format!("{start}{:0digits$}", 2_345 * 10_usize.pow(u32::try_from(digits - 5).unwrap()) + index)
}

fn money(value: &Value) -> i64 {
    value.as_str().unwrap().parse::<Money>().unwrap().micros()
}

struct Fixture {
    system: TestSystem,
    api: RawApi,
    tenant: Tenant,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let tenant = system.tenant("acme", "1000.00").await;
        Self { system, api, tenant }
    }

    /// With a new token, because the clock is moved.
    async fn tenant(&self) -> Tenant {
        let client = self.system.anonymous().with_token(&self.system.token(&self.tenant).await);
        Tenant { client, ..self.tenant.clone() }
    }

    async fn quote(&self, body: &Value) -> Answer {
        let token = self.system.token(&self.tenant).await;
        self.api.post("/billing/quote").bearer(&token).json(body).send().await
    }

    /// A card of that many millionths for each market, which the market's place in a list changes.
    async fn apply(&self, name: &str, from: Timestamp, micros: i64) {
        let markets = Market::all().into_iter().zip(0_i64..);
        let prices = markets.map(|(market, place)| {
            json!({ "market": market.name(), "utility": Money::from_micros(micros + 7 * place) })
        });
        let card = json!({
            "name": name, "source": "A test", "effectiveFrom": from.to_string(), "prices": prices.collect::<Vec<_>>(),
        });
        let owner = super_admin(&self.api).await;
        self.api.post("/admin/rate-cards").bearer(&owner).json(&card).send().await.success();
    }

    /// Sends to each of these contacts and lets everything be dispatched; returns what was debited.
    async fn send_to(&self, contacts: &[String]) -> i64 {
        let tenant = self.tenant().await;
        let before = tenant.balance().await.parse::<Money>().unwrap().micros();
        let mut sending = JoinSet::new();
        for part in contacts.chunks(contacts.len().div_ceil(AT_ONCE)) {
            let (tenant, part) = (tenant.clone(), part.to_vec());
            sending.spawn(send_each(tenant, part));
        }
        sending.join_all().await;
        self.system.pump().await;
        before - self.tenant().await.balance().await.parse::<Money>().unwrap().micros()
    }

    /// The costs of all messages, by market.
    async fn costs(&self) -> BTreeMap<&'static str, Vec<i64>> {
        let (tenant, mut costs, mut path) =
            (self.tenant().await, BTreeMap::new(), "/messages?limit=200".to_owned());
        loop {
            let page = tenant.client.get(&path).await.unwrap().success().unwrap();
            for message in page["data"].as_array().unwrap() {
                let to = PhoneNumber::parse(message["to"].as_str().unwrap()).unwrap();
                let market = Market::of(&to, self.system.clock.now()).name();
                costs.entry(market).or_insert_with(Vec::new).push(money(&message["cost"]));
            }
            let Some(cursor) = page["nextCursor"].as_str() else { return costs };
            path = format!("/messages?limit=200&cursor={cursor}");
        }
    }
}

async fn send_each(tenant: Tenant, contacts: Vec<String>) {
    for contact in contacts {
        let message = json!({ "templateId": tenant.template, "contactId": contact });
        tenant.client.post("/messages", &message).await.unwrap().success().unwrap();
    }
}

/// Millionths of one message, and how many, by market.
fn lines(quote: &Value) -> BTreeMap<String, (i64, u64)> {
    let lines = quote["lines"].as_array().unwrap().iter();
    lines
        .map(|line| {
            let (unit, count) = (money(&line["unitPrice"]), line["count"].as_u64().unwrap());
            assert_eq!(unit, money(&line["metaPrice"]) + money(&line["margin"]), "{line}");
            assert_eq!(money(&line["total"]), unit * i64::try_from(count).unwrap(), "{line}");
            (line["market"].as_str().unwrap().to_owned(), (unit, count))
        })
        .collect()
}

#[tokio::test]
async fn a_quote_for_a_thousand_recipients_is_what_is_debited_before_and_after_prices_change_at_midnight() {
    let fixture = Fixture::new().await;
    let fast = "UPDATE phone_numbers SET messages_per_second = 1000";
    fixture.system.db.execute(fast).await;
    let start = fixture.system.clock.now() + SignedDuration::from_mins(1);
    let day = (start + SignedDuration::from_hours(2)).to_zoned(TimeZone::UTC).start_of_day().unwrap();
    let midnight = day.checked_add(1.day()).unwrap().timestamp();
    fixture.apply("Today", start, 12_341).await;
    fixture.apply("Tomorrow", midnight, 9_876).await;
    fixture.system.clock.advance(SignedDuration::from_mins(2));
    let owner = super_admin(&fixture.api).await;
    let margin = json!({ "marginBps": 1_237 });
    let path = format!("/admin/tenants/{}", fixture.tenant.id);
    fixture.api.call(Method::PATCH, &path).bearer(&owner).json(&margin).send().await.success();

    let phones: Vec<String> = (0..RECIPIENTS).map(phone).collect();
    let rows: Vec<Value> = phones.iter().map(|phone| json!({ "phone": phone, "name": "Ann" })).collect();
    let tenant = fixture.tenant().await;
    let imported =
        tenant.client.post("/contacts/import", &json!({ "contacts": rows })).await.unwrap().success();
    assert_eq!(imported.unwrap()["imported"], RECIPIENTS);
    let mut contacts = Vec::new();
    let mut path = "/contacts?limit=200".to_owned();
    loop {
        let page = tenant.client.get(&path).await.unwrap().success().unwrap();
        contacts.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/contacts?limit=200&cursor={cursor}");
    }
    assert_eq!(contacts.len(), RECIPIENTS);

    let by_phone = json!({ "templateId": tenant.template, "recipients": phones });
    let today = fixture.quote(&by_phone).await.success().clone();
    let by_contact = json!({ "templateId": tenant.template, "contactIds": contacts });
    let same = fixture.quote(&by_contact).await.success().clone();
    assert_eq!((&same["lines"], &same["total"]), (&today["lines"], &today["total"]));
    let at = json!({ "templateId": tenant.template, "recipients": phones, "at": midnight.to_string() });
    let tomorrow = fixture.quote(&at).await.success().clone();
    assert_eq!(lines(&today).len(), COUNTRIES.len(), "{today}");
    assert!(today["lines"].as_array().unwrap().iter().all(|line| line["card"]["name"] == "Today"));
    assert!(tomorrow["lines"].as_array().unwrap().iter().all(|line| line["card"]["name"] == "Tomorrow"));
    let left = 1_000_000_000 - money(&today["total"]);
    assert_eq!((money(&today["available"]), money(&today["left"])), (1_000_000_000, left));

    assert_eq!(fixture.send_to(&contacts).await, money(&today["total"]));
    for (market, costs) in fixture.costs().await {
        let (unit, count) = lines(&today)[market];
        assert_eq!(costs, vec![unit; usize::try_from(count).unwrap()], "{market}");
    }
    let until_midnight = midnight.duration_since(fixture.system.clock.now());
    fixture.system.clock.advance(until_midnight + SignedDuration::from_secs(1));
    let now = fixture.quote(&by_phone).await.success().clone();
    assert_eq!((&now["lines"], &now["total"]), (&tomorrow["lines"], &tomorrow["total"]));
    let again = &contacts[..AGAIN];
    let by_contact = json!({ "templateId": tenant.template, "contactIds": again });
    let quoted = fixture.quote(&by_contact).await.success().clone();
    assert_eq!(fixture.send_to(again).await, money(&quoted["total"]));
}

#[tokio::test]
async fn a_quote_says_what_the_balance_is_short_by_and_leaves_out_who_has_opted_out() {
    let fixture = Fixture::new().await;
    let tenant = &fixture.tenant;
    let (ann, bob) = (tenant.contact("+15550001111").await, tenant.contact("+15550001112").await);
    let opt_out = "UPDATE contacts SET opted_out_at = '2026-11-01Z' WHERE phone = '+15550001112'";
    fixture.system.db.execute(opt_out).await;
    let before = fixture.system.db.contents().await;
    for to in [
        json!({ "contactIds": [ann, bob, ann] }),
        json!({ "recipients": ["+1 555 000 1111", "+15550001112", "+15550001111"] }),
    ] {
        let mut body = to;
        body["templateId"] = json!(tenant.template);
        let quote = fixture.quote(&body).await.success().clone();
        assert_eq!((&quote["total"], &quote["optedOut"]), (&json!("0.024"), &json!(1)), "{quote}");
        assert_eq!((&quote["left"], &quote["shortBy"]), (&json!("999.976"), &Value::Null));
    }
    // A session is added by each login, and nothing else is written.
    let mut after = fixture.system.db.contents().await;
    let mut before = before;
    for table in [
        "sessions",
        "refresh_tokens",
        "queue_turns",
        "right_logins",
        "login_failures",
        "wrong_logins",
        "audit_log",
    ] {
        before.remove(table);
        after.remove(table);
    }
    assert_eq!(before, after);
    fixture.system.db.execute("UPDATE wallets SET reserved = balance - 5000 WHERE balance > 0").await;
    let body = json!({ "templateId": tenant.template, "recipients": ["+15550001111"] });
    let quote = fixture.quote(&body).await.success().clone();
    assert_eq!((&quote["available"], &quote["shortBy"]), (&json!("0.005"), &json!("0.007")), "{quote}");
    assert_eq!(quote["left"], Value::Null);
}

#[tokio::test]
async fn a_quote_names_each_recipient_that_is_wrong_by_its_place() {
    let fixture = Fixture::new().await;
    let template = &fixture.tenant.template;
    let ann = fixture.tenant.contact("+15550001111").await;
    let foreign = tenant_actor(&fixture.api, "other").await.contact;
    let past = (fixture.system.clock.now() - SignedDuration::from_secs(1)).to_string();
    let many: Vec<String> = vec!["+15550001111".to_owned(); 10_001];
    for (body, fields) in [
        (
            json!({ "recipients": ["+15550001111", "5", "+15550001112", "x"] }),
            vec!["recipients[1]", "recipients[3]"],
        ),
        (json!({ "contactIds": [ann, foreign, ann] }), vec!["contactIds[1]"]),
        (json!({ "recipients": [] }), vec!["recipients"]),
        (json!({ "contactIds": [] }), vec!["contactIds"]),
        (json!({ "recipients": many }), vec!["recipients"]),
        (json!({}), vec!["recipients"]),
        (json!({ "recipients": ["+15550001111"], "contactIds": [ann] }), vec!["recipients"]),
        (json!({ "recipients": ["+15550001111"], "at": past }), vec!["at"]),
        (json!({ "recipients": ["+15550001111"], "at": "2030-01-01T00:00:00Z" }), vec!["at"]),
        (json!({ "recipients": ["+15550001111"], "templateId": ann }), vec!["templateId"]),
    ] {
        let mut whole = json!({ "templateId": template });
        for (member, value) in body.as_object().unwrap() {
            whole[member] = value.clone();
        }
        let answer = fixture.quote(&whole).await;
        answer.assert_refused(422, "invalid", &fields.join(" "));
        assert_eq!(answer.fields(), fields, "{}", answer.text);
    }
    let wrong = vec!["x"; 10_000];
    let answer = fixture.quote(&json!({ "templateId": template, "recipients": wrong })).await;
    assert_eq!((answer.fields().len(), answer.fields()[20]), (21, "recipients"), "twenty, and how many more");
}
