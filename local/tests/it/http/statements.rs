//! Searching a ledger, and statements of months: what they answer, to the entry and the micro-unit.

use std::fmt::Write;

use domain::Money;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use uuid::Uuid;

use super::actors::{TenantActor, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

const MONTHS: [&str; 6] = ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12"];

/// An entry that the test wrote, in micro-units and microseconds.
#[derive(Clone, Debug)]
struct Written {
    kind: &'static str,
    amount: i64,
    at: i64,
    message: Option<Uuid>,
    debit: Option<usize>,
}

impl Written {
    fn month(&self) -> String {
        jiff::Timestamp::from_microsecond(self.at).unwrap().to_string()[..7].to_owned()
    }
}

struct Fixture {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
    written: Vec<Written>,
}

impl Fixture {
    /// A ledger of random entries from August to November, some at the first and the last microsecond of a month.
    async fn random(entries: usize) -> Self {
        let seed = rand::random();
        eprintln!("seed {seed}");
        let mut written = random_entries(&mut StdRng::seed_from_u64(seed), entries);
        written.sort_by_key(|entry| entry.at);
        Self::of(written).await
    }

    async fn of(written: Vec<Written>) -> Self {
        let system = TestSystem::start().await;
        system.leaves_unaudited("the entries are about messages that were never sent");
        let api = RawApi::of(&system);
        let home = tenant_actor(&api, "home").await;
        let fixture = Self { system, api, home, written };
        for (number, chunk) in fixture.written.chunks(1_000).enumerate() {
            fixture.system.db.execute(&fixture.insert(number * 1_000, chunk)).await;
        }
        let (balance, seq) = (fixture.balance_at(fixture.written.len()), fixture.written.len());
        let tenant = &fixture.home.tenant;
        let sql = format!("UPDATE wallets SET balance = {balance}, seq = {seq} WHERE tenant_id = '{tenant}'");
        fixture.system.db.execute(&sql).await;
        fixture
    }

    fn insert(&self, before: usize, chunk: &[Written]) -> String {
        let mut sql = "INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, debit_seq, note, booked_by, recorded_at) VALUES ".to_owned();
        for (index, entry) in chunk.iter().enumerate() {
            let seq = before + index + 1;
            let comma = if index == 0 { "" } else { "," };
            let quoted = |text: Option<String>| text.map_or("NULL".to_owned(), |text| format!("'{text}'"));
            let by_person = matches!(entry.kind, "TOPUP" | "ADJUSTMENT");
            let note = quoted((entry.kind != "DEBIT").then(|| "=1+1".to_owned()));
            let (message, debit) =
                (entry.message.map(|id| id.to_string()), entry.debit.map(|seq| seq.to_string()));
            let booker = quoted(by_person.then(|| self.home.owner.clone()));
            write!(
                sql,
                "{comma}('{}', {seq}, '{}', {}, {}, {}, {}::bigint, {note}, {booker}, '{}')",
                self.home.tenant,
                entry.kind,
                entry.amount,
                self.balance_at(seq),
                quoted(message),
                quoted(debit),
                jiff::Timestamp::from_microsecond(entry.at).unwrap(),
            )
            .unwrap();
        }
        sql
    }

    /// After that many entries.
    fn balance_at(&self, entries: usize) -> i64 {
        self.written[..entries].iter().map(|entry| entry.amount).sum()
    }

    async fn get(&self, path: &str) -> Answer {
        self.api.get(path).bearer(&self.home.token).send().await
    }

    /// The numbers of all entries of a list, page by page, and how many pages there were.
    async fn numbers(&self, path: &str, of: impl Fn(&Value) -> &Value) -> (Vec<usize>, usize) {
        let (mut numbers, mut pages, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let answer = self.get(&format!("{path}{cursor}")).await;
            let page = of(answer.success());
            let entries = page["data"].as_array().unwrap();
            numbers
                .extend(entries.iter().map(|entry| usize::try_from(entry["seq"].as_u64().unwrap()).unwrap()));
            pages += 1;
            let Some(next) = page["nextCursor"].as_str() else { return (numbers, pages) };
            cursor = format!("&cursor={next}");
        }
    }

    /// The numbers of written entries, newest first.
    fn expected(&self, is_wanted: impl Fn(&Written) -> bool) -> Vec<usize> {
        let wanted = self.written.iter().enumerate().filter(|(_, entry)| is_wanted(entry));
        let mut numbers: Vec<usize> = wanted.map(|(index, _)| index + 1).collect();
        numbers.reverse();
        numbers
    }
}

fn random_entries(random: &mut StdRng, entries: usize) -> Vec<Written> {
    let micros = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let (start, end) = (micros("2026-08-01T00:00:00Z"), micros("2026-12-01T00:00:00Z"));
    let mut written = vec![
        Written { kind: "TOPUP", amount: 100_000_000_000, at: start, message: None, debit: None },
        Written {
            kind: "TOPUP",
            amount: 1,
            at: micros("2026-09-01T00:00:00Z") - 1,
            message: None,
            debit: None,
        },
        Written { kind: "TOPUP", amount: 3, at: micros("2026-09-01T00:00:00Z"), message: None, debit: None },
        Written { kind: "TOPUP", amount: 5, at: end - 1, message: None, debit: None },
    ];
    for _ in 0..entries {
        let (at, amount) = (random.random_range(start..end), random.random_range(1..100_000));
        let (kind, amount, message) = match random.random_range(0..10) {
            0 => ("TOPUP", amount, None),
            1 => ("ADJUSTMENT", if random.random() { amount } else { -amount }, None),
            _ => ("DEBIT", -amount, Some(Uuid::from_u128(random.random()))),
        };
        written.push(Written { kind, amount, at, message, debit: None });
    }
    written.sort_by_key(|entry| entry.at);
    // Some debits are given back at the end of November.
    let debits: Vec<usize> =
        (0..written.len()).filter(|index| written[*index].kind == "DEBIT").step_by(7).collect();
    for index in debits {
        let (amount, message) = (-written[index].amount, written[index].message);
        written.push(Written { kind: "REFUND", amount, at: end - 1, message, debit: Some(index + 1) });
    }
    written
}

fn micros(amount: &Value) -> i64 {
    amount.as_str().unwrap().parse::<Money>().unwrap().micros()
}

#[tokio::test]
async fn opening_balance_and_sums_are_the_closing_balance_of_every_month() {
    let fixture = Fixture::random(400).await;
    let mut closed = 0;
    for month in MONTHS {
        let answer = fixture.get(&format!("/billing/statement?month={month}")).await;
        let statement = answer.success();
        let opening = micros(&statement["openingBalance"]);
        let mut balance = opening;
        for (member, kind) in
            [("topUps", "TOPUP"), ("debits", "DEBIT"), ("refunds", "REFUND"), ("adjustments", "ADJUSTMENT")]
        {
            let entries = fixture.written.iter().filter(|entry| entry.kind == kind && entry.month() == month);
            let amounts: Vec<i64> = entries.map(|entry| entry.amount).collect();
            let sum = &statement[member];
            assert_eq!(sum["entries"], amounts.len(), "{month} {kind}");
            assert_eq!(micros(&sum["amount"]), amounts.iter().sum::<i64>(), "{month} {kind}");
            balance += micros(&sum["amount"]);
        }
        assert_eq!(micros(&statement["closingBalance"]), balance, "{month}");
        assert_eq!(opening, closed, "{month} begins where the month before ended");
        closed = balance;
        let path = format!("/billing/statement?month={month}&limit=37");
        let (mut lines, _) = fixture.numbers(&path, |body| &body["lines"]).await;
        lines.reverse();
        assert_eq!(lines, fixture.expected(|entry| entry.month() == month), "{month}, oldest first");
    }
    assert_eq!(closed, fixture.balance_at(fixture.written.len()));
}

#[tokio::test]
async fn a_month_of_more_lines_than_an_answer_holds_is_one_csv_in_parts() {
    let mut written = random_entries(&mut StdRng::seed_from_u64(1), 0);
    let at = written.last().unwrap().at;
    let debit = || Written { kind: "DEBIT", amount: -7, at, message: Some(Uuid::new_v4()), debit: None };
    written.extend(std::iter::repeat_with(debit).take(20_500));
    let fixture = Fixture::of(written).await;
    let (mut file, mut parts) = (String::new(), 0);
    let mut path = "/billing/statement?month=2026-11&format=csv".to_owned();
    loop {
        let part = fixture.get(&path).await;
        assert_eq!(part.header("content-type"), Some("text/csv; charset=utf-8"));
        assert!(part.text.len() < 3_100_000);
        file.push_str(&part.text);
        parts += 1;
        let Some(link) = part.header("link") else { break };
        path =
            link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap().to_owned();
    }
    assert_eq!(parts, 3);
    let records: Vec<Vec<&str>> = file.lines().map(|line| line.split(',').collect()).collect();
    assert!(records.iter().all(|record| record.len() == 9), "every line has nine cells");
    let of = |kind: &str| records.iter().filter(|record| record[0] == kind).count();
    assert_eq!((of("type"), of("OPENING_BALANCE"), of("CLOSING_BALANCE")), (1, 1, 1));
    assert_eq!((of("DEBIT"), of("CREDIT")), (20_500, 1));
    let amount = |text: &str| text.parse::<Money>().unwrap().micros();
    let lines = records.iter().filter(|record| matches!(record[0], "DEBIT" | "CREDIT"));
    let sum: i64 = lines.map(|record| amount(record[4])).sum();
    let (opening, closing) = (amount(records[1][5]), amount(records.last().unwrap()[5]));
    assert_eq!(opening + sum, closing);
    assert_eq!(closing, fixture.balance_at(fixture.written.len()));
}

#[tokio::test]
async fn no_text_of_a_statement_is_a_formula_and_accept_asks_for_csv() {
    let fixture = Fixture::of(random_entries(&mut StdRng::seed_from_u64(1), 0)).await;
    let get = |accept: &'static str| {
        let call = fixture.api.get("/billing/statement?month=2026-09").bearer(&fixture.home.token);
        call.header("accept", accept).send()
    };
    for (accept, is_csv) in [
        ("text/csv", true),
        ("text/csv, application/json;q=0.5", true),
        ("application/json, text/csv;q=0.9", false),
        ("application/json, text/csv", false),
        ("*/*", false),
        ("text/html", false),
    ] {
        let answer = get(accept).await;
        let media_type = if is_csv { "text/csv; charset=utf-8" } else { "application/json" };
        assert_eq!(answer.header("content-type"), Some(media_type), "{accept}");
    }
    let text = get("text/csv").await.text;
    assert!(text.contains(",'=1+1\n") && !text.contains(",=1+1"), "{text}");
}

