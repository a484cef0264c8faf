//! Explanations of error classes for tenants: what went wrong and what they can do about it.
//!
//! Meta's own texts are in the language of the token's owner, name our fields and change; these do not.

use super::ErrorClass;

/// An explanation for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub problem: &'static str,
    pub remedy: &'static str,
}

impl ErrorClass {
    /// The explanation of this class for a tenant.
    pub fn explanation(self) -> Explanation {
        let row = TABLE.iter().find(|(class, _, _)| *class == self);
        let (problem, remedy) = row.map_or(UNKNOWN, |(_, problem, remedy)| (*problem, *remedy));
        Explanation { problem, remedy }
    }
}

const UNKNOWN: (&str, &str) =
    ("WhatsApp refused the request for an unknown reason.", "Contact support with the error's code.");
const WAIT: &str = "Nothing: we try again automatically.";
const SUPPORT: &str = "Contact support: our request is wrong.";

const TABLE: &[(ErrorClass, &str, &str)] = &[
    (
        ErrorClass::AccountAuth,
        "The connection to your WhatsApp account has expired or was removed.",
        "Connect the account again.",
    ),
    (
        ErrorClass::AccountPermission,
        "A permission for your WhatsApp account is missing.",
        "Connect the account again and grant every permission.",
    ),
    (
        ErrorClass::AccountLocked,
        "WhatsApp has restricted your account, or closed a country to it.",
        "Check the account's quality in WhatsApp Manager and appeal there.",
    ),
    (
        ErrorClass::AccountBilling,
        "WhatsApp cannot charge for your messages.",
        "Check the payment method in WhatsApp Manager, and accept the payment terms there.",
    ),
    (
        ErrorClass::AccountQualityLimit,
        "Too many people blocked or reported your messages.",
        "Send to people who expect it, and wait until WhatsApp lifts the limit.",
    ),
    (ErrorClass::AccountMaintenance, "WhatsApp is upgrading the number.", WAIT),
    (ErrorClass::ThrottleApp, "Too many requests to WhatsApp at once.", WAIT),
    (ErrorClass::ThrottlePhone, "The number sends faster than WhatsApp allows.", WAIT),
    (ErrorClass::ThrottlePair, "Too many messages to this recipient in a short time.", WAIT),
    (
        ErrorClass::TransientServer,
        "WhatsApp has a temporary problem.",
        "Nothing: the status is updated as soon as WhatsApp reports it.",
    ),
    (
        ErrorClass::RequestInvalid,
        "WhatsApp does not accept the request.",
        "Check your values; if they are correct, contact support.",
    ),
    (
        ErrorClass::NotFoundOrNoAccess,
        "The object in the request does not exist at WhatsApp, or we have no access to it.",
        "Connect the account again and include everything that you want to use.",
    ),
    (
        ErrorClass::RecipientPermanent,
        "This recipient cannot get the message on WhatsApp.",
        "Check the number, or reach the recipient another way.",
    ),
    (
        ErrorClass::RecipientOptedOut,
        "The recipient stopped your marketing messages.",
        "Do not send marketing to this recipient.",
    ),
    (
        ErrorClass::RecipientCapped,
        "The recipient gets no more marketing messages for now.",
        "Try again after a day at the earliest, or send something other than marketing.",
    ),
    (
        ErrorClass::RecipientWindowClosed,
        "The recipient has not written to you within 24 hours.",
        "Send a template.",
    ),
    (
        ErrorClass::RecipientExperiment,
        "WhatsApp is withholding messages to this recipient.",
        "Reach the recipient another way.",
    ),
    (
        ErrorClass::RecipientNotAddressable,
        "This kind of message needs the recipient's phone number.",
        "Ask the recipient for the number.",
    ),
    (
        ErrorClass::Media,
        "The file cannot be fetched, or WhatsApp does not accept its type or size.",
        "Check the file and its address.",
    ),
    (
        ErrorClass::TemplateParams,
        "The values do not fit the template's variables.",
        "Give one value for each variable, of the kind that the template expects.",
    ),
    (
        ErrorClass::TemplateMissing,
        "There is no approved template of that name and language.",
        "Check the name and the language, and that the template is approved.",
    ),
    (
        ErrorClass::TemplateContent,
        "The text is too long once it is filled in, or violates WhatsApp's policy.",
        "Give shorter values, or change the template.",
    ),
    (
        ErrorClass::TemplatePaused,
        "WhatsApp paused the template because of its quality.",
        "Wait until it is active again, or use another template.",
    ),
    (ErrorClass::TemplateDisabled, "WhatsApp disabled the template permanently.", "Create another template."),
    (ErrorClass::TemplateSyncing, "The template is too new to be sent.", WAIT),
    (ErrorClass::TemplateUnavailable, "The template cannot be sent this way.", "Use another template."),
    (
        ErrorClass::TemplateLimit,
        "The account has as many templates as WhatsApp allows.",
        "Delete templates that you do not need.",
    ),
    (
        ErrorClass::TemplateEdit,
        "The template cannot be changed now.",
        "Wait until its review is over, or a day after its last change.",
    ),
    (
        ErrorClass::TemplateFormat,
        "The template's text, examples or variables break WhatsApp's rules.",
        "Change what the error names and submit the template again.",
    ),
    (
        ErrorClass::TemplateExists,
        "There already is a template of that name and language.",
        "Use it, or choose another name.",
    ),
    (
        ErrorClass::TemplateNameLocked,
        "A template of that name was deleted a short while ago.",
        "Choose another name, or wait four weeks.",
    ),
    (
        ErrorClass::TemplateNameInvalid,
        "The template's name is not allowed.",
        "Use lower-case letters, digits and underscores.",
    ),
    (ErrorClass::TemplateSample, "That is one of WhatsApp's own samples.", "Create your own template."),
    (
        ErrorClass::Flow,
        "The form in the message is blocked or slowed down by WhatsApp.",
        "Check the form in WhatsApp Manager.",
    ),
    (
        ErrorClass::Pagination,
        "The list's cursor has expired.",
        "Nothing: the list is read again from its start.",
    ),
    (ErrorClass::Group, "The group cannot be used.", "Check that it still exists and that you are in it."),
    (
        ErrorClass::Registration,
        "The number is not registered, or its code or PIN is wrong.",
        "Connect the number again; after many attempts wait three days.",
    ),
    (ErrorClass::OAuthCode, "The login took too long or was used before.", "Log in again."),
    (ErrorClass::Unparseable, "Something between us and WhatsApp refused the request.", SUPPORT),
    (ErrorClass::Unknown, UNKNOWN.0, UNKNOWN.1),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_class_has_its_own_explanation() {
        let rows: HashSet<ErrorClass> = TABLE.iter().map(|(class, _, _)| *class).collect();
        assert_eq!(rows.len(), TABLE.len(), "each class once");
        assert_eq!(rows, ErrorClass::ALL.into_iter().collect(), "every class");
        let problems: HashSet<&str> = TABLE.iter().map(|(_, problem, _)| *problem).collect();
        assert_eq!(problems.len(), TABLE.len());
        for class in ErrorClass::ALL {
            let Explanation { problem, remedy } = class.explanation();
            assert!(problem.ends_with('.') && remedy.ends_with('.'), "{class:?}");
        }
    }
}
