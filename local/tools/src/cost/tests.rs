//! Claims about what messages cost: the document follows from its counts, the counts come from the product, and the
//! product is as cheap beside the naive design as the document says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cloud::{Group, Message};
use domain::updates::{UnhandledUpdate, Update};
use meta::queued::{QueuedBatch, QueuedUpdate};
use tidings::home::Home;
use tidings::settings::Settings;

use super::bill::{Bill, Design, bill, billed_sends, invocations, mixed, scaled};
use super::counts::{Counts, KINDS, recorded};
use super::floor::{floor, parts};
use super::meter::one_status_each;
use super::prices as p;
use super::run::count;
use super::tables::{MILLION, dollars, per_mille, report};

fn document() -> String {
    std::fs::read_to_string(testkit::workspace().join("docs/cost.md")).unwrap()
}

#[test]
fn the_documents_tables_follow_from_the_counts_in_it() {
    let document = document();
    let sample = recorded(&document).unwrap();
    assert!(
        document.contains(report(&sample).trim_end()),
        "the tables of docs/cost.md do not follow from its counts: run cargo cost --recorded docs/cost.md"
    );
}

#[test]
fn delivering_a_campaign_costs_at_most_a_tenth_of_the_naive_design() {
    let sample = recorded(&document()).unwrap();
    let (ours, naive) = (
        bill(&sample[0], Design::Ours, MILLION).delivery(),
        bill(&sample[0], Design::Naive, MILLION).delivery(),
    );
    assert!(per_mille(ours, naive) <= 100, "{} of {}", dollars(ours, 4), dollars(naive, 4));
}

#[test]
fn the_head_of_the_template_has_the_same_floor() {
    let template = std::fs::read_to_string(testkit::workspace().join("template.yaml")).unwrap();
    let together = template.lines().find(|line| line.contains("together")).unwrap();
    let written: Vec<String> = together
        .split_whitespace()
        .filter(|word| word.contains('.'))
        .map(|amount| format!("${amount}"))
        .collect();
    let (small, production) = floor();
    assert_eq!(written, [dollars(small, 2), dollars(production, 2)]);
    for part in parts() {
        // The head writes an amount without its sign, and the runbook's figure of both shapes is the document's.
        let amounts = [part.small, part.production].map(|amount| dollars(amount, 2).replace('$', ""));
        assert!(
            amounts.iter().all(|amount| template.contains(&format!(" {amount}"))),
            "{}: {amounts:?}",
            part.name
        );
    }
}

#[test]
fn the_runbook_says_what_an_idle_stack_costs() {
    let runbook = std::fs::read_to_string(testkit::workspace().join("docs/operations.md")).unwrap();
    let (small, production) = floor();
    for amount in [small, production].map(|amount| dollars(amount, 2)) {
        assert_eq!(
            runbook.matches(&amount).count(),
            2,
            "docs/operations.md does not say {amount} in both tables"
        );
    }
}

/// Single messages share nothing, so the mix misses the tenth that campaigns reach.
#[test]
fn the_mix_costs_at_most_a_fifth_of_the_naive_design_and_the_document_says_how_much() {
    let sample = recorded(&document()).unwrap();
    let of = |design: Design| mixed(&sample, design, MILLION).delivery();
    let ratio = per_mille(of(Design::Ours), of(Design::Naive));
    assert!(ratio <= 200, "{ratio} thousandths");
    let document = document();
    let (short, _) = document.split_once("## How it is counted").unwrap();
    assert!(short.contains(&format!("{}.{} %", ratio / 10, ratio % 10)));
}

/// A folder that is removed with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

fn assert_about(what: &str, counted: u64, least: u64, most: u64) {
    assert!((least..=most).contains(&counted), "{what}: {counted} is not from {least} to {most}");
}

