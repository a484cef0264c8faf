//! Queue messages that were given up, for an operator.

use domain::Clock;
use jiff::{SignedDuration, Timestamp};
use one_machine::{DeadLetter, Listed, OneMachine};
use uuid::Uuid;

use crate::error::LocalError;
use crate::say::say;

/// Dead letters in one list or one redrive of all.
const SHOWN_MAX: i64 = 100;

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Options {
    /// Lists the oldest, without what they say.
    List,
    /// Shows one with all it says, which may be personal.
    Show { id: Uuid },
    /// Gives some back to their queues, as if they had not been received yet. Doing it twice changes nothing.
    Redrive(Redrive),
}

/// The dead letters that a command is about.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Redrive {
    ids: Vec<Uuid>,
    /// The oldest hundred.
    #[arg(long)]
    all: bool,
}

/// Does what was asked for.
pub async fn run(queues: &OneMachine, options: Options) -> Result<(), LocalError> {
    match options {
        Options::List => {
            let (listed, all) = queues.dead_letters(SHOWN_MAX).await?;
            say(list(&listed, all, Clock::System.now()));
        }
        Options::Show { id } => {
            let found = queues.dead_letter(id).await?;
            say(show(&found.ok_or_else(|| LocalError::Call(format!("{id} is not a dead letter")))?));
        }
        Options::Redrive(Redrive { ids, all }) => {
            let ids = if all {
                let (listed, _) = queues.dead_letters(SHOWN_MAX).await?;
                listed.into_iter().map(|letter| letter.message_id).collect()
            } else {
                ids
            };
            for id in ids {
                let is_given_back = queues.redrive(id).await?;
                let outcome = if is_given_back { "is on its queue again" } else { "is not a dead letter" };
                say(format!("{id} {outcome}"));
            }
        }
    }
    Ok(())
}

/// One line each: queue, age, tries, and why it failed last.
fn list(listed: &[Listed], all: i64, now: Timestamp) -> String {
    if listed.is_empty() {
        return "There are no dead letters.".to_owned();
    }
    let head = format!("{:<36}  {:<8}  {:>8}  {:>5}  last error", "id", "queue", "age", "tries");
    let line = |letter: &Listed| {
        let Listed { queue, message_id, receive_count, reason, .. } = letter;
        let age = age(now.duration_since(letter.died_at));
        let reason = reason.as_deref().unwrap_or("unknown: see the log");
        format!("{message_id:<36}  {queue:<8}  {age:>8}  {receive_count:>5}  {reason}")
    };
    let rest = all - i64::try_from(listed.len()).unwrap_or(all);
    let more = (rest > 0).then(|| format!("and {rest} more"));
    std::iter::once(head).chain(listed.iter().map(line)).chain(more).collect::<Vec<_>>().join("\n")
}

fn age(age: SignedDuration) -> String {
    match (age.as_hours(), age.as_mins()) {
        (0, minutes) => format!("{minutes} min"),
        (hours @ 1..48, _) => format!("{hours} h"),
        (hours, _) => format!("{} d", hours / 24),
    }
}

fn show(letter: &DeadLetter) -> String {
    let DeadLetter { listed, body, group, traceparent } = letter;
    let Listed { queue, message_id, sent_at, died_at, receive_count, reason } = listed;
    let or_none = |text: &Option<String>| text.as_deref().unwrap_or("none").to_owned();
    [
        ("id", message_id.to_string()),
        ("queue", queue.clone()),
        ("group", or_none(group)),
        ("sent", sent_at.to_string()),
        ("given up", died_at.to_string()),
        ("tries", receive_count.to_string()),
        ("last error", or_none(reason)),
        ("trace", or_none(traceparent)),
        ("body", body.clone()),
    ]
    .map(|(name, value)| format!("{name:<10}  {value}"))
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> DeadLetter {
        let listed = Listed {
            queue: "mail".to_owned(),
            message_id: Uuid::from_u128(7),
            sent_at: Timestamp::UNIX_EPOCH,
            died_at: Timestamp::UNIX_EPOCH,
            receive_count: 105,
            reason: Some("the mail server could not be reached".to_owned()),
        };
        let body = r#"{"email":"ann@acme.test"}"#.to_owned();
        DeadLetter { listed, body, group: Some("a-tenant".to_owned()), traceparent: None }
    }

    #[test]
    fn a_list_says_what_failed_and_nothing_personal_and_one_letter_is_shown_whole() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(3);
        let listed = list(&[letter().listed], 2, now);
        for part in ["mail", "3 h", "105", "could not be reached", "and 1 more"] {
            assert!(listed.contains(part), "{part}: {listed}");
        }
        assert!(!listed.contains("ann@acme.test"));
        assert!(show(&letter()).contains("ann@acme.test"));
        assert_eq!(list(&[], 0, now), "There are no dead letters.");
    }
}
