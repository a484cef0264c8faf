//! Why a message stands where it stands, and what its tenant can do about it.

use domain::holds::{Hold, HoldReason};
use domain::messages::{DispatchState, MessageStatus, shown_status};
use jiff::{SignedDuration, Timestamp};
use meta::error::{ErrorClass, Explanation};
use serde::Serialize;
use store::delivery::circumstances::{AHEAD_MAX, Circumstances};
use store::messages::Message;

/// The status of a message, and everything that it comes from, the first cause first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    pub status: MessageStatus,
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    pub cause: Cause,
    /// What is so.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
    /// Until when it is so, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Cause {
    /// Nothing is wrong.
    Done,
    /// Its time has not come.
    NotDue,
    Held,
    /// The contact wants no such messages.
    OptedOut,
    /// It is no longer valid.
    Late,
    Funds,
    /// Others go before it.
    Queue,
    /// An attempt failed; the next one waits.
    Retry,
    /// A call to Meta is under way.
    Sending,
    /// Meta refused it or gave it up.
    Refused,
    /// Whether Meta took it is not known.
    Unknown,
    /// It was taken back, or something forbade it when its turn came.
    Cancelled,
}

const NOTHING: &str = "Nothing.";

impl Reason {
    fn new(cause: Cause, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause, what: what.into(), remedy: remedy.into(), until: None }
    }

    fn until(self, until: Timestamp) -> Self {
        Self { until: Some(until), ..self }
    }
}

/// Explains a message by its state, its holds, and what decides whether it goes.
pub fn explain(message: &Message, holds: &[Hold], circumstances: &Circumstances, now: Timestamp) -> Why {
    let status = shown_status(message.state, message.statuses, message.is_withdrawn);
    let reasons = match status {
        MessageStatus::Read | MessageStatus::Delivered => {
            vec![Reason::new(Cause::Done, "WhatsApp reports that it reached the recipient.", NOTHING)]
        }
        MessageStatus::Sent | MessageStatus::Accepted => vec![Reason::new(
            Cause::Done,
            "WhatsApp took it and has not reported its delivery: the recipient's phone may be off.",
            "Wait; the status changes by itself.",
        )],
        MessageStatus::Failed => vec![refused(message)],
        MessageStatus::Unknown => vec![Reason::new(
            Cause::Unknown,
            "The call to WhatsApp broke off, and it is not known whether it took the message. It is not sent again.",
            "Wait; without any status it is refunded after a day, and after eight days at the latest.",
        )],
        MessageStatus::Unresolved => vec![Reason::new(
            Cause::Unknown,
            "The call to WhatsApp broke off, and no status ever came. It is refunded.",
            "Ask the recipient before you send it again: it may have arrived.",
        )],
        MessageStatus::Cancelled => vec![cancelled(message)],
        MessageStatus::NoFunds => vec![Reason::new(
            Cause::Funds,
            "The balance did not cover it when its turn came. Nothing was debited.",
            "Add credit, and send it again.",
        )],
        MessageStatus::Pending | MessageStatus::Sending => waiting(message, holds, circumstances, now),
    };
    Why { status, reasons }
}

fn refused(message: &Message) -> Reason {
    let class = message.error_code.map(|code| (code, ErrorClass::of(code, None)));
    let Some((code, class)) = class else {
        return Reason::new(
            Cause::Refused,
            "It could not be sent and is refunded.",
            "Send it again; if that fails, contact support with its id.",
        );
    };
    let Explanation { problem, remedy } = class.explanation();
    Reason::new(Cause::Refused, format!("{problem} (WhatsApp's code {code}). It is refunded."), remedy)
}

fn cancelled(message: &Message) -> Reason {
    let why = message.error_text.as_deref().unwrap_or("it was cancelled, or the contact has opted out");
    Reason::new(Cause::Cancelled, format!("It was not sent: {why}."), NOTHING)
}

