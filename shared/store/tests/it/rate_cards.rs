//! Prices are added and never changed, and those that come with the migrations are Meta's.

use std::collections::BTreeMap;

use domain::{Category, Market};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn past_prices_cannot_change_whoever_connects() {
    let db = testkit::database().await;
    // A superuser, whom no grant stops.
    let client = connect(db.url()).await;
    for sql in [
        "UPDATE rate_cards SET price = 0",
        "UPDATE rate_cards SET price = 0 WHERE false",
        "DELETE FROM rate_cards",
        "TRUNCATE rate_cards",
        "UPDATE rate_card_headers SET source = ''",
        "DELETE FROM rate_card_headers",
        "TRUNCATE rate_card_headers CASCADE",
        // A price that begins before the last one of its market and category, and one that begins with it.
        "INSERT INTO rate_cards SELECT market, category, '2026-10-01 00:00:00.5Z', 0, card_id FROM rate_cards
          WHERE market = 'India' AND category = 'UTILITY' LIMIT 1",
        "INSERT INTO rate_cards SELECT market, category, effective_from, 0, card_id FROM rate_cards WHERE market = 'India'",
    ] {
        let refused = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::RESTRICT_VIOLATION), "{sql}");
    }
    for role in ["tidings_app", "tidings_system"] {
        client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        for sql in ["UPDATE rate_cards SET price = 0", "DELETE FROM rate_cards", "TRUNCATE rate_cards"] {
            let refused = client.batch_execute(sql).await.unwrap_err();
            assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{role}: {sql}");
        }
        client.batch_execute("RESET ROLE").await.unwrap();
    }
    let later =
        "INSERT INTO rate_cards SELECT 'India', 'UTILITY', '2027-01-01Z', 1, card_id FROM rate_cards LIMIT 1";
    client.batch_execute(later).await.unwrap();
}

/// The prices of the file, in micro-units, by market and category.
fn file() -> BTreeMap<(String, String), i64> {
    let text =
        std::fs::read_to_string(testkit::workspace().join("docs/rate-cards/meta-2026-10-01.csv")).unwrap();
    let (_, table) = text.split_once("Market,Currency,Marketing,Utility,Authentication\n").unwrap();
    let mut prices = BTreeMap::new();
    for line in table.lines() {
        let [market, "USD", marketing, utility, authentication] = *line.split(',').collect::<Vec<_>>() else {
            panic!("{line}")
        };
        for (category, price) in
            [("MARKETING", marketing), ("UTILITY", utility), ("AUTHENTICATION", authentication)]
        {
            let micros = price.parse::<domain::Money>().unwrap().micros();
            prices.insert((market.to_owned(), category.to_owned()), micros);
        }
    }
    prices
}

#[tokio::test]
async fn the_prices_that_come_with_the_migrations_are_those_of_the_file() {
    let db = testkit::database().await;
    let client = connect(db.url()).await;
    let rows = client
        .query(
            "SELECT market, category, price, effective_from = '2026-10-01Z' FROM rate_cards
               JOIN rate_card_headers USING (card_id, effective_from) WHERE name = 'Meta 2026-10-01'",
            &[],
        )
        .await
        .unwrap();
    let mut stored: BTreeMap<(String, String), i64> =
        rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    assert!(rows.iter().all(|row| row.get(3)), "each from the card's day on");
    for category in Category::ALL {
        let of = |market: &str| (market.to_owned(), category.as_str().to_owned());
        assert_eq!(stored.remove(&of("*")), stored.get(&of("Other")).copied(), "{category}");
    }
    assert_eq!(stored, file());
    let markets: Vec<String> = Market::all().iter().map(|market| market.name().to_owned()).collect();
    let mut priced: Vec<String> = stored.into_keys().map(|(market, _)| market).collect();
    priced.sort_unstable();
    priced.dedup();
    assert_eq!(priced, markets, "each market has a price of its own");
}

/// Without statistics the planner reads all prices for each message of a claim, which takes thirty times as long.
#[tokio::test]
async fn a_claim_finds_each_price_by_its_index_from_the_first_day_on() {
    let db = testkit::database().await;
    let client = connect(db.url()).await;
    let claim = store::statements().into_iter().find(|sql| sql.starts_with("-- claims::claim\n")).unwrap();
    let any = "'00000000-0000-7000-8000-000000000001'::uuid";
    let values = [any, "'p'::text", "now()", "1000::bigint", any, "now()", "3::smallint", "'system'::text"];
    let with_values = values
        .iter()
        .zip(1..)
        .fold(claim.to_owned(), |sql, (value, place)| sql.replace(&format!("${place}"), value));
    // As the claim runs it.
    client.batch_execute("SET enable_hashjoin = off; SET enable_mergejoin = off").await.unwrap();
    let explained = client.simple_query(&format!("EXPLAIN {with_values}")).await.unwrap();
    let lines: Vec<&str> = explained
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    let of_prices: Vec<&&str> = lines.iter().filter(|line| line.contains(" rate_cards")).collect();
    assert_eq!(of_prices.len(), 2, "the market's own price, and that of every other one: {lines:#?}");
    assert!(
        of_prices.iter().all(|line| line.contains("Index Scan Backward using rate_cards_pkey")),
        "{lines:#?}"
    );
}
