//! Updates packed into queue messages: few enough to be cheap, small enough to be taken.

use domain::update::Update;
use domain::update::UpdateBatch;

/// Updates in one queue message at most: what one transaction applies well.
const UPDATES_MAX: usize = 200;
/// Bytes of one queue message at most, well under the queue's limit of 256 KiB.
const BYTES_MAX: usize = 200_000;

/// JSON bodies for the updates queue, in order. An update that is larger than a message on its own travels alone: the
/// queue may refuse it, and that is Meta's to repeat.
pub(crate) fn pack(updates: Vec<Update>) -> Result<Vec<String>, serde_json::Error> {
    let (mut bodies, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    for update in updates {
        let size = serde_json::to_vec(&update)?.len();
        let is_full = batch.len() == UPDATES_MAX || bytes + size > BYTES_MAX;
        if is_full && !batch.is_empty() {
            bodies.push(body(std::mem::take(&mut batch))?);
            bytes = 0;
        }
        bytes += size;
        batch.push(update);
    }
    if !batch.is_empty() {
        bodies.push(body(batch)?);
    }
    Ok(bodies)
}

fn body(updates: Vec<Update>) -> Result<String, serde_json::Error> {
    serde_json::to_string(&UpdateBatch { updates }).map(holdable)
}

/// Postgres holds no text with U+0000, which is valid in JSON: one such character would keep the whole batch from being
/// stored, receive after receive. What Unicode has in place of what cannot be shown stands for it.
fn holdable(json: String) -> String {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return json;
    }
    let (mut held, mut rest) = (String::with_capacity(json.len()), json.as_str());
    while let Some((before, _)) = rest.split_once('\\') {
        held.push_str(before);
        // A backslash escapes what follows it, so the next one may be no escape's beginning.
        let escape = rest.split_at(before.len()).1;
        rest = if let Some(after) = escape.strip_prefix(NUL) {
            held.push(char::REPLACEMENT_CHARACTER);
            after
        } else {
            let (escape, after) = escape.split_at_checked(2).unwrap_or((escape, ""));
            held.push_str(escape);
            after
        };
    }
    held + rest
}

#[cfg(test)]
mod tests {
    use domain::update::KeptUpdate;

    use super::*;

    fn updates(count: usize, bytes: usize) -> Vec<Update> {
        let raw = serde_json::Value::String("x".repeat(bytes));
        (0..count).map(|i| Update::Kept(KeptUpdate { reason: i.to_string(), raw: raw.clone() })).collect()
    }

    fn unpacked(bodies: &[String]) -> Vec<Update> {
        bodies.iter().flat_map(|body| serde_json::from_str::<UpdateBatch>(body).unwrap().updates).collect()
    }

    #[test]
    fn what_postgres_cannot_hold_is_replaced_and_nothing_else() {
        for (text, held) in [
            ("a\0b", "a\u{fffd}b"),
            ("\\u0000", "\\u0000"),
            ("\\\0\\\\u0000\0", "\\\u{fffd}\\\\u0000\u{fffd}"),
            ("\u{1}\"\n\u{fffd}", "\u{1}\"\n\u{fffd}"),
        ] {
            let update = |text: &str| Update::Kept(KeptUpdate { reason: text.to_owned(), raw: text.into() });
            assert_eq!(unpacked(&pack(vec![update(text)]).unwrap()), [update(held)], "{text:?}");
        }
    }

    #[test]
    fn nothing_is_lost_in_packing_and_no_body_is_too_large() {
        for (count, bytes, least) in [(0, 1, 0), (1, 1, 1), (1_000, 10, 5), (50, 50_000, 17), (2, 300_000, 2)]
        {
            let all = updates(count, bytes);
            let bodies = pack(all.clone()).unwrap();
            assert!(bodies.len() >= least, "{count} × {bytes}: {} bodies", bodies.len());
            assert!(bytes > BYTES_MAX || bodies.iter().all(|body| body.len() <= BYTES_MAX + 100));
            assert_eq!(unpacked(&bodies), all);
        }
    }
}