/// Everything that a message which was not sent yet waits for.
fn waiting(message: &Message, holds: &[Hold], on: &Circumstances, now: Timestamp) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = holds.iter().map(held).collect();
    if message.state == DispatchState::Sending {
        reasons.push(Reason::new(
            Cause::Sending,
            "It is being sent at this moment.",
            "Look again in a minute.",
        ));
        return reasons;
    }
    reasons.extend(forbidden(on, now));
    let turn = on.waits_until.unwrap_or(message.due_at).max(message.due_at);
    if message.due_at > now {
        reasons.push(Reason::new(Cause::NotDue, "Its time has not come.", NOTHING).until(message.due_at));
    } else if turn > now {
        let what = format!("Attempt {} did not reach WhatsApp; it is tried again.", on.attempt);
        reasons.push(Reason::new(Cause::Retry, what, NOTHING).until(turn));
    }
    if message.price.is_none() && !on.spendable.is_positive() {
        reasons.push(Reason::new(
            Cause::Funds,
            "There is no credit: when its turn comes it is not sent, and nothing is debited.",
            "Add credit before its time.",
        ));
    }
    if reasons.is_empty() {
        reasons.push(queued(on));
    }
    reasons
}

/// What will end it when its turn comes.
fn forbidden(on: &Circumstances, now: Timestamp) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if on.is_opted_out {
        let what = "The contact has opted out: when its turn comes it is cancelled.";
        reasons.push(Reason::new(Cause::OptedOut, what, NOTHING));
    } else if on.has_stopped_marketing {
        let what = "The contact has stopped marketing messages: a marketing template is cancelled when its turn comes.";
        let remedy = "Send a UTILITY template if the contact expects the message.";
        reasons.push(Reason::new(Cause::OptedOut, what, remedy));
    }
    if let Some(end) = on.not_after.filter(|end| *end < now) {
        let what = format!("It was valid until {end}: when its turn comes it is cancelled.");
        reasons.push(Reason::new(Cause::Late, what, NOTHING));
    }
    reasons
}

fn held(hold: &Hold) -> Reason {
    let remedy = match hold.reason {
        HoldReason::User => "Resume it when it may go.",
        HoldReason::Funds => "Add credit; it goes on by itself.",
        HoldReason::Template => {
            "Open the template's page: Meta must approve it before anything is sent with it."
        }
        HoldReason::Price => "Confirm the new price.",
        HoldReason::Quality => "Wait until Meta rates the number better, or send from another number.",
        HoldReason::Account => "Connect the WhatsApp account again.",
        HoldReason::ErrorRate => {
            "Look at the errors of the last messages, and resume when their cause is gone."
        }
        HoldReason::PlanLimit => "Take a larger plan, or wait for the next month.",
        HoldReason::Tenant | HoldReason::Operator => "Ask the platform's support.",
        HoldReason::Email => {
            "Prove the owner's e-mail address: open the link in the e-mail that was sent to it."
        }
        HoldReason::Late => "Decide whether it should still be sent.",
    };
    let what = format!("The {} is on hold: {}.", hold.kind.to_lowercase(), hold.detail);
    let reason = Reason::new(Cause::Held, what, remedy);
    match hold.resumes_at {
        Some(end) => reason.until(end),
        None => reason,
    }
}

fn queued(on: &Circumstances) -> Reason {
    let busy = if on.lease_until.is_some() { "The number is sending." } else { "The number is being woken." };
    if on.ahead == 0 {
        let what = format!("{busy} It is the next message.");
        return Reason::new(Cause::Queue, what, "Look again in a minute.");
    }
    let more = if on.ahead >= AHEAD_MAX { "At least " } else { "" };
    let seconds = on.ahead / i64::from(on.messages_per_second.max(1));
    let wait = SignedDuration::from_secs(seconds);
    let what = format!(
        "{busy} {more}{} messages go before it, at {} a second: about {wait:#}.",
        on.ahead, on.messages_per_second
    );
    Reason::new(Cause::Queue, what, NOTHING)
}

#[cfg(test)]
mod tests;
