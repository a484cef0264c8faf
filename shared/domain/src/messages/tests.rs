//! The two machines of a message, exhaustively: every sequence of statuses, every state with every event and attempt.

use DispatchState as S;
use Event as E;

use super::*;

/// Every sequence of statuses of at most `length`, the empty one first.
fn sequences(length: u32) -> Vec<Vec<DeliveryStatus>> {
    let mut all = vec![Vec::new()];
    let mut longest = all.clone();
    for _ in 0..length {
        longest = longest
            .iter()
            .flat_map(|shorter| DeliveryStatus::ALL.map(|kind| [shorter.clone(), vec![kind]].concat()))
            .collect();
        all.extend(longest.clone());
    }
    all
}

/// The statuses from the strongest to the weakest, and how each is shown.
const STRONGEST_FIRST: [(DeliveryStatus, MessageStatus); 4] = [
    (DeliveryStatus::Read, MessageStatus::Read),
    (DeliveryStatus::Delivered, MessageStatus::Delivered),
    (DeliveryStatus::Failed, MessageStatus::Failed),
    (DeliveryStatus::Sent, MessageStatus::Sent),
];

#[test]
fn all_5460_sequences_of_up_to_six_statuses_show_the_view_of_their_set() {
    let sequences = sequences(6);
    assert_eq!(sequences.len(), 5_460 + 1);
    for sequence in sequences {
        let received = sequence.iter().fold(StatusSet::NONE, |set, kind| set.with(*kind));
        let strongest = STRONGEST_FIRST.iter().find(|(kind, _)| sequence.contains(kind));
        let expected = strongest.map_or(MessageStatus::Accepted, |(_, view)| *view);
        assert_eq!(shown_status(DispatchState::Accepted, received, false), expected, "{sequence:?}");
        assert_eq!(StatusSet::from_bits(received.bits()), received, "what is stored reads back");
    }
}

/// Receives a sequence in deliveries cut after the statuses whose bits are set in `cuts`; returns refunds and write-offs.
fn receive(sequence: &[DeliveryStatus], cuts: usize) -> (u32, u32) {
    let (mut received, mut is_refund_due, mut refunds, mut write_offs) = (StatusSet::NONE, false, 0, 0);
    let mut new = StatusSet::NONE;
    for (place, kind) in sequence.iter().enumerate() {
        new = new.with(*kind);
        if cuts & (1 << place) == 0 && place + 1 < sequence.len() {
            continue;
        }
        match on_statuses(received, new, is_refund_due) {
            Effect::None => {}
            Effect::Refund => {
                refunds += 1;
                is_refund_due = true;
            }
            Effect::WriteOff => write_offs += 1,
            Effect::Debit => panic!("{sequence:?}: a status never debits"),
        }
        received = StatusSet::from_bits(received.bits() | new.bits());
        new = StatusSet::NONE;
    }
    (refunds, write_offs)
}

#[test]
fn however_statuses_are_ordered_repeated_and_packed_a_failure_is_refunded_once_and_only_before_a_delivery() {
    let is_delivery =
        |kind: &DeliveryStatus| matches!(kind, DeliveryStatus::Delivered | DeliveryStatus::Read);
    for sequence in sequences(4) {
        let failed = sequence.iter().position(|kind| *kind == DeliveryStatus::Failed);
        let delivered = sequence.iter().position(is_delivery);
        for cuts in 0..16 {
            let (refunds, write_offs) = receive(&sequence, cuts);
            // A delivery may be received with the failure: then no money moves at all.
            let is_received_apart = failed.is_some_and(|failed| {
                delivered.is_none_or(|delivered| (failed..delivered).any(|place| cuts & (1 << place) != 0))
            });
            assert_eq!(refunds, u32::from(is_received_apart), "{sequence:?} cut at {cuts:04b}");
            let is_lost = is_received_apart && delivered.is_some();
            assert_eq!(write_offs, u32::from(is_lost), "{sequence:?} cut at {cuts:04b}");
        }
    }
}

