//! Every run of one message, explored: two workers that may be killed or frozen anywhere, answers lost, leases over,
//! statuses in any order and before the answer.
//!
//! The machines are the product's own ([`on_event`], [`on_statuses`]); around them stands what the statements do: a claim
//! that fences its holder, attempt ids, parked statuses, promises. Breadth first, until no new state is found. Each
//! sabotage takes one safeguard away and must be caught, or the model would prove nothing.

use std::collections::{HashMap, HashSet, VecDeque};

use super::*;

/// The model begins near the last attempt, because the attempts before it are all alike.
const FIRST_ATTEMPT: i16 = dispatch::ATTEMPTS_MAX - 3;
/// Counting stops where the damage is done.
const COUNT_MAX: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sabotage {
    None,
    /// What is SENDING when its lease ends is sent again.
    ResendAfterLease,
    /// A lost answer counts as certainly unsent.
    RetryLost,
    /// A worker marks its intent although another holds the message by now.
    NoFence,
    /// A promise is paid as often as it is delivered.
    RefundNotUnique,
    /// UNKNOWN waits for ever.
    NoHorizon,
    /// A status whose message is not known is dropped.
    DropUnmatched,
    /// Tries never run out, and a lease that ends leaves the message where it is.
    NoReaper,
}

/// What a worker holds in its memory; a kill loses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Idle,
    Claimed { attempt: i16 },
    Marked { attempt: i16 },
    Answered { attempt: i16, answer: Answer },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Accepted,
    Refused,
    Unsent,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct World {
    state: DispatchState,
    attempt: i16,
    /// Waits to be claimed.
    is_due: bool,
    /// The attempt whose claim holds it.
    claim: Option<i16>,
    /// The attempt that may have left last.
    attempt_id: Option<i16>,
    received: StatusSet,
    parked: StatusSet,
    emitted: StatusSet,
    is_refund_due: bool,
    debits: u8,
    refunds: u8,
    acceptances: u8,
    is_wamid_known: bool,
    /// Whether Meta's statuses carry our attempt id; decided when it accepts.
    has_opaque: Option<bool>,
    workers: [Worker; 2],
}

const START: World = World {
    state: DispatchState::Pending,
    attempt: FIRST_ATTEMPT,
    is_due: true,
    claim: None,
    attempt_id: None,
    received: StatusSet::NONE,
    parked: StatusSet::NONE,
    emitted: StatusSet::NONE,
    is_refund_due: false,
    debits: 0,
    refunds: 0,
    acceptances: 0,
    is_wamid_known: false,
    has_opaque: None,
    workers: [Worker::Idle; 2],
};

fn counted(count: u8) -> u8 {
    COUNT_MAX.min(count + 1)
}

impl World {
    fn with_worker(mut self, index: usize, worker: Worker) -> Self {
        self.workers[index] = worker;
        self
    }

    /// One event through the machine and its effect on the money; whatever it moves is let go of.
    fn step(mut self, event: Event) -> Self {
        if let Step::To(state, effect) = on_event(self.state, event, self.attempt) {
            self.is_due |= state == DispatchState::Reserved;
            self.state = state;
            self.claim = None;
            self.ask(effect);
        }
        self
    }

    fn ask(&mut self, effect: Effect) {
        match effect {
            Effect::None | Effect::WriteOff => {}
            Effect::Debit => self.debits = counted(self.debits),
            Effect::Refund => self.is_refund_due = true,
        }
    }

    fn receive(self, new: StatusSet) -> Self {
        let mut next = self.step(Event::StatusReceived);
        next.ask(on_statuses(self.received, new, self.is_refund_due));
        next.received = StatusSet::from_bits(self.received.bits() | new.bits());
        next.parked = StatusSet::from_bits(self.parked.bits() & !new.bits());
        next
    }

    /// Taken back while it is known to be unsent: what waits for another claim waits no more.
    fn withdrawn(self) -> Self {
        let next = self.step(Event::Withdrawn);
        Self { is_due: false, ..next }
    }

    /// A dispatcher takes what is due.
    fn claim(mut self, index: usize) -> Option<Self> {
        if !self.is_due {
            return None;
        }
        self.is_due = false;
        match self.state {
            DispatchState::Pending => self.debits = counted(self.debits),
            DispatchState::Reserved => {}
            DispatchState::Sending
            | DispatchState::Accepted
            | DispatchState::Rejected
            | DispatchState::Unknown
            | DispatchState::Cancelled
            | DispatchState::NoFunds
            | DispatchState::RefundedUnresolved => return Some(self),
        }
        let event = if self.state == DispatchState::Pending { Event::ClaimFunded } else { Event::Reclaim };
        let Step::To(state, _) = on_event(self.state, event, self.attempt) else { return Some(self) };
        self.state = state;
        self.attempt += 1;
        self.claim = Some(self.attempt);
        Some(self.with_worker(index, Worker::Claimed { attempt: self.attempt }))
    }

