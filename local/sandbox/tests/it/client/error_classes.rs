//! Every error class of the client can be triggered and leads to the expected conclusion.

use domain::messages::Outcome;
use jiff::SignedDuration;
use meta::CallError;
use meta::error::{Advice, ErrorClass, Failure};
use reqwest::header::HeaderMap;

use super::setup::Setup;
use super::triggers::{self, REFUSED, Refusal};

/// What a send concludes from a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conclusion {
    /// Meta will never accept the message.
    Rejected,
    /// It can be sent again, after the given seconds if Meta names a time.
    Unsent(Option<i64>),
    /// It may have been accepted.
    Unknown,
    /// No send triggers the class.
    NoSend,
}

struct Expectation {
    class: ErrorClass,
    conclusion: Conclusion,
    advice: Advice,
    /// A part of the explanation for tenants.
    explanation: &'static str,
}

const fn row(
    class: ErrorClass,
    conclusion: Conclusion,
    advice: Advice,
    explanation: &'static str,
) -> Expectation {
    Expectation { class, conclusion, advice, explanation }
}

/// Triggers a class. A new class does not compile until it has a trigger.
async fn trigger(class: ErrorClass, setup: &Setup) -> Vec<Refusal> {
    match class {
        ErrorClass::AccountAuth => triggers::account::unusable_token(setup).await,
        ErrorClass::AccountPermission => triggers::account::missing_scope(setup).await,
        ErrorClass::AccountLocked => triggers::account::in_state(setup, "LOCKED").await,
        ErrorClass::AccountBilling => triggers::account::in_state(setup, "UNPAID").await,
        ErrorClass::AccountQualityLimit => triggers::account::number_in(setup, "RATE_LIMITED").await,
        ErrorClass::AccountMaintenance => triggers::account::in_state(setup, "MAINTENANCE").await,
        ErrorClass::ThrottleApp => triggers::limits::calls(setup).await,
        ErrorClass::ThrottlePhone => triggers::limits::throughput(setup).await,
        ErrorClass::ThrottlePair => triggers::limits::pair_limit(setup).await,
        ErrorClass::TransientServer => triggers::ordered(setup, 131_016, 2).await,
        ErrorClass::RequestInvalid => triggers::recipient::own_number(setup).await,
        ErrorClass::NotFoundOrNoAccess => triggers::account::not_found(setup).await,
        ErrorClass::RecipientPermanent => triggers::recipient::text_to(setup, "+15550000006").await,
        ErrorClass::RecipientOptedOut => triggers::recipient::marketing_to(setup, "+15550000012").await,
        ErrorClass::RecipientCapped => triggers::ordered_send(setup, 131_049).await,
        ErrorClass::RecipientWindowClosed => triggers::recipient::without_window(setup).await,
        ErrorClass::RecipientExperiment => triggers::ordered_send(setup, 130_472).await,
        ErrorClass::RecipientNotAddressable => triggers::recipient::code_to_user(setup).await,
        ErrorClass::Media => triggers::ordered_send(setup, 131_053).await,
        ErrorClass::TemplateParams => triggers::template_sends::wrong_parameters(setup).await,
        ErrorClass::TemplateMissing => triggers::template_sends::missing(setup).await,
        ErrorClass::TemplateContent => triggers::template_sends::too_long(setup).await,
        ErrorClass::TemplatePaused => triggers::template_sends::in_status(setup, "PAUSED").await,
        ErrorClass::TemplateDisabled => triggers::template_sends::in_status(setup, "DISABLED").await,
        ErrorClass::TemplateSyncing => triggers::ordered_send(setup, 134_101).await,
        ErrorClass::TemplateUnavailable => triggers::template_sends::marketing_disabled(setup).await,
        ErrorClass::TemplateLimit => triggers::templates::one_too_many(setup).await,
        ErrorClass::TemplateEdit => triggers::templates::edited_twice(setup).await,
        ErrorClass::TemplateFormat => triggers::templates::invalid_text(setup).await,
        ErrorClass::TemplateExists => triggers::templates::created_twice(setup).await,
        ErrorClass::TemplateNameLocked => triggers::templates::after_deletion(setup).await,
        ErrorClass::TemplateNameInvalid => triggers::templates::invalid_name(setup).await,
        ErrorClass::TemplateSample => triggers::templates::sample_deleted(setup).await,
        ErrorClass::Flow => triggers::ordered_send(setup, 132_068).await,
        ErrorClass::Pagination => triggers::templates::invalid_cursor(setup).await,
        ErrorClass::Group => triggers::recipient::group(setup).await,
        ErrorClass::Registration => triggers::account::number_in(setup, "DISCONNECTED").await,
        ErrorClass::OAuthCode => triggers::account::used_code(setup).await,
        ErrorClass::Unparseable => triggers::bare_status(setup, 403).await,
        ErrorClass::Unknown => triggers::ordered(setup, 999_999, 999_999).await,
    }
}

