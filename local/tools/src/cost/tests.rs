//! Claims about what messages cost: the document follows from its counts, the counts come from the product, and the
//! product is as cheap beside the naive design as the document says.

use std::path::PathBuf;

use super::{prices, recorded};
use crate::cost::counts::{Counts, Kind, Sample};
use crate::cost::model::{Design, bill, mixed};
use crate::cost::pico::Pico;
use crate::cost::sample::{Plan, count};
use crate::cost::tables::{MILLION, Style, report};
use tidings::home::Home;
use tidings::settings::Settings;

fn document() -> String {
    std::fs::read_to_string(testkit::workspace().join("docs/cost.md")).unwrap()
}

#[test]
fn the_documents_tables_follow_from_the_counts_in_it() {
    let document = document();
    let sample = recorded(&document).unwrap();
    assert!(
        document.contains(report(&sample, Style::Markdown).trim_end()),
        "docs/cost.md is not what its counts come to: cargo run -- cost --recorded docs/cost.md --markdown"
    );
}

#[test]
fn behind_the_doors_a_campaign_costs_at_most_a_tenth_of_the_naive_design() {
    let sample = recorded(&document()).unwrap();
    let (ours, naive) = (
        bill(&sample.campaign, Design::Ours, MILLION).behind_the_doors(),
        bill(&sample.campaign, Design::Naive, MILLION).behind_the_doors(),
    );
    assert!(ours.per_mille_of(naive) <= 100, "{} of {}", ours.dollars(4), naive.dollars(4));
}

#[test]
fn the_templates_head_and_the_model_reckon_the_same_floor() {
    let template = std::fs::read_to_string(testkit::workspace().join("template.yaml")).unwrap();
    let together = template.lines().find(|line| line.contains("together")).unwrap();
    let written: Vec<String> = together
        .split_whitespace()
        .filter(|word| word.contains('.'))
        .map(|amount| format!("${amount}"))
        .collect();
    let small: Pico = prices::FLOOR.iter().map(|part| part.small).sum();
    let production: Pico = prices::FLOOR.iter().map(|part| part.production).sum();
    assert_eq!(written, [small.dollars(2), production.dollars(2)]);
}

/// Messages that come alone share nothing, so the mix misses the tenth that campaigns keep.
#[test]
fn the_mix_costs_at_most_a_fifth_of_the_naive_design_and_the_document_says_how_much() {
    let sample = recorded(&document()).unwrap();
    let of = |design: Design| mixed(&sample, design, MILLION).behind_the_doors();
    let ratio = of(Design::Ours).per_mille_of(of(Design::Naive));
    assert!(ratio <= 200, "{ratio} thousandths");
    let document = document();
    let (short, _) = document.split_once("## How it is counted").unwrap();
    assert!(short.contains(&format!("{}.{} %", ratio / 10, ratio % 10)));
}

/// A folder of the test's own, gone with it.
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
async fn every_count_of_the_model_is_counted_in_a_run_of_the_product() {
    let folder = Folder(std::env::temp_dir().join(format!("tidings-cost-{}", std::process::id())));
    let (home, database) = (Home::open(&folder.0).unwrap(), testkit::database().await);
    let settings = Settings::from_environment().unwrap();
    let plan = Plan { tenants: 2, campaign: 200, singles: 2 };
    let Sample { campaign, single, scheduled } =
        count(settings, &home, database.store.clone(), plan).await.unwrap();

    let Counts { messages, accepts, schedules, dispatches, updates, refunds, graph, .. } = &campaign;
    assert_eq!((*messages, accepts.count), (200, 200));
    assert_eq!((*schedules, dispatches.count), (2, 2), "a schedule and a dispatch for each tenant's minute");
    assert_eq!((campaign.wake_ups.sends, campaign.events), (0, 0));
    // A hundred messages at eighty a second.
    assert_about("dispatch milliseconds", dispatches.milliseconds, 2_000, 60_000);
    // Two of a hundred are sent and then fail: two statuses and a refund; everybody else has three.
    assert_eq!((campaign.statuses, updates.messages, updates.sends), (596, 596, 596));
    assert_about("updates: receives", updates.receives, 60, 596);
    assert_about("updates: deletes", updates.deletes, 60, 596);
    assert_about("updates: invocations", updates.invocations.count, 6, 200);
    assert_about("refunds: sends", refunds.sends, 1, 4);
    assert_about("refunds: invocations", refunds.invocations.count, 1, 4);
    assert_about("webhooks", campaign.webhooks.count, 6, 596);
    assert_about("connections to Meta", graph.connections, 1, 200);
    assert_about("bytes to Meta", graph.bytes_up, 200 * 300, 200 * 2_000);
    assert_about("bytes from Meta", graph.bytes_down, 200 * 100, 200 * 2_000);
    let rows = campaign.rows;
    assert_eq!((rows.messages, rows.attempts, rows.ledger_entries, rows.refunds), (200, 200, 204, 4));
    assert_eq!(campaign.committed_of(&["accept_message"]), 200);
    assert_about("apply_statuses", campaign.committed_of(&["apply_statuses"]), 6, 596);

    assert_eq!((single.messages, single.accepts.count, single.schedules), (2, 2, 0));
    assert_eq!((single.wake_ups.sends, single.dispatches.count, single.wake_ups.taking()), (2, 2, 4));
    // Alone, but for a machine so busy that two of them meet in one window.
    assert_eq!(single.statuses, 6);
    assert_about("single: updates: receives", single.updates.receives, 4, 6);
    assert_about("single: updates: invocations", single.updates.invocations.count, 3, 6);
    assert_eq!((scheduled.schedules, scheduled.dispatches.count, scheduled.wake_ups.sends), (2, 2, 0));
    assert_eq!(scheduled.statuses, 6);
}

#[test]
fn the_mix_is_a_whole() {
    assert_eq!(Kind::ALL.into_iter().map(Kind::per_mille).sum::<u64>(), 1_000);
}

#[test]
fn the_document_names_the_rules_that_were_not_measured() {
    let document = document();
    let stated = [
        format!("{} ms", prices::ACCEPT_MS),
        format!("{} ms", prices::WEBHOOK_MS),
        format!("{} ms", prices::TRANSACTION_MS),
        format!("{} ms", prices::EVENT_MS),
        format!("{} ms", prices::DISPATCH_EXTRA_MS),
        format!("{} ms", prices::NAIVE_SEND_MS),
        format!("{} MB", prices::MEMORY_MB),
        format!("{} MB", prices::NAIVE_MEMORY_MB),
    ];
    for rule in stated {
        assert!(document.contains(&rule), "docs/cost.md does not say {rule}");
    }
}

#[test]
fn a_document_without_counts_is_no_record() {
    assert!(recorded("# Cost\n").is_err());
    assert!(recorded("```json\n{\"campaign\": 1}\n```").is_err());
}
