//! Calls with several entries, of which AWS may take only some.

use std::future::Future;
use std::time::Duration;

use crate::CloudError;

/// Entries of one call at most.
const ENTRIES_MAX: usize = 10;
/// Calls for the same entries: the first, and those for what was left.
const CALLS_MAX: u32 = 4;
/// The wait before the first of those; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// An entry that was not taken.
pub(super) struct Left {
    /// Its index in the call.
    pub(super) index: usize,
    pub(super) error: String,
    /// A later call would not take it either.
    pub(super) is_final: bool,
}

/// Splits entries into calls of at most ten entries and `bytes_max` bytes. An entry over that gets its own call.
pub(super) fn calls<T>(things: Vec<T>, bytes_max: usize, bytes: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let (mut calls, mut call, mut held) = (Vec::new(), Vec::new(), 0);
    for thing in things {
        let size = bytes(&thing);
        if !call.is_empty() && (call.len() == ENTRIES_MAX || held + size > bytes_max) {
            calls.push(std::mem::take(&mut call));
            held = 0;
        }
        held += size;
        call.push(thing);
    }
    if !call.is_empty() {
        calls.push(call);
    }
    calls
}

/// Calls until everything is taken, each time with what was left only. What would never be taken is left out and is an
/// error at the end, as is what was not taken in [`CALLS_MAX`] calls.
pub(super) async fn deliver<T, C, F>(mut things: Vec<T>, call: C) -> Result<(), CloudError>
where
    C: Fn(&[T]) -> F,
    F: Future<Output = Result<Vec<Left>, CloudError>>,
{
    let (mut lost, mut pause) = (None, PAUSE);
    for calls in 1..=CALLS_MAX {
        let left = call(&things).await?;
        let is_over = calls == CALLS_MAX;
        for one in &left {
            tracing::warn!(error = one.error, one.is_final, calls, "AWS did not take one entry of a call.");
            if one.is_final || is_over {
                lost = Some(one.error.clone());
            }
        }
        let again: Vec<usize> = left.iter().filter(|one| !one.is_final).map(|one| one.index).collect();
        if again.is_empty() || is_over {
            break;
        }
        let mut index = 0..;
        things.retain(|_| index.next().is_some_and(|index| again.contains(&index)));
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.5))).await;
        pause *= 2;
    }
    lost.map_or(Ok(()), |error| Err(CloudError::new(error)))
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Mutex;

    use super::*;

    fn left(index: usize, is_final: bool) -> Left {
        Left { index, error: "refused".to_owned(), is_final }
    }

    #[test]
    fn a_call_holds_ten_things_and_as_many_bytes_as_are_taken() {
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![1; 25], vec![10, 10, 5]),
            (vec![40, 60, 1, 99, 2], vec![2, 2, 1]),
            (vec![500, 1, 500], vec![1, 1, 1]),
        ] {
            let made = calls(sizes.clone(), 100, |size| *size);
            assert_eq!(made.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{sizes:?}");
            assert_eq!(made.concat(), sizes);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_left_is_called_for_again_alone_and_what_is_refused_never_again() {
        let seen = Mutex::new(Vec::new());
        let outcome = deliver(vec!["a", "b", "c", "d"], |things| {
            seen.lock().unwrap().push(things.to_vec());
            let left = match things {
                ["a", "b", "c", "d"] => vec![left(1, true), left(2, false), left(3, false)],
                ["c", "d"] => vec![left(0, false)],
                _ => vec![],
            };
            ready(Ok(left))
        });
        assert!(outcome.await.is_err(), "b was refused");
        assert_eq!(*seen.lock().unwrap(), [vec!["a", "b", "c", "d"], vec!["c", "d"], vec!["c"]]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_taken_is_an_error_after_some_calls() {
        let calls = Mutex::new(0);
        let outcome = deliver(vec![1, 2], |_| {
            *calls.lock().unwrap() += 1;
            ready(Ok(vec![left(0, false)]))
        });
        assert!(outcome.await.is_err());
        assert_eq!(*calls.lock().unwrap(), CALLS_MAX);
    }
}
