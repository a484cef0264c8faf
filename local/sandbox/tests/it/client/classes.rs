//! Every class of errors that the client knows can be met, and is met with what it promises.

use domain::messages::Outcome;
use jiff::SignedDuration;
use meta::CallError;
use meta::error::{Advice, ErrorClass, Failure};
use reqwest::header::HeaderMap;

use super::pair::Pair;
use super::ways::{self, Met, REFUSED};

/// What a send may conclude from a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// Meta will never take it.
    Rejected,
    /// It may be offered again, after so many seconds where Meta names a time.
    Unsent(Option<i64>),
    /// It may have been taken.
    Unknown,
    /// No send meets it.
    NoSend,
}

/// What is promised about a class.
struct Promise {
    class: ErrorClass,
    proof: Proof,
    advice: Advice,
    /// Words that a tenant is told.
    words: &'static str,
}

const fn row(class: ErrorClass, proof: Proof, advice: Advice, words: &'static str) -> Promise {
    Promise { class, proof, advice, words }
}

/// How each class is met. A new class does not compile until somebody says how it is reached.
async fn reach(class: ErrorClass, pair: &Pair) -> Vec<Met> {
    match class {
        ErrorClass::AccountAuth => ways::account::dead_token(pair).await,
        ErrorClass::AccountPermission => ways::account::no_scope(pair).await,
        ErrorClass::AccountLocked => ways::account::in_state(pair, "LOCKED").await,
        ErrorClass::AccountBilling => ways::account::in_state(pair, "UNPAID").await,
        ErrorClass::AccountQualityLimit => ways::account::number_in(pair, "RATE_LIMITED").await,
        ErrorClass::AccountMaintenance => ways::account::in_state(pair, "MAINTENANCE").await,
        ErrorClass::ThrottleApp => ways::limits::calls(pair).await,
        ErrorClass::ThrottlePhone => ways::limits::throughput(pair).await,
        ErrorClass::ThrottlePair => ways::limits::pair(pair).await,
        ErrorClass::TransientServer => ways::ordered(pair, 131_016, 2).await,
        ErrorClass::RequestInvalid => ways::recipient::oneself(pair).await,
        ErrorClass::NotFoundOrNoAccess => ways::account::nothing_there(pair).await,
        ErrorClass::RecipientPermanent => ways::recipient::text_to(pair, "+15550000006").await,
        ErrorClass::RecipientOptedOut => ways::recipient::marketing_to(pair, "+15550000012").await,
        ErrorClass::RecipientCapped => ways::ordered_send(pair, 131_049).await,
        ErrorClass::RecipientWindowClosed => ways::recipient::stranger(pair).await,
        ErrorClass::RecipientExperiment => ways::ordered_send(pair, 130_472).await,
        ErrorClass::RecipientNotAddressable => ways::recipient::code_to_user(pair).await,
        ErrorClass::Media => ways::ordered_send(pair, 131_053).await,
        ErrorClass::TemplateParams => ways::sent::too_few(pair).await,
        ErrorClass::TemplateMissing => ways::sent::missing(pair).await,
        ErrorClass::TemplateContent => ways::sent::too_long(pair).await,
        ErrorClass::TemplatePaused => ways::sent::in_status(pair, "PAUSED").await,
        ErrorClass::TemplateDisabled => ways::sent::in_status(pair, "DISABLED").await,
        ErrorClass::TemplateSyncing => ways::ordered_send(pair, 134_101).await,
        ErrorClass::TemplateUnavailable => ways::sent::marketing_disabled(pair).await,
        ErrorClass::TemplateLimit => ways::made::one_too_many(pair).await,
        ErrorClass::TemplateEdit => ways::made::edited_twice(pair).await,
        ErrorClass::TemplateFormat => ways::made::leading_place(pair).await,
        ErrorClass::TemplateExists => ways::made::twice(pair).await,
        ErrorClass::TemplateNameLocked => ways::made::after_deletion(pair).await,
        ErrorClass::TemplateNameInvalid => ways::made::badly_named(pair).await,
        ErrorClass::TemplateSample => ways::made::sample_deleted(pair).await,
        ErrorClass::Flow => ways::ordered_send(pair, 132_068).await,
        ErrorClass::Pagination => ways::made::listed_from_nowhere(pair).await,
        ErrorClass::Group => ways::recipient::group(pair).await,
        ErrorClass::Registration => ways::account::number_in(pair, "DISCONNECTED").await,
        ErrorClass::OAuthCode => ways::account::used_code(pair).await,
        ErrorClass::Unparseable => ways::bare_status(pair, 403).await,
        ErrorClass::Unknown => ways::ordered(pair, 999_999, 999_999).await,
    }
}

