//! What becomes of records.

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;

fn event(bodies: &[&str]) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = bodies
        .iter()
        .enumerate()
        .map(|(index, body)| {
            let mut record = SqsMessage::default();
            record.message_id = Some(index.to_string());
            record.receipt_handle = Some(format!("receipt {index}"));
            record.attributes.insert("MessageGroupId".to_owned(), "a-tenant".to_owned());
            record.body = Some((*body).to_owned());
            record
        })
        .collect();
    event
}

/// A queue that notes what it is asked for.
#[derive(Default)]
struct Noted {
    calls: Mutex<Vec<String>>,
    refuses: bool,
}

impl Noted {
    fn note(&self, call: String) -> Result<(), CloudError> {
        self.calls.lock().unwrap().push(call);
        if self.refuses { Err(CloudError::new("no permission")) } else { Ok(()) }
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn records(&self, bodies: &[&str]) -> Records<'_> {
        Records { event: event(bodies), queue: Queue::Mail, queues: self }
    }
}

#[async_trait]
impl Queues for Noted {
    async fn send(&self, _: Queue, _: Vec<Message>, _: Duration) -> Result<(), CloudError> {
        self.note("send".to_owned())
    }

    async fn postpone(&self, queue: Queue, receipt: &str, delay: Duration) -> Result<(), CloudError> {
        self.note(format!("postpone {receipt} of {} by {delay:?}", queue.name()))
    }

    async fn note_failure(&self, _: Queue, receipt: &str, why: &str) -> Result<(), CloudError> {
        self.note(format!("note of {receipt}: {why}"))
    }

    async fn park(&self, queue: Queue, received: ReceivedMessage, reason: &str) -> Result<(), CloudError> {
        let ReceivedMessage { receipt, message: Message { body, group, .. } } = received;
        self.note(format!("park {receipt} ({body}, {}) of {}: {reason}", group.as_str(), queue.name()))
    }
}

fn failed(response: SqsBatchResponse) -> Vec<String> {
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[derive(Debug, thiserror::Error)]
#[error("it was refused")]
struct Refused(#[source] std::num::TryFromIntError);

fn refused() -> Refused {
    Refused(u8::try_from(300).unwrap_err())
}

async fn work(number: u32) -> Result<RecordOutcome, Refused> {
    assert!(number != 2, "two is too much");
    match number {
        3 => Err(refused()),
        5 => Ok(RecordOutcome::Retry),
        6 => Ok(RecordOutcome::RetryAfter {
            delay: SignedDuration::from_mins(5),
            reason: "it is six".to_owned(),
        }),
        7 => Ok(RecordOutcome::Park { reason: "seven is unheard of".to_owned() }),
        8 => Ok(RecordOutcome::RetryAfter {
            delay: SignedDuration::from_mins(-5),
            reason: "it is eight".to_owned(),
        }),
        _ => Ok(RecordOutcome::Done),
    }
}

#[tokio::test]
async fn an_error_names_its_causes() {
    let record = event(&["3"]).records.remove(0);
    let error = one_record(&record, &work).await.unwrap_err();
    assert_eq!(error, format!("it was refused: {}", refused().0));
}

#[tokio::test]
async fn one_bad_record_does_not_fail_the_others() {
    let queue = Noted::default();
    let response = each_record(queue.records(&["1", "rubbish", "2", "3", "4", ""]), || true, work).await;
    assert_eq!(failed(response), ["1", "2", "3", "5"]);
}

#[tokio::test]
async fn each_outcome_is_carried_out_at_the_queue() {
    let queue = Noted::default();
    let response = each_record(queue.records(&["1", "5", "6", "7", "8"]), || true, work).await;
    assert_eq!(failed(response), ["1", "2", "4"], "what is parked is done, what is postponed is not");
    assert_eq!(
        queue.calls(),
        [
            "note of receipt 1: it is to be tried again",
            "postpone receipt 1 of mail by 5s",
            "note of receipt 2: it is six",
            "postpone receipt 2 of mail by 300s",
            "park receipt 3 (7, a-tenant) of mail: seven is unheard of",
            "note of receipt 4: it is eight",
            "postpone receipt 4 of mail by 5s",
        ]
    );
}

#[tokio::test]
async fn an_e_mail_that_failed_waits_longer_each_time_and_another_record_for_its_queue() {
    for (queue, receives, calls) in [
        (Queue::Mail, "1", &["postpone receipt 0 of mail by 5s"][..]),
        (Queue::Mail, "4", &["postpone receipt 0 of mail by 40s"]),
        (Queue::Mail, "100", &["postpone receipt 0 of mail by 900s"]),
        (Queue::Updates, "4", &[]),
    ] {
        let noted = Noted::default();
        let mut records = noted.records(&["3"]);
        let attributes = &mut records.event.records[0].attributes;
        attributes.insert("ApproximateReceiveCount".to_owned(), receives.to_owned());
        let response = each_record(Records { queue, ..records }, || true, work).await;
        assert_eq!(failed(response), ["0"]);
        let note = format!("note of receipt 0: it was refused: {}", refused().0);
        assert_eq!(noted.calls(), [&[note.as_str()], calls].concat(), "{queue:?} {receives}");
    }
}

#[tokio::test]
async fn what_the_queue_does_not_park_is_delivered_again() {
    let queue = Noted { refuses: true, ..Noted::default() };
    let response = each_record(queue.records(&["6", "7", "1"]), || true, work).await;
    assert_eq!(failed(response), ["0", "1"]);
}

#[test]
fn the_error_of_a_body_that_cannot_be_read_quotes_nothing_of_it() {
    let record = event(&[r#""+15551234567""#]).records.remove(0);
    assert_eq!(read::<u32>(&record).unwrap_err(), "its body cannot be read: Data at line 1, column 14");
}

#[tokio::test]
async fn records_are_worked_on_together_and_by_themselves_only_when_that_fails() {
    let calls = std::cell::RefCell::new(Vec::new());
    let work = async |numbers: Vec<u32>| {
        calls.borrow_mut().push(numbers.clone());
        (!numbers.contains(&3)).then_some(RecordOutcome::Done).ok_or_else(refused)
    };
    let queue = Noted::default();
    let records = queue.records(&["1", "1", "1", "4", "3", "4", "1", "rubbish", "1", "9"]);
    assert_eq!(failed(records_together(records, || true, 3, work).await), ["4", "7"]);
    let expected: [&[u32]; 8] = [&[1, 1, 1], &[4, 3, 4], &[4], &[3], &[4], &[1], &[1], &[9]];
    assert_eq!(*calls.borrow(), expected);
}

#[tokio::test]
async fn records_that_are_not_done_together_get_an_outcome_each() {
    let queue = Noted::default();
    let together = async |numbers: Vec<u32>| match numbers.as_slice() {
        [number] => work(*number).await,
        _ => Ok(RecordOutcome::Retry),
    };
    let response = records_together(queue.records(&["1", "7", "6"]), || true, 10, together).await;
    assert_eq!(failed(response), ["2"]);
    let calls = queue.calls();
    let words: Vec<&str> = calls.iter().filter_map(|call| call.split(' ').next()).collect();
    assert_eq!(words, ["park", "note", "postpone"], "{calls:?}");
}

#[tokio::test]
async fn what_is_not_begun_in_time_goes_back() {
    let left = std::cell::Cell::new(2);
    let is_time = || left.replace(left.get() - 1) > 0;
    let queue = Noted::default();
    let response = each_record(queue.records(&["1", "1", "1", "1"]), is_time, work).await;
    assert_eq!(failed(response), ["2", "3"]);
}
