//! Sends what a number has due: claim, mark the intent, call Meta, part after part, while earlier calls are in flight and
//! the recorder records what they led to.
//!
//! The order makes it safe. A message becomes SENDING in its own commit before its request is written, and no request
//! starts after the deadline that this commit stored: a message that is found SENDING later may have left. What was claimed
//! and not called for is handed back, whatever ended its claim.

use std::collections::HashSet;
use std::time::Duration;

use domain::messages::Lane;
use domain::{AttemptId, ClaimId, MessageId, with_causes};
use jiff::{SignedDuration, Timestamp};
use store::StoreError;
use store::delivery::claims::{Claim, ClaimedMessage};
use store::delivery::leases::Renewed;
use tokio::time::{Instant, timeout_at};

use crate::billing::refund::enqueue_refunds;
use crate::delivery::hand_back::HandBack;
use crate::delivery::mark_intent::MarkIntent;
use crate::delivery::recorder::Progress;
use crate::delivery::session::{NumberSession, Stop};
use crate::kernel::wake_up::wake;

/// Messages whose intent is marked in one commit: a third of a second of sending. What is marked when the process dies is
/// unknown, and what goes first waits for it, so they are few; each commit costs, so they are not too few.
const MARKS_PER_SECOND: i32 = 3;
/// Messages of higher lanes that may leave before each one of a lower lane: the higher ones have four fifths of the
/// number's rate for as long as they wait, and a claim of a lower lane still ends within its lease.
const HIGHER_SHARE: usize = 4;
/// How often a session that has nothing due, and calls in flight, asks whether there is something due again.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Claim after claim, until nothing is due and every call has ended, or another dispatch is to go on.
pub(crate) async fn send_due(session: &mut NumberSession<'_>) -> Result<(), StoreError> {
    loop {
        if let Some(stop) = session.must_stop().await? {
            return end(session, stop).await;
        }
        let claim_id = ClaimId::at(session.platform.clock.now());
        let claimed = session.claim(claim_id).await;
        if send_claim(session, claim_id, claimed).await? {
            continue;
        }
        if session.calls.are_in_flight() {
            if let Some(stop) = wait_for_more(session).await? {
                return end(session, stop).await;
            }
        } else if !session.release(false).await? {
            return Ok(());
        }
    }
}

async fn end(session: &NumberSession<'_>, stop: Stop) -> Result<(), StoreError> {
    match stop {
        Stop::LeaseLost => {}
        Stop::Ended => drop(session.release(true).await?),
        Stop::HandOver => {
            session.release(true).await?;
            wake(session.platform, session.tenant, SignedDuration::ZERO).await;
        }
    }
    Ok(())
}

/// Nothing is due and calls are in flight. The session keeps the number, so that there is one dispatch of it and one limit
/// on its calls, and returns when another dispatch has asked for the number or the last call has ended.
async fn wait_for_more(session: &mut NumberSession<'_>) -> Result<Option<Stop>, StoreError> {
    loop {
        let look_at = Instant::now() + LOOK_EVERY;
        while let Ok(is_one) = timeout_at(look_at, session.calls.one_ends()).await {
            if !is_one {
                return Ok(None);
            }
        }
        if let Some(stop) = session.must_stop().await? {
            return Ok(Some(stop));
        }
        match session.renew().await? {
            Renewed::Lost => return Ok(Some(Stop::LeaseLost)),
            Renewed::Wanted => return Ok(None),
            Renewed::Kept => {}
        }
    }
}

/// Sends what was claimed. Returns whether to look for more: something was due, or the database was away.
async fn send_claim(
    session: &mut NumberSession<'_>,
    claim_id: ClaimId,
    claimed: Result<(Claim, Timestamp), StoreError>,
) -> Result<bool, StoreError> {
    let mut hand = Hand { claim_id, begun: HashSet::new(), left: 0 };
    let (claim, lease_until) = match claimed {
        Ok(claimed) => claimed,
        Err(error) => return hand_back(session, &hand, 0, Err(error)).await.map(|()| true),
    };
    let count = claim.funded.len();
    if count == 0 {
        return Ok(!claim.is_empty());
    }
    session.calls.note(Progress::Claimed(claim_id, count));
    let sent = send_parts(session, &mut hand, lease_until, &claim.funded).await;
    if hand.left + hand.begun.len() < count || sent.is_err() {
        hand_back(session, &hand, count, sent).await?;
    }
    Ok(true)
}