/// Every arrow of the machine, whatever the attempt.
const ARROWS: [(S, E, S, Effect); 21] = [
    (S::Pending, E::ClaimFunded, S::Reserved, Effect::Debit),
    (S::Pending, E::ClaimShort, S::NoFunds, Effect::None),
    (S::Pending, E::Cancel, S::Cancelled, Effect::None),
    (S::Pending, E::Withdrawn, S::Cancelled, Effect::None),
    (S::Reserved, E::MarkIntent, S::Sending, Effect::None),
    (S::Reserved, E::Reclaim, S::Reserved, Effect::None),
    (S::Reserved, E::Held, S::Reserved, Effect::None),
    (S::Reserved, E::Withdrawn, S::Rejected, Effect::Refund),
    (S::Reserved, E::StatusReceived, S::Accepted, Effect::None),
    (S::Sending, E::Accepted, S::Accepted, Effect::None),
    (S::Sending, E::StatusReceived, S::Accepted, Effect::None),
    (S::Sending, E::Refused, S::Rejected, Effect::Refund),
    (S::Sending, E::Lost, S::Unknown, Effect::None),
    (S::Sending, E::LeaseOver, S::Unknown, Effect::None),
    (S::Unknown, E::Accepted, S::Accepted, Effect::None),
    (S::Unknown, E::StatusReceived, S::Accepted, Effect::None),
    (S::Unknown, E::Refused, S::Rejected, Effect::Refund),
    (S::Unknown, E::HorizonPassed, S::RefundedUnresolved, Effect::Refund),
    (S::RefundedUnresolved, E::Accepted, S::Accepted, Effect::WriteOff),
    (S::RefundedUnresolved, E::StatusReceived, S::Accepted, Effect::WriteOff),
    (S::Rejected, E::StatusReceived, S::Accepted, Effect::WriteOff),
];

/// The two arrows that turn into a refund when the tries are used up.
const TRIED: [(S, E); 2] = [(S::Reserved, E::LeaseOver), (S::Sending, E::KnownUnsent)];

/// What only a bug could bring about.
const IMPOSSIBLE: [(S, &[E]); 5] = [
    (S::Pending, &[E::Accepted, E::Refused, E::KnownUnsent, E::Lost, E::StatusReceived]),
    (S::Cancelled, &[E::Accepted, E::Refused, E::KnownUnsent, E::Lost, E::StatusReceived]),
    (S::NoFunds, &[E::Accepted, E::Refused, E::KnownUnsent, E::Lost, E::StatusReceived]),
    (S::Accepted, &[E::Refused]),
    (S::Rejected, &[E::Accepted]),
];

fn expected(state: S, event: E, attempt: i16) -> Step {
    if let Some((_, _, to, effect)) = ARROWS.iter().find(|arrow| (arrow.0, arrow.1) == (state, event)) {
        return Step::To(*to, *effect);
    }
    if TRIED.contains(&(state, event)) {
        let is_used_up = attempt >= dispatch::ATTEMPTS_MAX;
        return if is_used_up {
            Step::To(S::Rejected, Effect::Refund)
        } else {
            Step::To(S::Reserved, Effect::None)
        };
    }
    let is_impossible = IMPOSSIBLE.iter().any(|(from, events)| *from == state && events.contains(&event));
    if is_impossible { Step::Impossible } else { Step::Stale }
}

/// Every state with every event in every attempt that makes a difference, and what the machine says.
fn every_step() -> Vec<(S, E, i16, Step)> {
    let attempts = [0, 1, 2, dispatch::ATTEMPTS_MAX - 1, dispatch::ATTEMPTS_MAX, i16::MAX];
    let pairs = S::ALL.into_iter().flat_map(|state| E::ALL.map(|event| (state, event)));
    pairs
        .flat_map(|(state, event)| attempts.map(|attempt| (state, event, attempt)))
        .map(|(state, event, attempt)| (state, event, attempt, on_event(state, event, attempt)))
        .collect()
}

#[test]
fn every_state_answers_every_event_in_every_attempt_as_drawn() {
    assert_eq!(every_step().len(), 9 * 14 * 6);
    for (state, event, attempt, step) in every_step() {
        assert_eq!(step, expected(state, event, attempt), "{state} {event:?} in attempt {attempt}");
    }
}

#[test]
fn only_what_certainly_did_not_leave_may_leave_again() {
    for (state, event, _, step) in every_step() {
        let is_safe = match state {
            S::Pending | S::Reserved => true,
            S::Sending => event == E::KnownUnsent,
            S::Accepted | S::Rejected | S::Unknown | S::Cancelled | S::NoFunds | S::RefundedUnresolved => {
                false
            }
        };
        assert!(
            is_safe || !matches!(step, Step::To(S::Reserved, _)),
            "{state} {event:?} would be sent again"
        );
    }
}

#[test]
fn money_is_taken_from_pending_alone_and_nothing_final_is_refunded_again() {
    for (state, event, _, step) in every_step() {
        let Step::To(_, effect) = step else { continue };
        assert!(effect != Effect::Debit || state == S::Pending, "{state} {event:?}");
        assert!(effect != Effect::Refund || !state.is_final(), "{state} {event:?}");
    }
}

#[test]
fn every_state_is_read_back_from_its_word() {
    for state in S::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    assert_eq!("SENT".parse::<DispatchState>(), Err(dispatch::UnknownState));
}