    fn mark(mut self, index: usize, attempt: i16, sabotage: Sabotage) -> Self {
        let is_held = self.state == DispatchState::Reserved && self.claim == Some(attempt);
        let is_let_through = sabotage == Sabotage::NoFence
            && matches!(self.state, DispatchState::Reserved | DispatchState::Sending);
        if !is_held && !is_let_through {
            return self.with_worker(index, Worker::Idle);
        }
        self.state = DispatchState::Sending;
        self.attempt_id = Some(attempt);
        self.with_worker(index, Worker::Marked { attempt })
    }

    /// Everything that can become of a call.
    fn call(self, index: usize, attempt: i16) -> Vec<Self> {
        let answered = |world: Self, answer| world.with_worker(index, Worker::Answered { attempt, answer });
        let mut all: Vec<Self> =
            [Answer::Refused, Answer::Unsent, Answer::Lost].map(|answer| answered(self, answer)).to_vec();
        for has_opaque in [true, false] {
            let mut taken = self;
            taken.acceptances = counted(self.acceptances);
            taken.has_opaque = Some(self.has_opaque.unwrap_or(has_opaque));
            all.extend([Answer::Accepted, Answer::Lost].map(|answer| answered(taken, answer)));
        }
        all
    }

    /// The commit after the call, as `ops::record` decides it.
    fn record(self, attempt: i16, answer: Answer, sabotage: Sabotage) -> Self {
        let is_current = self.attempt_id == Some(attempt);
        let event = match answer {
            Answer::Accepted if is_current => Event::Accepted,
            Answer::Accepted => Event::StatusReceived,
            _stale if !is_current => return self,
            Answer::Refused => Event::Refused,
            Answer::Lost if sabotage == Sabotage::RetryLost => Event::KnownUnsent,
            Answer::Lost => Event::Lost,
            Answer::Unsent => Event::KnownUnsent,
        };
        let mut next = self.step(event);
        if answer == Answer::Accepted {
            next.is_wamid_known = true;
            if !next.parked.is_empty() {
                next = next.receive(next.parked);
            }
        }
        next
    }

    /// The end of the lease of the worker that holds it.
    fn reap(self, sabotage: Sabotage) -> Option<Self> {
        self.claim.filter(|_| sabotage != Sabotage::NoReaper)?;
        if sabotage == Sabotage::ResendAfterLease && self.state == DispatchState::Sending {
            return Some(Self { state: DispatchState::Reserved, is_due: true, claim: None, ..self });
        }
        Some(self.step(Event::LeaseOver))
    }

    /// Every status that Meta may send next, again or for the first time.
    fn next_statuses(self, sabotage: Sabotage) -> Vec<Self> {
        if self.acceptances == 0 {
            return Vec::new();
        }
        let send = |kind: DeliveryStatus| {
            let mut next = self;
            next.emitted = self.emitted.with(kind);
            if self.is_wamid_known || self.has_opaque == Some(true) {
                return next.receive(StatusSet::NONE.with(kind));
            }
            if sabotage != Sabotage::DropUnmatched {
                next.parked = self.parked.with(kind);
            }
            next
        };
        DeliveryStatus::ALL.map(send).to_vec()
    }

    fn paid(mut self, sabotage: Sabotage) -> Option<Self> {
        let is_open = self.is_refund_due && (self.refunds == 0 || sabotage == Sabotage::RefundNotUnique);
        self.refunds = counted(self.refunds);
        is_open.then_some(self)
    }

    fn successors(self, sabotage: Sabotage) -> Vec<Self> {
        let mut all = self.next_statuses(sabotage);
        for (index, worker) in self.workers.into_iter().enumerate() {
            let idle = self.with_worker(index, Worker::Idle);
            match worker {
                Worker::Idle => all.extend(self.claim(index)),
                Worker::Claimed { attempt } => all.push(self.mark(index, attempt, sabotage)),
                Worker::Marked { attempt } => all.extend(self.call(index, attempt)),
                Worker::Answered { attempt, answer } => all.push(idle.record(attempt, answer, sabotage)),
            }
            // Killed.
            all.push(idle);
        }
        all.extend(self.reap(sabotage));
        all.extend(self.paid(sabotage));
        if self.state == DispatchState::Unknown && self.received.is_empty() && sabotage != Sabotage::NoHorizon
        {
            all.push(self.step(Event::HorizonPassed));
        }
        if self.state == DispatchState::Reserved {
            all.push(self.withdrawn());
        }
        if self.state == DispatchState::Pending {
            all.push(self.step(Event::Cancel));
            all.push(self.step(Event::Withdrawn));
            all.push(self.step(Event::ClaimShort));
        }
        all
    }

