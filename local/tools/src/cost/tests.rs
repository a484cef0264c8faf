//! Claims about what messages cost: the document follows from its counts, the counts come from the product, and the
//! product is as cheap beside the naive design as the document says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cloud::{Group, Message};
use domain::updates::{KeptUpdate, Update, UpdateBatch};
use tidings::home::Home;
use tidings::settings::Settings;

use super::bill::{Bill, Design, bill, billed_sends, invocations, mixed, scaled};
use super::counts::{Calls, Counts, KINDS, QueueCounts, Sample};
use super::meter::one_status_each;
use super::run::{Plan, count};
use super::tables::{MILLION, dollars, per_mille, report};
use super::{prices as p, recorded};

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
fn processing_a_campaign_costs_at_most_a_tenth_of_the_naive_design() {
    let sample = recorded(&document()).unwrap();
    let (ours, naive) = (
        bill(&sample.campaign, Design::Ours, MILLION).processing(),
        bill(&sample.campaign, Design::Naive, MILLION).processing(),
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
    let (small, production) = p::floor();
    assert_eq!(written, [dollars(small, 2), dollars(production, 2)]);
}

/// Single messages share nothing, so the mix misses the tenth that campaigns reach.
#[test]
fn the_mix_costs_at_most_a_fifth_of_the_naive_design_and_the_document_says_how_much() {
    let sample = recorded(&document()).unwrap();
    let of = |design: Design| mixed(&sample, design, MILLION).processing();
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
    let plan = Plan { tenants: 2, campaign: 200, singles: 2 };
    let Sample { campaign, single, scheduled } =
        count(settings, &home, database.store.clone(), plan).await.unwrap();

    let Counts { messages, requests, schedules, dispatches, updates, refunds, .. } = &campaign;
    assert_eq!((*messages, requests.count), (200, 200));
    assert_eq!((*schedules, dispatches.count), (2, 2), "a schedule and a dispatch for each tenant's minute");
    assert_eq!((campaign.wake_ups.sends, campaign.events), (0, 0));
    // A hundred messages at eighty a second.
    assert_about("dispatch milliseconds", dispatches.milliseconds, 2_000, 60_000);
    // Two of a hundred are sent and then fail: two statuses and a refund; every other message has three.
    assert_eq!((campaign.statuses, updates.sends), (596, 596));
    assert_about("updates: receives", updates.receives, 60, 596);
    assert_about("updates: deletes", updates.deletes, 60, 596);
    assert_about("updates: invocations", updates.invocations.count, 6, 200);
    assert_about("refunds: sends", refunds.sends, 1, 4);
    assert_about("refunds: invocations", refunds.invocations.count, 1, 4);
    assert_about("webhooks", campaign.webhooks.count, 6, 596);
    assert_about("connections to Meta", campaign.connections, 1, 200);
    assert_about("bytes to Meta", campaign.bytes_up, 200 * 300, 200 * 2_000);
    assert_about("bytes from Meta", campaign.bytes_down, 200 * 100, 200 * 2_000);
    assert_eq!((campaign.attempts, campaign.ledger_entries, campaign.refunds_paid), (200, 204, 4));
    assert_eq!(campaign.committed(&["accept_message"]), 200);
    assert_about("apply_statuses", campaign.committed(&["apply_statuses"]), 6, 596);

    assert_eq!((single.messages, single.requests.count, single.schedules), (2, 2, 0));
    assert_eq!(
        (single.wake_ups.sends, single.dispatches.count, single.wake_ups.receives_and_deletes()),
        (2, 2, 4)
    );
    // Alone, but for a machine so busy that two of them meet in one window.
    assert_eq!(single.statuses, 6);
    assert_about("single: updates: receives", single.updates.receives, 4, 6);
    assert_about("single: updates: invocations", single.updates.invocations.count, 3, 6);
    assert_eq!((scheduled.schedules, scheduled.dispatches.count, scheduled.wake_ups.sends), (2, 2, 0));
    assert_eq!(scheduled.statuses, 6);
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
    assert!(recorded("# Cost\n").is_err());
    assert!(recorded("```json\n{\"campaign\": 1}\n```").is_err());
}

fn thousand() -> Counts {
    Counts {
        messages: 1_000,
        requests: Calls { count: 1_000, milliseconds: 5_000 },
        schedules: 1,
        dispatches: Calls { count: 1, milliseconds: 12_500 },
        updates: QueueCounts {
            sends: 3_000,
            receives: 300,
            deletes: 300,
            invocations: Calls { count: 30, milliseconds: 600 },
        },
        statuses: 3_000,
        connections: 10,
        bytes_up: 1_000_000,
        bytes_down: 500_000,
        attempts: 1_000,
        ledger_entries: 1_000,
        transactions: BTreeMap::from([("apply_statuses".to_owned(), 30), ("number_owners".to_owned(), 30)]),
        ..Counts::default()
    }
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
    assert_eq!(dollars(p::NAT_BYTE * 1_000_000_000, 3), "$0.045");
    assert_eq!(dollars(p::EGRESS_BYTE * 1_000_000_000, 2), "$0.09");
    // A GB for a million seconds.
    assert_eq!(dollars(invocations(0, 1_000_000_000, 1_024), 2), "$13.33");
}

#[test]
fn a_campaign_of_a_thousand_costs_what_the_reference_says() {
    // performance.md, section 5: dispatch 0.08, status queue 0.24.
    let line = lines(&bill(&thousand(), Design::Ours, 1_000_000));
    assert_eq!(line("status queue, out", 2), "$0.24");
    assert_eq!(line("dispatch", 2), "$0.08");
    assert_eq!(line("schedules", 3), "$0.001");
    assert_eq!(line("wake-up queue", 4), "$0.0000");
}

#[test]
fn the_naive_design_has_one_of_everything_for_each_message() {
    let line = lines(&bill(&thousand(), Design::Naive, 1_000_000));
    assert_eq!(line("schedules", 2), "$1.00");
    assert_eq!(line("wake-up queue", 2), "$1.20");
    assert_eq!(line("status queue, out", 2), "$2.40");
    // 0.20 + 230 ms × 256 MB × 0.0000133334 = 0.97: performance.md, section 5.
    assert_eq!(line("dispatch", 2), "$0.97");
    // 3 × (0.20 + 15 ms × 256 MB).
    assert_eq!(line("statuses applied", 2), "$0.75");
}

#[test]
fn both_designs_pay_the_same_for_requests_and_for_metas_posts() {
    let of = |design: Design| {
        let bill = bill(&thousand(), design, 1_000_000);
        (bill.api_request(), bill.meta_posts())
    };
    assert_eq!(of(Design::Ours), of(Design::Naive));
}

#[test]
fn a_bill_grows_with_the_messages_and_a_mix_is_the_sum_of_its_parts() {
    let sample = Sample { campaign: thousand(), single: thousand(), scheduled: thousand() };
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
    let update = |n: u32| Update::Kept(KeptUpdate { reason: n.to_string(), raw: n.into() });
    let batch = UpdateBatch { updates: (0..3).map(update).collect() };
    let message = |body| Message::new(Group::named("a-group"), body);
    let sent = [serde_json::to_string(&batch).unwrap(), "not a batch".to_owned()].map(message);
    let messages = one_status_each(sent.into());
    assert_eq!(messages.len(), 4);
    let third: UpdateBatch = serde_json::from_str(&messages[2].body).unwrap();
    assert_eq!((third.updates, messages[3].body.as_str()), (vec![update(2)], "not a batch"));
    assert!(messages.iter().all(|message| message.group.as_str() == "a-group"));
}
