//! Rate cards are tried, applied, listed and refused.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::actors::{rate_card, super_admin, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

const CARDS: &str = "/admin/rate-cards";
const PREVIEW: &str = "/admin/rate-cards/preview";
const HEADER: &str = "Market,Currency,Marketing,Utility,Authentication\n";

struct Fixture {
    system: TestSystem,
    api: RawApi,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        Self { system, api }
    }

    async fn send(&self, path: &str, card: &Value) -> Answer {
        let owner = super_admin(&self.api).await;
        self.api.post(path).bearer(&owner).json(card).send().await
    }

    async fn send_csv(&self, path: &str, query: &str, csv: &str, key: Option<&str>) -> Answer {
        let owner = super_admin(&self.api).await;
        let call = self.api.post(&format!("{path}?{query}")).bearer(&owner);
        let call = call.header("content-type", "text/csv; charset=utf-8").bytes(csv);
        match key {
            Some(key) => call.header("idempotency-key", key).send().await,
            None => call.send().await,
        }
    }

    async fn cards(&self) -> Vec<Value> {
        let owner = super_admin(&self.api).await;
        let listed = self.api.get(CARDS).bearer(&owner).send().await;
        listed.success()["data"].as_array().unwrap().clone()
    }

    fn in_hours(&self, hours: i64) -> Timestamp {
        let at = self.system.clock.now() + SignedDuration::from_hours(hours);
        Timestamp::from_second(at.as_second()).unwrap()
    }

    fn csv_query(&self, name: &str, hours: i64) -> String {
        format!("name={name}&source=a+file&effectiveFrom={}", self.in_hours(hours))
    }
}

/// The prices of a listed card, as `market/category` with price and state.
fn prices(card: &Value) -> Vec<(String, String, String)> {
    let text = |price: &Value, member: &str| price[member].as_str().unwrap().to_owned();
    let listed = card["prices"].as_array().unwrap().iter();
    listed
        .map(|price| {
            let of = format!("{}/{}", text(price, "market"), text(price, "category"));
            (of, text(price, "price"), text(price, "state"))
        })
        .collect()
}

