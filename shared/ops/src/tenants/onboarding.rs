//! What a tenant has still to do before its first message is delivered.

use domain::access::email::EmailProof;
use domain::tenants::OnboardingStep;
use store::StoreError;
use store::tenants::onboarding::{self, SetUp};

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::TenantReader;
use crate::kernel::platform::Platform;

/// A step, and what to do about it while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub step: OnboardingStep,
    pub to_do: Option<&'static str>,
}

/// Every step in its order.
pub async fn onboarding(platform: &Platform, permit: &TenantReader) -> Result<Vec<Checked>, StoreError> {
    let found = platform.store.perform(&platform.act(permit), &ReadSetUp {}).await?;
    let has_proven_email = found.has_proven_email || platform.email_proof == EmailProof::Off;
    let set_up = SetUp { has_proven_email, ..found };
    Ok(OnboardingStep::ALL.map(|step| Checked { step, to_do: to_do(step, set_up) }).to_vec())
}

one_statement! {
    const NAME: &'static str = "read_set_up";
    struct ReadSetUp {}
    fn run(&self, tx) -> SetUp { onboarding::read(tx) }
}

fn to_do(step: OnboardingStep, set_up: SetUp) -> Option<&'static str> {
    let (is_done, to_do) = match step {
        OnboardingStep::Email => (
            set_up.has_proven_email,
            "Open the link in the e-mail that was sent to you at registration. If it is lost, have another one sent \
             (POST /auth/resend-verification).",
        ),
        OnboardingStep::Number if set_up.has_number => (
            set_up.has_open_number,
            "Connect your WhatsApp Business account again: Meta does not let this platform use it at the moment.",
        ),
        OnboardingStep::Number => (
            set_up.has_open_number,
            "Connect your WhatsApp Business account, with a phone number that you send from.",
        ),
        OnboardingStep::Webhook => (
            set_up.has_heard,
            "Send a message to your own phone. If Meta has reported nothing after some minutes, connect your WhatsApp \
             Business account again.",
        ),
        OnboardingStep::Template if set_up.has_rejected_template => (
            set_up.has_approved_template,
            "Meta has rejected a template: read the reason, correct the text, and submit it again.",
        ),
        OnboardingStep::Template if set_up.has_template => (
            set_up.has_approved_template,
            "Wait until Meta has reviewed your template: minutes, at most a day.",
        ),
        OnboardingStep::Template => {
            (set_up.has_approved_template, "Create a template; Meta has to approve it before it can be sent.")
        }
        OnboardingStep::Credit => {
            (set_up.has_credit, "Ask the platform's owner for credit: without it nothing is sent.")
        }
        OnboardingStep::TestMessage => (
            set_up.has_delivered,
            "Send a message to your own phone with an approved template, and wait until it is delivered.",
        ),
    };
    (!is_done).then_some(to_do)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_open_step_says_what_to_do_and_a_done_one_says_nothing() {
        for step in OnboardingStep::ALL {
            assert!(to_do(step, SetUp::default()).is_some(), "{step}");
            let all = SetUp {
                has_proven_email: true,
                has_number: true,
                has_open_number: true,
                has_heard: true,
                has_template: true,
                has_approved_template: true,
                has_rejected_template: true,
                has_credit: true,
                has_delivered: true,
            };
            assert_eq!(to_do(step, all), None, "{step}");
        }
        let paused = SetUp { has_number: true, ..SetUp::default() };
        assert!(to_do(OnboardingStep::Number, paused).unwrap().contains("again"));
        let rejected = SetUp { has_template: true, has_rejected_template: true, ..SetUp::default() };
        assert!(to_do(OnboardingStep::Template, rejected).unwrap().contains("rejected"));
    }
}
