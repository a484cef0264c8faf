//! Every operation interrupted once before and once after its commit, in a scenario that runs all of them.
//!
//! The list of operations is read from the source, so a new one is included, and the test fails if the scenario does
//! not run it. A cut is what a killed process looks like: the transaction is rolled back or committed, and the caller
//! gets no result.

mod abandoned;
mod scenario;

use std::collections::BTreeSet;
use std::path::Path;

use store::Moment;

use self::scenario::{Scenario, ScenarioEnd};
use super::fault_test::FaultTest;

/// Systems at work side by side, each with its share of the cuts.
const SYSTEMS: usize = 3;

/// Folders with the product's operations.
const SOURCES: [&str; 4] = ["shared/ops/src", "local/one_machine/src", "functions", "local/src"];
/// Not part of the product: the audit that every test ends with.
const NOT_THE_PRODUCT: [&str; 1] = ["local/src/audit.rs"];

/// The names of all operations, from the lines that give them.
fn operations() -> BTreeSet<String> {
    let root = testkit::workspace();
    let mut names = BTreeSet::new();
    for source in SOURCES {
        read(&root, &root.join(source), &mut names);
    }
    names
}

fn read(root: &Path, path: &Path, names: &mut BTreeSet<String>) {
    if NOT_THE_PRODUCT.iter().any(|other| path == root.join(other)) {
        return;
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            read(root, &entry.unwrap().path(), names);
        }
        return;
    }
    if path.extension().is_some_and(|extension| extension == "rs") {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let name = line.trim().strip_prefix("const NAME: &'static str = \"");
            names.extend(name.and_then(|name| name.strip_suffix("\";")).map(str::to_owned));
        }
    }
}

/// Operations that are not part of sending a message: cut together in one scenario, because they do not affect each
/// other. Every other operation is cut in a separate scenario.
const TOGETHER: [&str; 84] = [
    "account_owners",
    "add_credits",
    "add_user",
    "adjust",
    "apply_rate_card",
    "balance",
    "begin_email",
    "begin_second_factor",
    "change_plan",
    "change_tenant",
    "change_user",
    "check_code",
    "claim_events",
    "confirm_second_factor",
    "connect_whatsapp",
    "create_api_key",
    "create_plan",
    "create_tenant",
    "decide_adjustment",
    "delete_invitation",
    "depths",
    "draft_template",
    "email_sent",
    "end_session",
    "erase_tenant",
    "events_published",
    "find_caller",
    "find_erasures",
    "find_invitation",
    "find_link",
    "find_message",
    "find_own_user",
    "find_owners",
    "find_plan",
    "find_program",
    "find_second_factor",
    "find_super_admin",
    "find_tenant",
    "find_unconfirmed_factor",
    "follow_state",
    "gauges",
    "import_contacts",
    "invite_super_admin",
    "invite_user_again",
    "ledger_entries",
    "list_adjustments",
    "list_api_keys",
    "list_audit_log",
    "list_contacts",
    "list_invitations",
    "list_messages",
    "list_plans",
    "list_rate_cards",
    "list_sessions",
    "list_templates",
    "list_tenants",
    "list_users",
    "list_whole_audit_log",
    "log_out",
    "login_look",
    "make_invitation",
    "make_quote",
    "make_super_admin",
    "numbers_fit",
    "operator_command",
    "preview_rate_card",
    "read_low_balance",
    "read_set_up",
    "read_subscription",
    "reconciliation",
    "record_template_answer",
    "record_template_check",
    "refresh_session",
    "refuse_template",
    "register_invited",
    "register_tenant",
    "remove_second_factor",
    "remove_user",
    "resend_invite",
    "revoke_api_key",
    "set_low_balance",
    "set_password",
    "start_session",
    "take_template_checks",
];

/// Not part of the scenario: separate tests cut these (`mail.rs`, `email_addresses.rs`, `doubts.rs`, `connections.rs` and
/// `http/key_rotation.rs`).
const ELSEWHERE: [&str; 24] = [
    "change_email",
    "dead_letter",
    "dead_letters",
    "email_failed",
    "find_factors_of_other_keys",
    "find_other_keys",
    "find_user",
    "follow_email_proof",
    "forgot_password",
    "hand_back",
    "has_proven_owner",
    "list_emails",
    "note_failure",
    "park",
    "pause_account",
    "postpone",
    "redrive",
    "reencrypt_second_factor",
    "reencrypt_token",
    "renew_number",
    "resend_email_proof",
    "retry_email",
    "stop_email_change",
    "verify_email",
];