    /// At its end, with its money where it belongs.
    fn is_settled(&self) -> bool {
        self.state.is_final() && self.is_refund_due == (self.refunds == 1)
    }

    /// What must hold in every state, and of every step.
    fn broken(&self, before: &Self) -> Vec<&'static str> {
        let was_debited = match self.state {
            DispatchState::Pending | DispatchState::Cancelled | DispatchState::NoFunds => false,
            DispatchState::Reserved
            | DispatchState::Sending
            | DispatchState::Accepted
            | DispatchState::Rejected
            | DispatchState::Unknown
            | DispatchState::RefundedUnresolved => true,
        };
        let is_given_up = matches!(self.state, DispatchState::Rejected | DispatchState::RefundedUnresolved);
        let is_kept = self.emitted.bits() & !(self.received.bits() | self.parked.bits()) == 0;
        let is_refunded_late = self.is_refund_due && !before.is_refund_due && before.received.was_delivered();
        let claims = [
            (self.acceptances > 1, "I11 accepted twice"),
            ((self.debits == 1) != was_debited, "I4 not debited exactly once"),
            (self.refunds > self.debits, "I5 refunded more than once"),
            (is_given_up && !self.is_refund_due, "I6 given up without a refund"),
            (self.acceptances > 0 && self.debits == 0, "I12 sent without a debit"),
            (!is_kept, "I17 a status was dropped"),
            (is_refunded_late, "refunded after it was delivered"),
        ];
        claims.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, claim)| claim).collect()
    }
}

/// What an exploration found.
struct Explored {
    states: usize,
    broken: HashSet<&'static str>,
    /// States from which no end can be reached.
    stuck: usize,
    /// Refunded and delivered: possible by design, because Meta knows no idempotency key.
    is_write_off_reachable: bool,
}

fn explore(sabotage: Sabotage) -> Explored {
    let mut seen = HashSet::from([START]);
    let mut before: HashMap<World, Vec<World>> = HashMap::new();
    let (mut waiting, mut broken) = (VecDeque::from([START]), HashSet::new());
    while let Some(world) = waiting.pop_front() {
        for next in world.successors(sabotage) {
            broken.extend(next.broken(&world));
            before.entry(next).or_default().push(world);
            // What is broken already is not explored further.
            let is_sound = next.acceptances < COUNT_MAX && next.debits < COUNT_MAX;
            if seen.insert(next) && is_sound && next.attempt <= dispatch::ATTEMPTS_MAX {
                waiting.push_back(next);
            }
        }
    }
    let mut good: HashSet<World> = seen.iter().copied().filter(World::is_settled).collect();
    let mut back: VecDeque<World> = good.iter().copied().collect();
    while let Some(world) = back.pop_front() {
        for earlier in before.get(&world).into_iter().flatten() {
            if good.insert(*earlier) {
                back.push_back(*earlier);
            }
        }
    }
    let is_write_off = |world: &World| world.refunds == 1 && world.received.was_delivered();
    Explored {
        states: seen.len(),
        broken,
        stuck: seen.len() - good.len(),
        is_write_off_reachable: seen.iter().any(is_write_off),
    }
}

#[test]
fn no_run_of_a_message_sends_debits_or_refunds_it_twice_and_none_gets_stuck() {
    let explored = explore(Sabotage::None);
    assert!(explored.broken.is_empty(), "{:?}", explored.broken);
    assert_eq!(explored.stuck, 0);
    assert!(explored.states > 3_000, "only {} states: the model lost its way", explored.states);
    assert!(explored.is_write_off_reachable);
}

#[test]
fn every_safeguard_that_is_taken_away_is_missed() {
    for (sabotage, found) in [
        (Sabotage::ResendAfterLease, "I11 accepted twice"),
        (Sabotage::RetryLost, "I11 accepted twice"),
        (Sabotage::NoFence, "I11 accepted twice"),
        (Sabotage::RefundNotUnique, "I5 refunded more than once"),
        (Sabotage::DropUnmatched, "I17 a status was dropped"),
    ] {
        let explored = explore(sabotage);
        assert!(explored.broken.contains(found), "{sabotage:?} went unnoticed: {:?}", explored.broken);
    }
    for sabotage in [Sabotage::NoHorizon, Sabotage::NoReaper] {
        let explored = explore(sabotage);
        assert!(explored.stuck > 0, "{sabotage:?} left nothing stuck");
    }
}
