//! Updates packed into queue messages: few enough to be cheap, small enough to be taken, of one account each.

use std::collections::BTreeMap;

use cloud::{Group, Message};
use domain::updates::{UnhandledUpdate, Update};
use meta::queued::{QueuedBatch, QueuedError, QueuedUpdate, UpdateEncryptor};
use secrecy::SecretString;

/// Updates in one queue message at most: what one transaction applies well.
const UPDATES_MAX: usize = 200;
/// Bytes of one queue message at most, well under the queue's limit: ten of them in one event are still taken by a
/// function.
const BYTES_MAX: usize = 200_000;

/// Messages for the updates queue; each holds updates of one account, in their order, so that an account with very many
/// does not hold up the others. They are encrypted with the app's secret. An update that is larger than a message on its
/// own travels alone.
pub(crate) fn pack(updates: Vec<Update>, secret: &SecretString) -> Result<Vec<Message>, QueuedError> {
    let mut encryptor = UpdateEncryptor::new(secret)?;
    let mut accounts: BTreeMap<Group, Vec<Update>> = BTreeMap::new();
    for update in updates {
        accounts.entry(account(&update)).or_default().push(update);
    }
    let mut messages = Vec::new();
    for (group, updates) in accounts {
        let message = |body| Message::new(group.clone(), body);
        messages.extend(bodies(&updates, &mut encryptor)?.into_iter().map(message));
    }
    Ok(messages)
}

/// Whose an update is, as far as Meta says it: there is no database here to look up the tenant in.
fn account(update: &Update) -> Group {
    Group::named(match update {
        Update::Status(update) => &update.phone_number_id.0,
        Update::Preference(update) => &update.phone_number_id.0,
        Update::Template(update) => &update.waba_id.0,
        Update::Account(update) => &update.waba_id.0,
        Update::Unhandled(update) => account_of_kept(update),
    })
}

/// What is kept is a webhook's body with one thing in it: of a number, or else of an account.
fn account_of_kept(update: &UnhandledUpdate) -> &str {
    let places = ["/entry/0/changes/0/value/metadata/phone_number_id", "/entry/0/id"];
    places.iter().find_map(|place| update.raw.pointer(place)?.as_str()).unwrap_or_default()
}

fn bodies(updates: &[Update], encryptor: &mut UpdateEncryptor) -> Result<Vec<String>, QueuedError> {
    let (mut bodies, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    for update in updates {
        let update = encryptor.encrypt(update)?;
        let size = size(&update);
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

/// Bytes of an update in a body.
fn size(update: &QueuedUpdate) -> usize {
    const ENVELOPE_BYTES: usize = r#"{"encrypted":""},"#.len();
    match update {
        QueuedUpdate::Encrypted { encrypted } => encrypted.len() + ENVELOPE_BYTES,
        QueuedUpdate::Clear(_) => ENVELOPE_BYTES,
    }
}

fn body(updates: Vec<QueuedUpdate>) -> Result<String, QueuedError> {
    serde_json::to_string(&QueuedBatch { updates }).map_err(|_quotes| QueuedError::NotEncrypted)
}

#[cfg(test)]
mod tests {
    use domain::updates::{AccountUpdate, StatusUpdate};
    use domain::{PhoneNumberId, WabaId, Wamid, messages::DeliveryStatus};
    use serde_json::{Value, json};

    use super::*;

    fn updates(count: usize, bytes: usize) -> Vec<Update> {
        let raw = serde_json::Value::String("x".repeat(bytes));
        (0..count)
            .map(|i| Update::Unhandled(UnhandledUpdate { reason: i.to_string(), raw: raw.clone() }))
            .collect()
    }

    fn secret() -> SecretString {
        SecretString::from("secret")
    }

    fn unpacked(messages: &[Message]) -> Vec<Update> {
        let batch = |message: &Message| serde_json::from_str::<QueuedBatch>(&message.body).unwrap();
        messages.iter().flat_map(|message| batch(message).decrypt(&[secret()]).unwrap()).collect()
    }

    #[test]
    fn nothing_is_lost_in_packing_and_no_body_is_too_large() {
        for (count, bytes, least) in [(0, 1, 0), (1, 1, 1), (1_000, 10, 5), (50, 50_000, 17), (2, 300_000, 2)]
        {
            let all = updates(count, bytes);
            let messages = pack(all.clone(), &secret()).unwrap();
            assert!(messages.len() >= least, "{count} × {bytes}: {} messages", messages.len());
            assert!(bytes > BYTES_MAX || messages.iter().all(|one| one.body.len() <= BYTES_MAX + 100));
            assert_eq!(unpacked(&messages), all);
        }
    }

    #[test]
    fn a_message_holds_one_accounts_updates_alone_in_their_order() {
        let status = |number: &str, wamid: usize| {
            Update::Status(StatusUpdate {
                phone_number_id: PhoneNumberId(number.to_owned()),
                wamid: Wamid(wamid.to_string()),
                status: DeliveryStatus::Delivered,
                occurred_at: None,
                attempt_id: None,
                error: None,
                pricing: None,
            })
        };
        let kept = |raw: Value| Update::Unhandled(UnhandledUpdate { reason: "a kind".to_owned(), raw });
        let of_number = json!({ "entry": [{ "id": "waba", "changes": [
            { "value": { "metadata": { "phone_number_id": "1" } } }] }] });
        let of_account = json!({ "entry": [{ "id": "waba", "changes": [] }] });
        let closed = AccountUpdate {
            waba_id: WabaId("waba".to_owned()),
            is_closed: true,
            reason: "ACCOUNT_DELETED".to_owned(),
            at: None,
        };
        let mut all: Vec<Update> =
            (0..450).map(|wamid| status(if wamid % 3 == 0 { "2" } else { "1" }, wamid)).collect();
        all.extend([kept(of_number), kept(of_account), Update::Account(closed), kept(Value::Null)]);

        let messages = pack(all.clone(), &secret()).unwrap();
        let groups: Vec<&str> = messages.iter().map(|message| message.group.as_str()).collect();
        assert_eq!(groups, ["1", "1", "2", "none", "waba"]);
        for message in &messages {
            let held = unpacked(std::slice::from_ref(message));
            assert!(held.iter().all(|update| account(update) == message.group));
        }
        let number = |update: &Update| account(update);
        let (mut sorted, packed) = (all, unpacked(&messages));
        sorted.sort_by_key(number);
        assert_eq!(packed, sorted);
    }
}