#[tokio::test]
async fn a_card_is_listed_with_its_source_its_dates_and_where_each_price_stands_in_time() {
    let fixture = Fixture::new().await;
    let shipped = fixture.cards().await;
    let named: Vec<&str> = shipped.iter().map(|card| card["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["Test", "Meta 2026-10-01", "Prices before rate cards"]);
    let card = json!({
        "name": "Meta 2027", "source": "A test", "effectiveFrom": fixture.in_hours(1).to_string(), "currency": "USD",
        "prices": [{ "market": "India", "utility": "0.002", "marketing": 0.0125 }, { "market": "Other", "utility": "0.0091" }],
    });
    let applied = fixture.send(CARDS, &card).await;
    assert_eq!((applied.status, &applied.body["changed"]), (201, &json!(3)), "{}", applied.text);
    let listed = fixture.cards().await.remove(0);
    assert_eq!((&listed["id"], &listed["state"]), (&applied.body["id"], &json!("PLANNED")));
    assert_eq!((&listed["source"], &listed["effectiveFrom"]), (&card["source"], &card["effectiveFrom"]));
    assert!(listed["appliedBy"].as_str().unwrap().starts_with("user:"), "{listed}");
    let planned: Vec<_> = prices(&listed).into_iter().map(|(of, price, _)| (of, price)).collect();
    let expected = [
        ("*/UTILITY", "0.0091"),
        ("India/MARKETING", "0.0125"),
        ("India/UTILITY", "0.002"),
        ("Other/UTILITY", "0.0091"),
    ];
    assert_eq!(planned, expected.map(|(of, price)| (of.to_owned(), price.to_owned())));

    fixture.system.clock.advance(SignedDuration::from_hours(1));
    let cards = fixture.cards().await;
    assert!(prices(&cards[0]).iter().all(|(.., state)| state == "IN_FORCE"));
    let of_india = |card: &Value| {
        let listed = prices(card).into_iter().filter(|(of, ..)| of.starts_with("India/"));
        listed.map(|(of, _, state)| format!("{of} {state}")).collect::<Vec<_>>()
    };
    assert_eq!(
        of_india(&cards[1]),
        ["India/AUTHENTICATION IN_FORCE", "India/MARKETING REPLACED", "India/UTILITY REPLACED"]
    );
    let owner = super_admin(&fixture.api).await;
    let logged = fixture.api.get("/admin/audit?limit=200").bearer(&owner).send().await;
    let logged = logged.success()["data"].as_array().unwrap().clone();
    let entry = logged.iter().find(|entry| entry["action"] == "rate_card.apply").unwrap();
    assert_eq!((&entry["detail"]["name"], &entry["detail"]["changed"]), (&json!("Meta 2027"), &json!(3)));
    assert_eq!(entry["detail"]["changes"].as_array().unwrap().len(), 3, "{entry}");
}

#[tokio::test]
async fn a_preview_lists_what_applying_then_changes_and_writes_nothing() {
    let fixture = Fixture::new().await;
    let home = tenant_actor(&fixture.api, "home").await;
    // Due in a month, to North America, as are one that is due before the card and the contact of another market.
    for key in ["a", "b", "c"] {
        let message = home.scheduled(&fixture.system, key);
        fixture.api.post("/messages/schedule").bearer(&home.token).json(&message).send().await.success();
    }
    fixture.api.post("/messages").bearer(&home.token).json(&home.message()).send().await.success();
    let from = fixture.in_hours(24);
    let card = json!({
        "name": "Next", "source": "A test", "effectiveFrom": from.to_string(),
        "prices": [
            { "market": "North America", "utility": "0.0041", "marketing": "0.05" },
            { "market": "Germany", "utility": "0.01", "authentication": "0.055" },
        ],
    });
    let owner = super_admin(&fixture.api).await;
    let before = fixture.system.db.contents().await;
    let preview = fixture.api.post(PREVIEW).bearer(&owner).json(&card).send().await;
    let change = |market: &str, category: &str, before: &str, after: &str| json!({ "market": market, "category": category, "from": from.to_string(), "before": before, "after": after });
    let expected = json!({
        "changes": [
            change("Germany", "AUTHENTICATION", "0.01", "0.055"),
            change("North America", "UTILITY", "0.01", "0.0041"),
        ],
        "tenants": 1, "unsentMessages": 3, "isPartial": false,
    });
    assert_eq!(preview.success(), &expected, "prices that stay what they are do not count");
    assert_eq!(fixture.system.db.contents().await, before);

    let at = |time: Timestamp| json!({ "templateId": home.template, "recipients": ["+15551234567"], "at": time.to_string() });
    let unit = async |time| {
        let quote = fixture.api.post("/billing/quote").bearer(&home.token).json(&at(time)).send().await;
        quote.success()["lines"][0]["metaPrice"].clone()
    };
    assert_eq!(unit(from).await, "0.01");
    assert_eq!(fixture.send(CARDS, &card).await.success()["changed"], 2);
    assert_eq!(unit(from).await, "0.0041");
    assert_eq!(unit(from - SignedDuration::from_secs(1)).await, "0.01");
    // Now the same prices would change nothing, a day later.
    let mut later = card.clone();
    later["effectiveFrom"] = json!((from + SignedDuration::from_hours(24)).to_string());
    let expected = json!({ "changes": [], "tenants": 0, "unsentMessages": 0, "isPartial": false });
    assert_eq!(fixture.send(PREVIEW, &later).await.success(), &expected);
}

#[tokio::test]
async fn a_card_is_refused_with_every_field_that_is_wrong() {
    let fixture = Fixture::new().await;
    let good = rate_card(&fixture.system, "Good");
    let past = (fixture.system.clock.now() - SignedDuration::from_secs(1)).to_string();
    let with = |member: &str, value: Value| {
        let mut card = good.clone();
        card[member] = value;
        card
    };
    let priced = |price: Value| with("prices", json!([{ "market": "India", "utility": price }]));
    let india = json!({ "market": "India", "utility": "0.002" });
    for (card, field) in [
        (with("name", json!("")), "name"),
        (with("name", json!("n".repeat(61))), "name"),
        (with("source", json!(" ")), "source"),
        (with("effectiveFrom", json!(past)), "effectiveFrom"),
        (with("effectiveFrom", json!("2027-02-30T00:00:00Z")), "effectiveFrom"),
        (with("effectiveFrom", json!("2030-01-01T00:00:00Z")), "effectiveFrom"),
        (with("currency", json!("EUR")), "currency"),
        (with("prices", json!([])), "prices"),
        (with("prices", json!([{ "market": "India" }])), "prices"),
        (with("prices", json!([india, india])), "prices[1].market"),
        (with("prices", json!([{ "market": "Atlantis", "utility": "0.1" }])), "prices[0].market"),
        (with("prices", json!([{ "market": "India", "service": "0.1" }])), "prices[0].service"),
        (priced(json!("0.0000001")), "prices[0].utility"),
        (priced(json!(0.000_000_1)), "prices[0].utility"),
        (priced(json!("0,002")), "prices[0].utility"),
        (priced(json!("=0.002")), "prices[0].utility"),
        (priced(json!("-0.002")), "prices[0].utility"),
        (priced(json!("100.000001")), "prices[0].utility"),
        (priced(json!(true)), "prices[0].utility"),
        (priced(json!({ "a": 1 })), "prices[0].utility"),
        (priced(json!("two")), "prices[0].utility"),
    ] {
        for path in [PREVIEW, CARDS] {
            fixture.send(path, &card).await.assert_invalid(field, &format!("{path} {card}"));
        }
    }
    let mut all = with("effectiveFrom", json!(past));
    all["prices"] = json!([{ "market": "Atlantis", "utility": "-1", "marketing": "x" }]);
    assert_eq!(
        fixture.send(CARDS, &all).await.fields(),
        ["effectiveFrom", "prices[0].market", "prices[0].marketing", "prices[0].utility"]
    );
    fixture.send(CARDS, &good).await.success();
    let other = with("name", json!("Other"));
    fixture.send(CARDS, &other).await.assert_invalid("prices[0].utility", "the same time again");
    let mut earlier = other.clone();
    earlier["effectiveFrom"] = json!((fixture.in_hours(1) - SignedDuration::from_mins(1)).to_string());
    fixture.send(CARDS, &earlier).await.assert_invalid("prices[0].utility", "before one that is there");
    let mut later = good.clone();
    later["effectiveFrom"] = json!(fixture.in_hours(2).to_string());
    fixture.send(CARDS, &later).await.assert_refused(409, "conflict", "a name that is taken");
    assert_eq!(fixture.cards().await.len(), 4, "one of them was applied");
}

#[tokio::test]
async fn a_file_is_refused_with_every_line_that_is_wrong() {
    let fixture = Fixture::new().await;
    let refused = async |csv: String, fields: &[&str]| {
        for path in [PREVIEW, CARDS] {
            let answer = fixture.send_csv(path, &fixture.csv_query("File", 1), &csv, None).await;
            answer.assert_refused(422, "invalid", &csv);
            assert_eq!(answer.fields(), fields, "{csv}: {}", answer.text);
        }
    };
    refused(String::new(), &["body"]).await;
    refused("India,0.1\n".to_owned(), &["body"]).await;
    refused(format!("{HEADER}India,EUR,0.01,0.002,0.002\n"), &["line 2: Currency"]).await;
    refused(format!("{HEADER}India,USD,0,0118,0,0014,0,0014\n"), &["line 2"]).await;
    refused(format!("{HEADER}India,USD,\"0,0118\",n/a,\n"), &["line 2: Marketing"]).await;
    let lines = "India,USD,=1+1,-0.002,0.0000001\nIndia,USD,0.1,0.1,0.1\nAtlantis,USD,@SUM(A1),n/a,101\n";
    let fields = [
        "line 2: Marketing",
        "line 2: Utility",
        "line 2: Authentication",
        "line 3: Market",
        "line 4: Market",
        "line 4: Marketing",
        "line 4: Authentication",
    ];
    refused(format!("{HEADER}{lines}"), &fields).await;
    let many = "Atlantis,USD,n/a,n/a,n/a\n".repeat(150);
    let answer =
        fixture.send_csv(CARDS, &fixture.csv_query("File", 1), &format!("{HEADER}{many}"), None).await;
    assert_eq!(answer.fields().len(), 101, "the first hundred, and how many more there are");

    let good = format!("{HEADER}India,USD,0.0118,0.0014,0.0014\n");
    let answer = fixture.send_csv(CARDS, "", &good, None).await;
    assert_eq!(answer.fields(), ["name", "source", "effectiveFrom"]);
    fixture.send_csv(CARDS, "colour=red", &good, None).await.assert_refused(400, "malformed", "a query");
    let latin = fixture.api.post(CARDS).bearer(&super_admin(&fixture.api).await);
    let latin = latin.header("content-type", "text/csv").bytes(b"Market,\xe9\n".to_vec()).send().await;
    latin.assert_refused(400, "malformed", "not UTF-8");
    let json = fixture.api.post(&format!("{CARDS}?name=x")).bearer(&super_admin(&fixture.api).await);
    let json = json.json(&rate_card(&fixture.system, "Good")).send().await;
    json.assert_invalid("query", "a query beside JSON");
    assert_eq!(fixture.cards().await.len(), 3, "nothing was applied");
}

#[tokio::test]
async fn metas_own_file_is_applied_once_per_key_whatever_its_line_ends_and_also_after_its_time() {
    let fixture = Fixture::new().await;
    let file =
        std::fs::read_to_string(testkit::workspace().join("docs/rate-cards/meta-2026-10-01.csv")).unwrap();
    let with_more = file
        .replace(
            "Utility,Authentication\n",
            "Utility,Authentication,\"Authentication-\nInternational\",Service\n",
        )
        .replace("India,USD,0.0118,0.0014,0.0014", "India,USD,0.0118,0.0014,0.0014,0.0280,n/a");
    let csv = format!("\u{feff}{}", with_more.replace('\n', "\r\n"));
    // Its own date has passed.
    let answer = fixture.send_csv(PREVIEW, "name=Meta&source=a+file", &csv, None).await;
    assert_eq!(answer.fields(), ["effectiveFrom"], "{}", answer.text);

    let query = fixture.csv_query("Meta", 24);
    let preview = fixture.send_csv(PREVIEW, &query, &csv, None).await;
    let changes = preview.success()["changes"].as_array().unwrap().clone();
    let applied = fixture.send_csv(CARDS, &query, &csv, Some("meta")).await;
    assert_eq!((applied.status, &applied.body["changed"]), (201, &json!(changes.len())), "{}", applied.text);
    let again = fixture.send_csv(CARDS, &query, &csv, Some("meta")).await;
    assert_eq!((again.status, &again.text), (201, &applied.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = fixture.send_csv(CARDS, &fixture.csv_query("Other", 24), &csv, Some("meta")).await;
    other.assert_refused(422, "idempotency-key-reused", "another query");
    let other = fixture.send_csv(CARDS, &query, &file, Some("meta")).await;
    other.assert_refused(422, "idempotency-key-reused", "another file");

    let card = fixture.cards().await.remove(0);
    assert_eq!(prices(&card).len(), 48 * 3, "each market, and every other one");
    for change in &changes {
        let of = format!("{}/{}", change["market"].as_str().unwrap(), change["category"].as_str().unwrap());
        let listed = prices(&card).into_iter().find(|(listed, ..)| *listed == of).unwrap();
        assert_eq!(change["after"], listed.1, "{of}");
    }
    fixture.system.clock.advance(SignedDuration::from_hours(25));
    let late = fixture.send_csv(CARDS, &query, &csv, Some("meta")).await;
    assert_eq!((late.status, &late.text), (201, &applied.text), "the stored answer");
}