const EXPECTATIONS: [Expectation; 40] = {
    use Advice::{
        AdoptExisting, DeferDay, PauseAccount, PausePhoneNumber, PauseTemplate, Permanent, RestartSignup,
        RetryAfterTenMinutes, RetryBackoff, RetryBackoffPair, RetryLimited, RetryWithoutCursor, StopTemplate,
    };
    use Conclusion::{NoSend, Rejected, Unknown, Unsent};
    use ErrorClass as Is;
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

/// The outcome of a send is the expected one, and so is the class of its code, if it has one.
fn check_send(expected: &Expectation, outcome: &Outcome) {
    let class = expected.class;
    let error = match (expected.conclusion, outcome) {
        (Conclusion::Rejected, Outcome::Rejected(error)) => Some(error),
        (Conclusion::Unsent(seconds), Outcome::KnownUnsent { wait, error }) => {
            assert_eq!(*wait, seconds.map(SignedDuration::from_secs), "{class:?}");
            error.as_ref()
        }
        (Conclusion::Unknown, Outcome::Unknown) => return,
        (
            Conclusion::Rejected | Conclusion::Unsent(_) | Conclusion::Unknown | Conclusion::NoSend,
            Outcome::Accepted(_) | Outcome::Rejected(_) | Outcome::KnownUnsent { .. } | Outcome::Unknown,
        ) => panic!("{class:?} leads to {:?}, but the outcome is {outcome:?}", expected.conclusion),
    };
    let code = error.expect("the outcome has Meta's code").code;
    assert_eq!(ErrorClass::of(code, None), class, "{code}");
    assert_eq!(Advice::of(code, None), expected.advice, "{code}");
}

fn check_call(expected: &Expectation, error: &CallError) {
    let (class, advice) = match error {
        CallError::Graph(error) => (error.class(), error.advice()),
        CallError::Status(status) => {
            let failure = Failure::read(*status, &HeaderMap::new(), b"").expect("a failure");
            (failure.class(), failure.advice())
        }
        CallError::NotSent(_)
        | CallError::NotAnId(_)
        | CallError::Broken(_)
        | CallError::TooLarge
        | CallError::Unreadable(_)
        | CallError::NotDone => panic!("{:?} is an error of Meta: {error:?}", expected.class),
    };
    assert_eq!((class, advice), (expected.class, expected.advice), "{error:?}");
}

/// Triggers a class with a new sandbox.
async fn check_class(expected: &Expectation) {
    let setup = Setup::start().await;
    let refusals = trigger(expected.class, &setup).await;
    assert!(!refusals.is_empty(), "{:?} is triggered", expected.class);
    let sends = refusals.iter().filter(|refusal| matches!(refusal, Refusal::Send(_))).count();
    assert_eq!(
        sends == 0,
        expected.conclusion == Conclusion::NoSend,
        "{:?} is triggered by a send",
        expected.class
    );
    for refusal in refusals {
        match refusal {
            Refusal::Send(outcome) => check_send(expected, &outcome),
            Refusal::Call(error) => check_call(expected, &error),
        }
    }
    assert_eq!(setup.accepted(REFUSED).await, None, "{:?}: nothing is accepted", expected.class);
    let explanation = expected.class.explanation();
    assert!(
        explanation.problem.contains(expected.explanation),
        "{:?}: {}",
        expected.class,
        explanation.problem
    );
    assert!(!explanation.remedy.is_empty(), "{:?}", expected.class);
}

#[tokio::test]
async fn every_error_class_can_be_triggered_and_leads_to_its_conclusion() {
    for expected in &EXPECTATIONS {
        check_class(expected).await;
    }
}

#[test]
fn every_error_class_has_an_expectation() {
    let expected: Vec<ErrorClass> = EXPECTATIONS.iter().map(|expected| expected.class).collect();
    assert_eq!(expected, ErrorClass::ALL);
}