#[tokio::test]
async fn what_is_wrong_with_a_statements_query_is_named() {
    let fixture = Fixture::of(Vec::new()).await;
    for month in ["2026-13", "2026-00", "2026-1", "2026", "", "26-11", "2026-11-01", "%00", "9999-99"] {
        let answer = fixture.get(&format!("/billing/statement?month={month}")).await;
        answer.assert_invalid("month", month);
    }
    fixture.get("/billing/statement").await.assert_invalid("month", "none");
    let both = fixture.get("/billing/statement?month=2026-13&format=xml&limit=0&cursor=x").await;
    for field in ["month", "format", "limit", "cursor"] {
        both.assert_invalid(field, "all");
    }
    let empty = fixture.get("/billing/statement?month=2031-01").await;
    assert_eq!(empty.success()["closingBalance"], "0.00");
}

#[tokio::test]
async fn a_ledger_is_searched_by_time_type_and_message_and_by_all_of_them() {
    let fixture = Fixture::random(300).await;
    let (from, to) = ("2026-08-20T12:00:00Z", "2026-11-30T23:59:59.999999Z");
    let instant = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let is_within = |entry: &Written| (instant(from)..instant(to)).contains(&entry.at);
    let times = format!("&from={from}&to={to}");
    for (group, kinds) in [
        ("DEBIT", &["DEBIT"][..]),
        ("CREDIT", &["TOPUP", "REFUND", "ADJUSTMENT"]),
        ("TOPUP", &["TOPUP"]),
        ("REFUND", &["REFUND"]),
        ("ADJUSTMENT", &["ADJUSTMENT"]),
    ] {
        for limit in [3, 200] {
            let path = format!("/billing/ledger?limit={limit}&type={group}");
            let all = fixture.numbers(&path, |body| body).await.0;
            assert_eq!(all, fixture.expected(|entry| kinds.contains(&entry.kind)), "{group} by {limit}");
            let within = fixture.numbers(&format!("{path}{times}"), |body| body).await.0;
            let wanted = fixture.expected(|entry| kinds.contains(&entry.kind) && is_within(entry));
            assert_eq!(within, wanted, "{group} by {limit} in time");
        }
    }
    let within = fixture.numbers(&format!("/billing/ledger?limit=50{times}"), |body| body).await.0;
    assert_eq!(within, fixture.expected(is_within));
    let refunded = fixture.written.iter().find(|entry| entry.kind == "REFUND").unwrap().message.unwrap();
    for (query, wanted) in [
        (String::new(), fixture.expected(|entry| entry.message == Some(refunded))),
        (
            "&type=DEBIT".to_owned(),
            fixture.expected(|entry| entry.message == Some(refunded) && entry.kind == "DEBIT"),
        ),
        ("&type=TOPUP".to_owned(), Vec::new()),
        (
            format!("&to={from}"),
            fixture.expected(|entry| entry.message == Some(refunded) && entry.at < instant(from)),
        ),
    ] {
        for limit in [1, 50] {
            let path = format!("/billing/ledger?limit={limit}&messageId={refunded}{query}");
            assert_eq!(fixture.numbers(&path, |body| body).await.0, wanted, "{query} by {limit}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_search_of_the_ledger_is_named() {
    let fixture = Fixture::of(Vec::new()).await;
    let wrong =
        fixture.get("/billing/ledger?from=today&to=2026-02-30T00:00:00Z&type=debit&messageId=1").await;
    for field in ["from", "to", "type", "messageId"] {
        wrong.assert_invalid(field, "all");
    }
    let turned = fixture.get("/billing/ledger?from=2026-12-01T00:00:00Z&to=2026-11-01T00:00:00Z").await;
    assert_eq!(turned.success()["data"], serde_json::json!([]));
}

/// A search for debits goes through the entries in steps; between two debits there may be more than one step of refunds.
#[tokio::test]
async fn a_search_for_debits_goes_on_through_pages_without_any() {
    let at = "2026-11-10T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let credit = Written { kind: "TOPUP", amount: 100, at, message: None, debit: None };
    let debit = || Written { kind: "DEBIT", amount: -1, at, message: Some(Uuid::new_v4()), debit: None };
    let fixture = Fixture::of(vec![credit, debit(), debit()]).await;
    let tenant = &fixture.home.tenant;
    let sql = format!(
        "INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, booked_by, recorded_at)
         SELECT '{tenant}', 3 + n, 'TOPUP', 1, 98 + n, '{}', '2026-11-11Z' FROM generate_series(1, 110000) AS n;
         UPDATE wallets SET balance = 98 + 110000, seq = 110003 WHERE tenant_id = '{tenant}'",
        fixture.home.owner
    );
    fixture.system.db.execute(&sql).await;
    let (numbers, pages) = fixture.numbers("/billing/ledger?type=DEBIT", |body| body).await;
    assert_eq!((numbers, pages), (vec![3, 2], 3));
}
