//! Calls to Meta that are in flight. A call that gets no answer holds nothing but its own place among them.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use cloud::trace::{self, TraceContext};
use domain::messages::{Outcome, Recipient};
use domain::{AttemptId, ClaimId, Clock, PhoneNumber, PhoneNumberId};
use futures_util::FutureExt;
use jiff::Timestamp;
use meta::send::{Accepted, SendAnswer, SendOptions, TemplateMessage};
use secrecy::SecretString;
use store::delivery::claims::{ClaimedContent, ClaimedMessage};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tracing::{Instrument, Span};

use crate::delivery::call_stats::CallStats;
use crate::delivery::record::Sent;
use crate::delivery::recorder::{IN_FLIGHT_MAX, Progress};

/// The calls of one number.
pub(crate) struct Calls<'a> {
    meta: meta::Client,
    clock: Clock,
    token: SecretString,
    from: PhoneNumberId,
    stats: &'a CallStats,
    running: JoinSet<Result<(), Panicked>>,
    places: Arc<Semaphore>,
    progress: UnboundedSender<Progress>,
}

/// The message of a call that panicked stays SENDING, and becomes UNKNOWN when the claim's lease ends.
struct Panicked;

/// Who calls, and through what.
pub(crate) struct Caller {
    pub meta: meta::Client,
    pub clock: Clock,
    pub token: SecretString,
    pub from: PhoneNumberId,
}

impl<'a> Calls<'a> {
    pub(crate) fn new(
        caller: Caller,
        stats: &'a CallStats,
        places: Arc<Semaphore>,
        progress: UnboundedSender<Progress>,
    ) -> Self {
        let Caller { meta, clock, token, from } = caller;
        Self { meta, clock, token, from, stats, running: JoinSet::new(), places, progress }
    }

    /// Places for that many calls, once they are free. They are taken before the intent is marked, so that nothing that is
    /// marked waits for a place.
    pub(crate) async fn places(&self, count: usize) -> Option<OwnedSemaphorePermit> {
        let count = u32::try_from(count.min(IN_FLIGHT_MAX)).unwrap_or(u32::MAX);
        Arc::clone(&self.places).acquire_many_owned(count).await.ok()
    }

    /// Starts a call, which keeps its place until its outcome is recorded.
    pub(crate) fn start(
        &mut self,
        claim: ClaimId,
        message: &ClaimedMessage,
        (attempt, deadline): (AttemptId, Timestamp),
        place: OwnedSemaphorePermit,
    ) {
        let call = for_meta(message, attempt);
        let (meta, clock) = (self.meta.clone(), self.clock.clone());
        // The call belongs to the trace of the request that accepted the message, which may be weeks old.
        let span = TraceContext::received(message.traceparent.as_deref());
        let (token, from, message) = (self.token.clone(), self.from.clone(), message.message_id);
        let of_call = tracing::info_span!("send", trace_id = span.trace_id(), message_id = %message);
        let progress = self.progress.clone();
        let call = async move {
            // Checked right before the request is written: a process that was frozen in between does not send (I13).
            let SendAnswer { outcome, accepted } = if clock.now() < deadline {
                meta.send(&token, &from, &call).await
            } else {
                SendAnswer { outcome: Outcome::KnownUnsent { wait: None, error: None }, accepted: None }
            };
            let other_number = accepted.and_then(|accepted| other_number(&call.to, &accepted));
            let sent = Sent { message, attempt, outcome, other_number };
            if progress.send(Progress::Answered { claim, sent, place }).is_err() {
                tracing::error!("an outcome came after the recorder had ended");
            }
        };
        self.run(trace::within(span, call), of_call);
        self.stats.count().made += 1;
        while let Some(ended) = self.running.try_join_next() {
            self.end(&ended);
        }
    }

    /// Runs a call in its span, so that also a panic is logged with the message.
    fn run(&mut self, call: impl Future<Output = ()> + Send + 'static, of_call: Span) {
        let call = async move {
            let ended = AssertUnwindSafe(call).catch_unwind().await;
            ended.map_err(|_text| {
                // The log already says where it panicked; its text may quote a phone number.
                tracing::error!("A call to Meta panicked; whether the message was sent is not known.");
                Panicked
            })
        };
        self.running.spawn(call.instrument(of_call));
    }

    pub(crate) fn note(&self, progress: Progress) {
        if self.progress.send(progress).is_err() {
            tracing::error!("the recorder had ended before the dispatch");
        }
    }

