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
            bodies.push(serde_json::to_string(&UpdateBatch { updates: std::mem::take(&mut batch) })?);
            bytes = 0;
        }
        bytes += size;
        batch.push(update);
    }
    if !batch.is_empty() {
        bodies.push(serde_json::to_string(&UpdateBatch { updates: batch })?);
    }
    Ok(bodies)
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