#[tokio::test]
async fn every_count_comes_from_a_run_of_the_product() {
    let folder = Folder(std::env::temp_dir().join(format!("tidings-cost-{}", std::process::id())));
    let (home, database) = (Home::open(&folder.0).unwrap(), testkit::database().await);
    let settings = Settings::from_environment().unwrap();
    let [campaign, single, scheduled] =
        count(settings, &home, database.store.clone(), (200, 2)).await.unwrap();

    let of = |name: &str| campaign.of(name);
    assert_eq!((of("messages"), of("API requests")), (200, 200));
    assert_eq!((of("schedules"), of("dispatches")), (2, 2), "one of each for each tenant's minute");
    assert_eq!((of("wake-ups: sends"), of("events")), (2, 0), "each fired schedule is a message");
    // A hundred messages at eighty a second.
    assert_about("dispatches, ms", of("dispatches, ms"), 2_000, 60_000);
    // Two of a hundred are sent and then fail: two statuses and a refund; every other message has three.
    assert_eq!((of("statuses"), of("updates: sends")), (596, 596));
    for (name, least, most) in [
        ("updates: receives", 60, 596),
        ("updates: deletes", 60, 596),
        ("updates: invocations", 6, 200),
        ("refunds: sends", 1, 4),
        ("refunds: invocations", 1, 4),
        ("webhooks", 6, 596),
        ("connections to Meta", 1, 200),
        ("bytes to Meta", 200 * 300, 200 * 2_000),
        ("bytes from Meta", 200 * 100, 200 * 2_000),
        ("commits: apply_statuses", 6, 596),
    ] {
        assert_about(name, of(name), least, most);
    }
    assert_eq!((of("attempts"), of("ledger entries"), of("refunds paid")), (200, 204, 4));
    assert_eq!(campaign.commits(&["accept_message"]), 200);

    let of = |name: &str| single.of(name);
    assert_eq!((of("messages"), of("API requests"), of("schedules")), (2, 2, 0));
    assert_eq!((of("wake-ups: sends"), of("dispatches")), (2, 2));
    assert_eq!(of("wake-ups: receives") + of("wake-ups: deletes"), 4);
    // Alone, but for a machine so busy that two of them meet in one window.
    assert_eq!(of("statuses"), 6);
    assert_about("single: updates: receives", of("updates: receives"), 4, 6);
    assert_about("single: updates: invocations", of("updates: invocations"), 3, 6);
    let of = |name: &str| scheduled.of(name);
    assert_eq!((of("schedules"), of("dispatches"), of("wake-ups: sends"), of("statuses")), (2, 2, 2, 6));
    assert_eq!(of("wake-ups: receives") + of("wake-ups: deletes"), 4);
}

#[test]
fn the_shares_of_the_mix_add_up() {
    assert_eq!(KINDS.iter().map(|(_, per_mille)| per_mille).sum::<u64>(), 1_000);
}

#[test]
fn the_document_names_the_rules_that_were_not_measured() {
    let document = document();
    let stated = [
        format!("{} ms", p::ACCEPT_MS),
        format!("{} ms", p::WEBHOOK_MS),
        format!("{} ms", p::TRANSACTION_MS),
        format!("{} ms", p::EVENT_MS),
        format!("{} ms", p::DISPATCH_EXTRA_MS),
        format!("{} ms", p::NAIVE_SEND_MS),
        format!("{} MB", p::MEMORY_MB),
        format!("{} MB", p::NAIVE_MEMORY_MB),
    ];
    for rule in stated {
        assert!(document.contains(&rule), "docs/cost.md does not say {rule}");
    }
}

#[test]
fn a_document_without_counts_is_an_error() {
    assert_eq!(recorded("# Cost\n"), None);
    assert_eq!(
        recorded("| in the run | a | b | c |\n|---|---|---|---|\n| messages | 1 | many | 3 |\n"),
        None
    );
}

fn thousand() -> Counts {
    let mut counts = Counts::default();
    for (name, number) in [
        ("messages", 1_000),
        ("API requests", 1_000),
        ("schedules", 1),
        ("dispatches", 1),
        ("dispatches, ms", 12_500),
        ("updates: sends", 3_000),
        ("updates: receives", 300),
        ("updates: deletes", 300),
        ("updates: invocations", 30),
        ("statuses", 3_000),
        ("connections to Meta", 10),
        ("bytes to Meta", 1_000_000),
        ("bytes from Meta", 500_000),
        ("attempts", 1_000),
        ("ledger entries", 1_000),
        ("commits: apply_statuses", 30),
        ("commits: number_owners", 30),
    ] {
        counts.set(name, number);
    }
    counts
}

#[test]
fn the_prices_of_a_million_are_those_of_the_price_lists() {
    let million = 1_000_000_u128;
    for (price, dollars) in [
        (p::HTTP_API_REQUEST, "$1.00"),
        (p::LAMBDA_INVOCATION, "$0.20"),
        (p::SQS_REQUEST, "$0.40"),
        (p::SCHEDULER_INVOCATION, "$1.00"),
        (p::FUNCTION_URL_REQUEST, "$0.00"),
    ] {
        assert_eq!(super::tables::dollars(price * million, 2), dollars);
    }
    assert_eq!(dollars(p::LOG_BYTE * 1_000_000_000, 2), "$0.50");
    assert_eq!(dollars(p::EGRESS_BYTE * 1_000_000_000, 2), "$0.09");
    // A GB for a million seconds.
    assert_eq!(dollars(invocations(0, 1_000_000_000, 1_024), 2), "$13.33");
}

