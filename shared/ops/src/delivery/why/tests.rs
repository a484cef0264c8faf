use domain::messages::{Recipient, StatusSet};
use domain::{ContactId, MessageId, Money, PhoneNumber};

use super::*;

fn noon() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

fn message(state: DispatchState) -> Message {
    Message {
        message_id: MessageId::at(noon()),
        contact_id: ContactId::at(noon()),
        template_id: None,
        to: Recipient::Phone(PhoneNumber::from_stored("+15551234567".to_owned())),
        due_at: noon(),
        accepted_at: noon(),
        updated_at: noon(),
        state,
        statuses: StatusSet::from_bits(0),
        is_withdrawn: false,
        price: None,
        refund: None,
        wamid: None,
        error_code: None,
        error_text: None,
    }
}

fn funded() -> Circumstances {
    Circumstances { spendable: Money::from_micros(1), messages_per_second: 80, ..Circumstances::default() }
}

fn causes(message: &Message, holds: &[Hold], on: &Circumstances) -> Vec<Cause> {
    let why = explain(message, holds, on, noon());
    assert!(!why.reasons.is_empty(), "{why:?}");
    for reason in &why.reasons {
        for text in [&reason.what, &reason.remedy] {
            assert!(text.ends_with('.') && text.len() > 7, "a sentence: {text:?}");
        }
    }
    why.reasons.into_iter().map(|reason| reason.cause).collect()
}

#[test]
fn every_state_has_an_explanation_with_what_to_do() {
    for state in DispatchState::ALL {
        for evidence in 0..16 {
            for is_withdrawn in [false, true] {
                let message =
                    Message { statuses: StatusSet::from_bits(evidence), is_withdrawn, ..message(state) };
                causes(&message, &[], &funded());
            }
        }
    }
}

#[test]
fn a_message_that_waits_names_everything_that_it_waits_for() {
    let pending = message(DispatchState::Pending);
    assert_eq!(causes(&pending, &[], &funded()), [Cause::Queue]);
    let later = Message { due_at: noon() + SignedDuration::from_hours(1), ..pending.clone() };
    assert_eq!(causes(&later, &[], &funded()), [Cause::NotDue]);
    let poor = Circumstances { spendable: Money::from_micros(0), ..funded() };
    assert_eq!(causes(&later, &[], &poor), [Cause::NotDue, Cause::Funds]);
    let reserved = Message { price: Some(Money::from_micros(9)), ..message(DispatchState::Reserved) };
    let retried =
        Circumstances { attempt: 1, waits_until: Some(noon() + SignedDuration::from_secs(9)), ..poor };
    assert_eq!(causes(&reserved, &[], &retried), [Cause::Retry], "it is paid for already");
    let gone = Circumstances {
        is_opted_out: true,
        not_after: Some(noon() - SignedDuration::from_secs(1)),
        ..funded()
    };
    assert_eq!(causes(&pending, &[], &gone), [Cause::OptedOut, Cause::Late]);
    assert_eq!(causes(&message(DispatchState::Sending), &[], &funded()), [Cause::Sending]);
}

#[test]
fn every_reason_of_a_hold_says_what_to_do() {
    for reason in HoldReason::ALL {
        let hold = Hold {
            kind: "TENANT".to_owned(),
            reason,
            detail: "an example".to_owned(),
            since: noon(),
            resumes_at: Some(noon()),
        };
        let why = explain(&message(DispatchState::Pending), &[hold], &funded(), noon());
        assert_eq!(why.reasons.len(), 1, "{why:?}");
        assert_eq!((why.reasons[0].cause, why.reasons[0].until), (Cause::Held, Some(noon())));
        assert!(why.reasons[0].what.contains("an example"), "{why:?}");
    }
}

#[test]
fn a_refusal_is_explained_by_metas_code_and_a_queue_by_its_length() {
    let refused = Message { error_code: Some(131_026), ..message(DispatchState::Rejected) };
    let why = explain(&refused, &[], &funded(), noon());
    assert_eq!(why.status, MessageStatus::Failed);
    assert!(why.reasons[0].what.contains("131026"), "{why:?}");
    let behind = Circumstances { ahead: 8_000, ..funded() };
    let why = explain(&message(DispatchState::Pending), &[], &behind, noon());
    assert!(
        why.reasons[0].what.contains("8000 messages") && why.reasons[0].what.contains("1m 40s"),
        "{why:?}"
    );
    let forbidden = Message {
        error_text: Some("the contact has opted out".to_owned()),
        ..message(DispatchState::Cancelled)
    };
    let why = explain(&forbidden, &[], &funded(), noon());
    assert!(why.reasons[0].what.contains("opted out"), "{why:?}");
}