const PROMISES: [Promise; 40] = {
    use Advice::{
        AdoptExisting, DeferDay, PauseAccount, PausePhoneNumber, PauseTemplate, Permanent, RestartSignup,
        RetryAfterTenMinutes, RetryBackoff, RetryBackoffPair, RetryLimited, RetryWithoutCursor, StopTemplate,
    };
    use ErrorClass as Is;
    use Proof::{NoSend, Rejected, Unknown, Unsent};
    [
        row(Is::AccountAuth, Rejected, PauseAccount, "has expired or was removed"),
        row(Is::AccountPermission, Rejected, PauseAccount, "permission"),
        row(Is::AccountLocked, Rejected, PauseAccount, "restricted your account"),
        row(Is::AccountBilling, Rejected, PauseAccount, "cannot charge"),
        row(Is::AccountQualityLimit, Rejected, PausePhoneNumber, "blocked or reported"),
        row(Is::AccountMaintenance, Unsent(Some(60)), RetryBackoff, "upgrading the number"),
        row(Is::ThrottleApp, Unsent(None), RetryBackoff, "requests to WhatsApp at once"),
        row(Is::ThrottlePhone, Unsent(None), RetryBackoff, "faster than WhatsApp allows"),
        row(Is::ThrottlePair, Unsent(Some(6)), RetryBackoffPair, "to this recipient in a short time"),
        row(Is::TransientServer, Unknown, RetryLimited, "a temporary problem"),
        row(Is::RequestInvalid, Rejected, Permanent, "does not accept the request"),
        row(Is::NotFoundOrNoAccess, NoSend, Permanent, "does not exist at WhatsApp"),
        row(Is::RecipientPermanent, Rejected, Permanent, "cannot get the message"),
        row(Is::RecipientOptedOut, Rejected, Permanent, "stopped your marketing messages"),
        row(Is::RecipientCapped, Rejected, DeferDay, "no more marketing messages for now"),
        row(Is::RecipientWindowClosed, Rejected, Permanent, "within 24 hours"),
        row(Is::RecipientExperiment, Rejected, Permanent, "withholding messages to this recipient"),
        row(Is::RecipientNotAddressable, Rejected, Permanent, "needs the recipient's phone number"),
        row(Is::Media, Rejected, RetryLimited, "The file cannot be fetched"),
        row(Is::TemplateParams, Rejected, Permanent, "do not fit the template's variables"),
        row(Is::TemplateMissing, Rejected, Permanent, "no approved template of that name"),
        row(Is::TemplateContent, Rejected, Permanent, "too long once it is filled in"),
        row(Is::TemplatePaused, Rejected, PauseTemplate, "paused the template"),
        row(Is::TemplateDisabled, Rejected, StopTemplate, "disabled the template permanently"),
        row(Is::TemplateSyncing, Unsent(Some(600)), RetryAfterTenMinutes, "too new to be sent"),
        row(Is::TemplateUnavailable, Rejected, StopTemplate, "cannot be sent this way"),
        row(Is::TemplateLimit, NoSend, Permanent, "as many templates as WhatsApp allows"),
        row(Is::TemplateEdit, NoSend, Permanent, "cannot be changed now"),
        row(Is::TemplateFormat, NoSend, Permanent, "break WhatsApp's rules"),
        row(Is::TemplateExists, NoSend, AdoptExisting, "a template of that name and language"),
        row(Is::TemplateNameLocked, NoSend, Permanent, "was deleted a short while ago"),
        row(Is::TemplateNameInvalid, NoSend, Permanent, "name is not allowed"),
        row(Is::TemplateSample, NoSend, Permanent, "WhatsApp's own samples"),
        row(Is::Flow, Rejected, Permanent, "The form in the message"),
        row(Is::Pagination, NoSend, RetryWithoutCursor, "cursor has expired"),
        row(Is::Group, Rejected, Permanent, "The group cannot be used"),
        row(Is::Registration, Rejected, PausePhoneNumber, "is not registered"),
        row(Is::OAuthCode, NoSend, RestartSignup, "took too long or was used before"),
        row(Is::Unparseable, Unknown, Permanent, "between us and WhatsApp"),
        row(Is::Unknown, Rejected, Permanent, "an unknown reason"),
    ]
};