    /// Waits for one call to end; `false` when none is in flight.
    pub(crate) async fn one_ends(&mut self) -> bool {
        let Some(ended) = self.running.join_next().await else { return false };
        self.end(&ended);
        true
    }

    pub(crate) fn are_in_flight(&self) -> bool {
        !self.running.is_empty()
    }

    fn end(&self, ended: &Result<Result<(), Panicked>, JoinError>) {
        if !matches!(ended, Ok(Ok(()))) {
            self.stats.count().unanswered += 1;
        }
    }
}

/// A message as Meta takes it. The attempt comes back with each of its statuses.
fn for_meta(message: &ClaimedMessage, attempt: AttemptId) -> meta::send::Message {
    let content = match &message.content {
        ClaimedContent::Template { name, language, variables, is_code } => {
            let of = if *is_code { TemplateMessage::of_code } else { TemplateMessage::of_texts };
            let template = of(name, language, variables);
            meta::send::Content::Template(Box::new(template))
        }
        ClaimedContent::Text(text) => {
            meta::send::Content::Text(meta::send::Text { body: text.clone(), preview_url: None })
        }
    };
    let to = match message.to.clone() {
        Recipient::Phone(phone) => meta::send::Recipient::Phone(phone),
        Recipient::UserId(id) => meta::send::Recipient::User(id),
    };
    let options = SendOptions { callback_data: Some(attempt.to_string()), ..SendOptions::default() };
    meta::send::Message { to, content, options }
}

/// The number under which WhatsApp knows the recipient, where it is none of the spellings of the number that was sent to.
fn other_number(to: &meta::send::Recipient, accepted: &Accepted) -> Option<PhoneNumber> {
    let meta::send::Recipient::Phone(phone) = to else { return None };
    let known = PhoneNumber::of_digits(accepted.wa_id.as_deref()?)?.normalised();
    (known.identity() != phone.identity()).then_some(known)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::delivery::call_stats::CallCounts;

    #[test]
    fn a_number_that_meta_answers_with_is_another_only_when_it_is_no_spelling_of_the_one_sent_to() {
        for (to, wa_id, other) in [
            ("+15551234567", Some("15551234567"), None),
            ("+5511987650001", Some("551187650001"), None),
            ("+525512345678", Some("5215512345678"), None),
            ("+15551234567", None, None),
            ("+15551234567", Some("US.13491208655302741918"), None),
            ("+15551234567", Some("15550100019"), Some("+15550100019")),
        ] {
            let accepted = Accepted {
                wamid: domain::Wamid("wamid.1".to_owned()),
                input: Some(to.to_owned()),
                wa_id: wa_id.map(str::to_owned),
                user_id: None,
                message_status: None,
                group_id: None,
            };
            let recipient = meta::send::Recipient::Phone(PhoneNumber::from_stored(to.to_owned()));
            let found = other_number(&recipient, &accepted);
            assert_eq!(found.as_ref().map(PhoneNumber::as_str), other, "{to} {wa_id:?}");
        }
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_call_that_panics_is_one_without_an_answer_and_its_line_names_the_message() {
        let written = Written::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let log = tracing::subscriber::set_default(lines);
        let config = meta::Config {
            base_url: "http://127.0.0.1:9".to_owned(),
            version: "v26.0".to_owned(),
            app_id: "1".to_owned(),
            app_secret: SecretString::from("secret"),
            call_timeout: Duration::from_secs(1),
        };
        let caller = Caller {
            meta: meta::Client::new(config).unwrap(),
            clock: Clock::default(),
            token: SecretString::from("token"),
            from: PhoneNumberId("1".to_owned()),
        };
        let (stats, places) = (CallStats::default(), Arc::new(Semaphore::new(IN_FLIGHT_MAX)));
        let (progress, mut recorded) = mpsc::unbounded_channel();
        let mut calls = Calls::new(caller, &stats, places, progress);
        let message_id = domain::MessageId(uuid::Uuid::from_u128(7));
        let of_call = tracing::info_span!("send", %message_id);
        calls.run(async { panic!("in the middle of a call to +15550000001") }, of_call);
        assert!(calls.one_ends().await);
        drop(log);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(
            text.contains(&format!("send{{message_id={message_id}}}: ")) && text.contains("panicked"),
            "{text}"
        );
        assert!(!text.contains("1555"), "{text}");
        assert_eq!(stats.calls(), CallCounts { unanswered: 1, ..CallCounts::default() });
        assert!(recorded.try_recv().is_err(), "what became of it is not known, so nothing is recorded");
    }
}