/// Which runs of an operation are cut: more than one where runs differ, such as by queue or message.
fn runs_of(operation: &str) -> std::ops::RangeInclusive<u32> {
    match operation {
        "send" | "acknowledge" | "receive" => 1..=4,
        "claim" | "mark_intent" | "record" | "apply_statuses" => 1..=2,
        _ => 1..=1,
    }
}

#[test]
fn the_operations_are_found_in_the_source() {
    let found = operations();
    for known in
        ["accept_message", "claim", "mark_intent", "record", "refund", "reap_claim", "receive", "set_timer"]
    {
        assert!(found.contains(known), "{known} is not among {found:?}");
    }
    assert!(!found.contains("audit"));
}

/// Waits until the system is idle and checks the end of the scenario.
async fn check_end(test: &FaultTest, end: &ScenarioEnd) {
    test.rest().await;
    test.assert_at_rest(0).await;
    end.assert_ended_well(test).await;
}

#[tokio::test]
async fn a_scenario_without_cuts_ends_as_its_recipients_do() {
    let test = FaultTest::start().await;
    let end = Scenario::new(&test, "whole").run_all().await;
    check_end(&test, &end).await;
    for (status, count) in [("READ", 5), ("FAILED", 2), ("UNRESOLVED", 1), ("CANCELLED", 1)] {
        assert_eq!(end.count(&test, status).await, count, "{status}");
    }
}

#[tokio::test]
async fn every_operation_around_a_message_takes_effect_once_when_it_is_cut_and_repeated() {
    let found = operations();
    let gone: Vec<_> = TOGETHER.iter().filter(|name| !found.contains(**name)).collect();
    assert!(gone.is_empty(), "no operation has these names, remove them from TOGETHER: {gone:?}");
    let test = FaultTest::start().await;
    for moment in [Moment::BeforeCommit, Moment::AfterCommit] {
        let scenario = Scenario::new(&test, &format!("together-{moment:?}"));
        test.faults.arm_each(&TOGETHER, moment);
        let end = scenario.run_all().await;
        let never = test.faults.disarm();
        assert!(never.is_empty(), "never run, add what runs them to cuts/scenario.rs: {never:?}");
        check_end(&test, &end).await;
    }
}

type Cut = (String, Moment, u32);

/// Cuts of one system, one after the other; returns those whose operation never ran.
async fn cut_one_by_one(cuts: Vec<Cut>) -> Vec<Cut> {
    let test = FaultTest::start().await;
    let mut missed = Vec::new();
    for (operation, moment, nth) in cuts {
        let scenario = Scenario::new(&test, &format!("{operation}-{moment:?}-{nth}"));
        test.faults.arm(&operation, moment, nth);
        let end = scenario.run_messages().await;
        if !test.faults.disarm().is_empty() {
            missed.push((operation.clone(), moment, nth));
        }
        check_end(&test, &end).await;
    }
    missed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_operation_cut_before_or_after_its_commit_loses_doubles_or_blocks_anything() {
    let moments = [Moment::BeforeCommit, Moment::AfterCommit];
    let cuts: Vec<Cut> = operations()
        .iter()
        .filter(|name| !TOGETHER.contains(&name.as_str()) && !ELSEWHERE.contains(&name.as_str()))
        .flat_map(|name| runs_of(name).map(move |nth| (name.clone(), nth)))
        .flat_map(|(name, nth)| moments.map(|moment| (name.clone(), moment, nth)))
        .collect();
    let share = |system| cuts.iter().skip(system).step_by(SYSTEMS).cloned().collect::<Vec<_>>();
    let systems: Vec<_> = (0..SYSTEMS).map(|system| tokio::spawn(cut_one_by_one(share(system)))).collect();
    let mut missed = Vec::new();
    for system in systems {
        missed.extend(system.await.unwrap());
    }
    assert!(
        missed.is_empty(),
        "never run, add what runs them to cuts/scenario.rs or to TOGETHER: {missed:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_one_time_in_twenty_five_loses_and_doubles_nothing() {
    let test = FaultTest::start().await;
    for seed in 0..4 {
        let scenario = Scenario::new(&test, &format!("random-{seed}"));
        test.faults.arm_randomly(seed, 25);
        let end = scenario.run_all().await;
        assert!(test.faults.injected() >= 5, "only {} cuts", test.faults.injected());
        test.faults.disarm();
        check_end(&test, &end).await;
    }
}