/// What a send concluded is what its class promises; its code is of that class, where the send tells one.
fn check_send(promise: &Promise, outcome: &Outcome) {
    let class = promise.class;
    let error = match (promise.proof, outcome) {
        (Proof::Rejected, Outcome::Rejected(error)) => Some(error),
        (Proof::Unsent(seconds), Outcome::KnownUnsent { wait, error }) => {
            assert_eq!(*wait, seconds.map(SignedDuration::from_secs), "{class:?}");
            error.as_ref()
        }
        (Proof::Unknown, Outcome::Unknown) => return,
        (
            Proof::Rejected | Proof::Unsent(_) | Proof::Unknown | Proof::NoSend,
            Outcome::Accepted(_) | Outcome::Rejected(_) | Outcome::KnownUnsent { .. } | Outcome::Unknown,
        ) => panic!("{class:?} proves {:?}, and the send concluded {outcome:?}", promise.proof),
    };
    let code = error.expect("the send tells Meta's code").code;
    assert_eq!(ErrorClass::of(code, None), class, "{code}");
    assert_eq!(Advice::of(code, None), promise.advice, "{code}");
}

fn check_call(promise: &Promise, error: &CallError) {
    let (class, advice) = match error {
        CallError::Graph(error) => (error.class(), error.advice()),
        CallError::Status(status) => {
            let failure = Failure::read(*status, &HeaderMap::new(), b"").expect("a failure");
            (failure.class(), failure.advice())
        }
        CallError::NotSent(_)
        | CallError::Broken(_)
        | CallError::TooLarge
        | CallError::Unreadable(_)
        | CallError::NotDone => panic!("{:?} is no fault of the way: {error:?}", promise.class),
    };
    assert_eq!((class, advice), (promise.class, promise.advice), "{error:?}");
}

/// Meets a class in a world of its own.
async fn meet(promise: &Promise) {
    let pair = Pair::open().await;
    let met = reach(promise.class, &pair).await;
    assert!(!met.is_empty(), "{:?} is met", promise.class);
    let sends = met.iter().filter(|one| matches!(one, Met::Send(_))).count();
    assert_eq!(sends == 0, promise.proof == Proof::NoSend, "{:?} is met by a send", promise.class);
    for one in met {
        match one {
            Met::Send(outcome) => check_send(promise, &outcome),
            Met::Call(error) => check_call(promise, &error),
        }
    }
    assert_eq!(pair.accepted(REFUSED).await, None, "{:?}: the oracle has it", promise.class);
    let explanation = promise.class.explanation();
    assert!(explanation.problem.contains(promise.words), "{:?}: {}", promise.class, explanation.problem);
    assert!(!explanation.remedy.is_empty(), "{:?}", promise.class);
}

#[tokio::test]
async fn every_class_of_errors_is_met_and_proves_what_it_promises() {
    for promise in &PROMISES {
        meet(promise).await;
    }
}

#[test]
fn every_class_has_a_promise() {
    let promised: Vec<ErrorClass> = PROMISES.iter().map(|promise| promise.class).collect();
    assert_eq!(promised, ErrorClass::ALL);
}