#[test]
fn a_campaign_of_a_thousand_costs_what_its_counts_come_to() {
    // Dispatch 0.04, status queue 0.24.
    let line = lines(&bill(&thousand(), Design::Ours, 1_000_000));
    assert_eq!(line("status queue, out", 2), "$0.24");
    assert_eq!(line("dispatch", 2), "$0.04");
    assert_eq!(line("schedules", 3), "$0.001");
    assert_eq!(line("wake-up queue", 4), "$0.0000");
}

#[test]
fn the_naive_design_has_one_of_everything_for_each_message() {
    let line = lines(&bill(&thousand(), Design::Naive, 1_000_000));
    assert_eq!(line("schedules", 2), "$1.00");
    assert_eq!(line("wake-up queue", 2), "$1.20");
    assert_eq!(line("status queue, out", 2), "$2.40");
    // 0.20 + 230 ms × 256 MB × 0.0000133334 = 0.97.
    assert_eq!(line("dispatch", 2), "$0.97");
    // 3 × (0.20 + 15 ms × 256 MB).
    assert_eq!(line("statuses applied", 2), "$0.75");
}

#[test]
fn both_designs_pay_the_same_for_requests_and_for_metas_posts() {
    let of = |design: Design| {
        let bill = bill(&thousand(), design, 1_000_000);
        (bill.api_requests(), bill.meta_posts())
    };
    assert_eq!(of(Design::Ours), of(Design::Naive));
}

#[test]
fn a_bill_grows_with_the_messages_and_a_mix_is_the_sum_of_its_parts() {
    let sample = [thousand(), thousand(), thousand()];
    let one = mixed(&sample, Design::Ours, 1_000_000);
    assert_eq!(mixed(&sample, Design::Ours, 150_000_000).total(), one.total() * 150);
    assert_eq!(bill(&thousand(), Design::Ours, 1_000_000), one, "three parts that are alike are the whole");
}

#[test]
fn statuses_that_come_alone_cost_what_the_naive_design_asks_the_queue_for_them() {
    let alone = bill(&thousand(), Design::StatusesAlone, 1_000_000);
    let naive = bill(&thousand(), Design::Naive, 1_000_000);
    assert_eq!(lines(&alone)("status queue, out", 6), lines(&naive)("status queue, out", 6));
}

#[test]
fn a_send_is_billed_by_tens_and_by_chunks_of_64_kib() {
    for (messages, bytes, requests) in
        [(0, 0, 0), (1, 1, 1), (10, 65_536, 1), (11, 100, 2), (1, 65_537, 2), (1, 200_000, 4)]
    {
        assert_eq!(billed_sends(messages, bytes), requests, "{messages} of {bytes} bytes");
    }
}

#[test]
fn counts_of_nothing_cost_nothing() {
    for design in [Design::Ours, Design::StatusesAlone, Design::Naive] {
        assert_eq!(bill(&Counts::default(), design, 1_000_000), Bill::default());
    }
}

/// A bill's lines by name, in dollars.
fn lines(bill: &Bill) -> impl Fn(&str, usize) -> String + use<> {
    let amounts: BTreeMap<&str, u128> = super::bill::LINES.into_iter().zip(bill.0).collect();
    move |name, decimals| dollars(amounts[name], decimals)
}

#[test]
fn amounts_are_shown_in_dollars_and_rounded_once() {
    for (amount, decimals, shown) in [
        (0, 2, "$0.00"),
        (1_234_567_890_000_000, 2, "$1,234.57"),
        (4_999_999_999, 2, "$0.00"),
        (5_000_000_000, 2, "$0.01"),
        (123_456_000_000, 4, "$0.1235"),
    ] {
        assert_eq!(dollars(amount, decimals), shown);
    }
}

#[test]
fn a_ratio_is_rounded_against_us() {
    assert_eq!(per_mille(1_001, 10_000), 101);
    assert_eq!(per_mille(1_000, 10_000), 100);
}

#[test]
fn scaling_rounds_to_the_nearest() {
    assert_eq!((scaled(7, 1_000_000, 7), scaled(1, 1, 3), scaled(2, 1, 3)), (1_000_000, 0, 1));
}

#[test]
fn every_update_travels_in_its_own_message() {
    let update = |n: u32| {
        QueuedUpdate::Clear(Update::Unhandled(UnhandledUpdate { reason: n.to_string(), raw: n.into() }))
    };
    let batch = QueuedBatch { updates: (0..3).map(update).collect() };
    let message = |body| Message::new(Group::named("a-group"), body);
    let sent = [serde_json::to_string(&batch).unwrap(), "not a batch".to_owned()].map(message);
    let messages = one_status_each(sent.into());
    assert_eq!(messages.len(), 4);
    let third: QueuedBatch = serde_json::from_str(&messages[2].body).unwrap();
    assert_eq!((third.updates, messages[3].body.as_str()), (vec![update(2)], "not a batch"));
    assert!(messages.iter().all(|message| message.group.as_str() == "a-group"));
}