/// A claim of which messages are being sent.
struct Hand {
    claim_id: ClaimId,
    /// Messages for which a call began.
    begun: HashSet<MessageId>,
    /// How many are no longer the claim's.
    left: usize,
}

/// Marks and calls part after part, until the claim or its time is over, or the session must stop.
async fn send_parts(
    session: &mut NumberSession<'_>,
    hand: &mut Hand,
    lease_until: Timestamp,
    messages: &[ClaimedMessage],
) -> Result<(), StoreError> {
    let call_timeout = SignedDuration::try_from(session.platform.meta.call_timeout()).unwrap_or_default();
    let templates_held = session.findings.templates_held();
    let per_mark = usize::try_from(session.rate / MARKS_PER_SECOND).unwrap_or(1).max(1);
    for part in messages.chunks(per_mark) {
        send_higher_lanes(session, part).await?;
        let Some(mut places) = session.calls.places(part.len()).await else { return Ok(()) };
        if session.must_stop().await?.is_some() {
            return Ok(());
        }
        let now = session.platform.clock.now();
        let deadline = (now + session.platform.timings.start).min(lease_until - call_timeout);
        if deadline <= now {
            return Ok(());
        }
        let attempts: Vec<(MessageId, AttemptId)> =
            part.iter().map(|message| (message.message_id, AttemptId::random())).collect();
        let mark = MarkIntent { claim_id: hand.claim_id, attempts, deadline };
        let marked = session.perform(&mark).await?;
        hand.left += part.len() - marked.sending.len();
        session.calls.note(Progress::Left(hand.claim_id, part.len() - marked.sending.len()));
        enqueue_refunds(session.platform, session.tenant, marked.promised).await;
        for (message, (_, attempt)) in part.iter().zip(&mark.attempts) {
            // What was claimed before a template was put on hold is claimed again, without the messages of it.
            if session.findings.templates_held() != templates_held {
                return Ok(());
            }
            if marked.sending.contains(&message.message_id)
                && let Some(place) = places.split(1)
            {
                session.rate_limiter.slot().await;
                hand.begun.insert(message.message_id);
                session.calls.start(hand.claim_id, message, (*attempt, deadline), place);
            }
        }
    }
    Ok(())
}

/// Sends what is due in a higher lane before the next part of this one: a code that a person is waiting for does not wait
/// for the rest of a campaign's claim.
async fn send_higher_lanes(
    session: &mut NumberSession<'_>,
    part: &[ClaimedMessage],
) -> Result<(), StoreError> {
    let lane = part.first().map_or(Lane::First, |message| message.lane);
    if lane == Lane::First || !session.is_higher_lane_waiting(lane).await? {
        return Ok(());
    }
    let limit = i64::try_from(part.len() * HIGHER_SHARE).unwrap_or(i64::MAX);
    let claim_id = ClaimId::at(session.platform.clock.now());
    let claimed = session.claim_at_most(claim_id, limit, Some(lane)).await;
    Box::pin(send_claim(session, claim_id, claimed)).await.map(drop)
}

/// Hands back what a claim of `count` messages holds and no call began for, after `ended`. When only the database was away,
/// the session goes on: by now it has answered.
async fn hand_back(
    session: &NumberSession<'_>,
    hand: &Hand,
    count: usize,
    ended: Result<(), StoreError>,
) -> Result<(), StoreError> {
    if let Err(error) = &ended {
        let (error, claim) = (with_causes(error), hand.claim_id);
        tracing::warn!(error, %claim, "A claim could not be sent to its end; what did not leave is handed back.");
    }
    session.insist(&HandBack { claim: hand.claim_id, begun: hand.begun.clone() }).await?;
    let rest = count.saturating_sub(hand.left + hand.begun.len());
    session.calls.note(Progress::Left(hand.claim_id, rest));
    match ended {
        Err(
            error @ (StoreError::Constraint(_)
            | StoreError::Limit(_)
            | StoreError::Statement { .. }
            | StoreError::Inconsistent { .. }),
        ) => {
            wake(session.platform, session.tenant, SignedDuration::ZERO).await;
            Err(error)
        }
        Err(StoreError::Unavailable(_)) | Ok(()) => Ok(()),
    }
}
