use std::collections::BTreeMap;

use super::*;
use crate::cost::counts::{Calls, QueueCounts, Rows, Wire};

fn thousand() -> Counts {
    Counts {
        messages: 1_000,
        accepts: Calls { count: 1_000, milliseconds: 5_000 },
        schedules: 1,
        dispatches: Calls { count: 1, milliseconds: 12_500 },
        updates: QueueCounts {
            messages: 3_000,
            sends: 3_000,
            receives: 300,
            deletes: 300,
            invocations: Calls { count: 30, milliseconds: 600 },
        },
        statuses: 3_000,
        graph: Wire { connections: 10, bytes_up: 1_000_000, bytes_down: 500_000 },
        rows: Rows { messages: 1_000, attempts: 1_000, ledger_entries: 1_000, refunds: 0 },
        transactions: BTreeMap::from([("apply_statuses".to_owned(), 30), ("number_owners".to_owned(), 30)]),
        ..Counts::default()
    }
}

#[test]
fn the_prices_of_a_million_are_those_of_the_price_lists() {
    let million = 1_000_000;
    for (price, dollars) in [
        (p::HTTP_API_REQUEST, "$1.00"),
        (p::LAMBDA_INVOCATION, "$0.20"),
        (p::SQS_REQUEST, "$0.40"),
        (p::SCHEDULER_INVOCATION, "$1.00"),
        (p::FUNCTION_URL_REQUEST, "$0.00"),
    ] {
        assert_eq!((price * million).dollars(2), dollars);
    }
    assert_eq!((p::LOG_BYTE * 1_000_000_000).dollars(2), "$0.50");
    assert_eq!((p::NAT_BYTE * 1_000_000_000).dollars(3), "$0.045");
    assert_eq!((p::EGRESS_BYTE * 1_000_000_000).dollars(2), "$0.09");
    // A GB for a million seconds.
    assert_eq!(run(0, 1_000_000_000, 1_024).dollars(2), "$13.33");
}

#[test]
fn a_campaign_of_a_thousand_costs_what_the_reference_reckons() {
    // performance.md, section 5: dispatch 0.08, status queue 0.24.
    let bill = bill(&thousand(), Design::Ours, 1_000_000);
    assert_eq!(bill.status_queue.dollars(2), "$0.24");
    assert_eq!(bill.dispatch.dollars(2), "$0.08");
    assert_eq!(bill.schedules.dollars(3), "$0.001");
    assert_eq!(bill.wake_queue, Pico(0));
}

#[test]
fn the_naive_design_has_one_of_everything_for_each_message() {
    let bill = bill(&thousand(), Design::Naive, 1_000_000);
    assert_eq!(bill.schedules.dollars(2), "$1.00");
    assert_eq!(bill.wake_queue.dollars(2), "$1.20");
    assert_eq!(bill.status_queue.dollars(2), "$2.40");
    // 0.20 + 230 ms × 256 MB × 0.0000133334 = 0.97: performance.md, section 5.
    assert_eq!(bill.dispatch.dollars(2), "$0.97");
    // 3 × (0.20 + 15 ms × 256 MB).
    assert_eq!(bill.status_apply.dollars(2), "$0.75");
}

#[test]
fn both_designs_pay_the_same_at_their_doors_and_to_meta() {
    let of = |design: Design| {
        let bill = bill(&thousand(), design, 1_000_000);
        (bill.door, bill.posts)
    };
    assert_eq!(of(Design::Ours), of(Design::Naive));
}

#[test]
fn a_bill_grows_with_the_messages_and_a_mix_is_the_sum_of_its_parts() {
    let sample = Sample { campaign: thousand(), single: thousand(), scheduled: thousand() };
    let one = mixed(&sample, Design::Ours, 1_000_000);
    assert_eq!(mixed(&sample, Design::Ours, 150_000_000).whole(), one.whole() * 150);
    assert_eq!(bill(&thousand(), Design::Ours, 1_000_000), one, "three parts that are alike are the whole");
}

#[test]
fn statuses_that_come_alone_cost_what_the_naive_design_asks_the_queue_for_them() {
    let alone = bill(&thousand(), Design::OursUnpacked, 1_000_000);
    assert_eq!(alone.status_queue, bill(&thousand(), Design::Naive, 1_000_000).status_queue);
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
    for design in [Design::Ours, Design::OursUnpacked, Design::Naive] {
        assert_eq!(bill(&Counts::default(), design, 1_000_000), Bill::default());
    }
}
