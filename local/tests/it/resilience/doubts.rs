//! Commits whose answer is lost while the process goes on: what it knows is not lost with the answer.

use domain::TenantId;
use jiff::SignedDuration;
use ops::delivery::call_stats::CallStats;
use serde_json::json;
use store::Moment;

use super::fault_test::FaultTest;
use crate::test_system::Tenant;

const MOMENTS: [Moment; 2] = [Moment::BeforeCommit, Moment::AfterCommit];

async fn dispatch(test: &FaultTest, tenant: &Tenant) -> bool {
    let until = test.system.clock.now() + SignedDuration::from_mins(1);
    let tenant = tenant.id.parse::<TenantId>().unwrap();
    ops::delivery::dispatch::dispatch(test.platform(), tenant, until, &CallStats::default()).await.is_ok()
}

/// No time passes, so no lease ends: the next dispatch finds everything that the first one could not send.
#[tokio::test]
async fn what_a_claim_or_a_mark_in_doubt_holds_is_sent_by_the_next_dispatch() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let mut sent = 0;
    for operation in ["acquire_number", "claim", "mark_intent"] {
        for moment in MOMENTS {
            tenant.send("+15550000001").await;
            test.faults.arm(operation, moment, 1);
            assert!(!dispatch(&test, &tenant).await, "{operation} was cut");
            assert!(test.faults.disarm().is_empty(), "{operation} did not run");
            sent += 1;
            assert!(dispatch(&test, &tenant).await);
            assert_eq!(test.states().await, [("ACCEPTED".to_owned(), sent)], "{operation} {moment:?}");
        }
    }
    test.rest().await;
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_hand_back_that_is_cut_too_is_left_to_the_sweeper() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    for operation in ["claim", "mark_intent"] {
        for moment in MOMENTS {
            tenant.send("+15550000001").await;
            test.faults.arm_each(&[operation, "hand_back"], moment);
            assert!(!dispatch(&test, &tenant).await, "{operation} was cut");
            assert!(test.faults.disarm().is_empty(), "{operation} or hand_back did not run");
            test.rest().await;
            test.assert_at_rest(0).await;
        }
    }
}

/// The number is kept while a call hangs, so its lease is made to last longer.
#[tokio::test]
async fn a_lease_that_cannot_be_renewed_ends_the_dispatch_and_not_what_it_sends() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    for moment in MOMENTS {
        test.fault("+15557000102", json!({ "kind": "hang" })).await;
        tenant.send("+15557000102").await;
        test.faults.arm("renew_number", moment, 1);
        assert!(!dispatch(&test, &tenant).await, "the renewal was cut");
        assert!(test.faults.disarm().is_empty(), "it did not run");
        tenant.send("+15550000001").await;
        assert!(dispatch(&test, &tenant).await, "the number is free");
    }
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_eq!(test.states().await, [("ACCEPTED".to_owned(), 4)]);
}
