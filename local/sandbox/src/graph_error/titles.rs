//! The texts of Meta's error codes.

/// `title` and `error_data.details` of a code.
pub(crate) fn title_and_details(code: i64) -> (&'static str, &'static str) {
    match code {
        0..130_000 => platform(code),
        130_000..132_000 => message(code),
        _ => template_or_number(code),
    }
}

const ON_DEMAND: (&str, &str) = ("Error on demand", "This code was ordered from the sandbox.");
const RESTRICTED: &str = "The account has been restricted or disabled for violating a platform policy.";

/// Codes of the Graph API as a whole.
fn platform(code: i64) -> (&'static str, &'static str) {
    match code {
        1 => ("An unknown error occurred", "Possibly a temporary issue."),
        2 => ("Service temporarily unavailable", "Temporary due to downtime or being overloaded."),
        3 => ("API Method", "The app lacks a capability or a permission."),
        4 => ("Application request limit reached", "The app has reached its API call rate limit."),
        10 => ("Application does not have permission for this action", "Permission not granted or removed."),
        17 => ("User request limit reached", "The user has reached the call rate limit."),
        33 => ("Parameter value is not valid", "The business phone number has been deleted."),
        100 => ("Invalid parameter", "The request included an unsupported or misspelled parameter."),
        190 => ("Error validating access token: Session has expired", "The access token has expired."),
        200 => ("Permissions error", "A permission or the access to the asset is missing."),
        368 => ("Temporarily blocked for policies violations", RESTRICTED),
        613 => ("Calls to this api have exceeded the rate limit.", "The call rate limit is reached."),
        803 => ("Some of the aliases you requested do not exist", "The object was not found."),
        80_007 => ("Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
        80_008 => (
            "There have been too many calls to this WhatsApp Business account. Wait a bit and try again.",
            "The WhatsApp Business Account has reached its rate limit.",
        ),
        _ => ON_DEMAND,
    }
}

/// Codes about a message, its recipient or the sending account.
fn message(code: i64) -> (&'static str, &'static str) {
    match code {
        130_403 => ("Forbidden by the recipient", "The recipient has blocked this business."),
        130_429 => ("Rate limit hit", "Cloud API message throughput has been reached."),
        130_472 => {
            ("User's number is part of an experiment", "Message was not sent as part of an experiment.")
        }
        130_497 => ("Business account is restricted", "Messages to users of this country are restricted."),
        131_000 => ("Something went wrong", "Message failed to send due to an unknown error."),
        131_005 => ("Access denied", "Permission is either not granted or has been removed."),
        131_008 => ("Required parameter is missing", "The request is missing a required parameter."),
        131_009 => ("Parameter value is not valid", "One or more parameter values are invalid."),
        131_016 => ("Service unavailable", "A service is temporarily unavailable."),
        131_020 => ("Group unavailable", "The group does not exist or cannot be used."),
        131_021 => ("Recipient cannot be sender", "Sender and recipient phone number is the same."),
        131_026 => ("Message undeliverable", "Message Undeliverable."),
        131_030 => {
            ("Recipient phone number not in allowed list", "Recipient phone number not in allowed list.")
        }
        131_031 => ("Account has been locked", RESTRICTED),
        131_042 => {
            ("Business eligibility payment issue", "There was an error related to your payment method.")
        }
        131_047 => {
            ("Re-engagement message", "More than 24 hours have passed since the recipient last replied.")
        }
        131_048 => ("Spam rate limit hit", "Too many messages from this number were flagged as spam."),
        131_049 => (
            "This message was not delivered to maintain healthy ecosystem engagement.",
            "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
        ),
        131_050 => {
            ("User has stopped marketing messages", "The recipient chose not to get marketing messages.")
        }
        131_051 => ("Unsupported message type", "Message type is not currently supported."),
        131_052 => ("Media download error", "Unable to download the media sent by the user."),
        131_053 => ("Media upload error", "Unable to upload the media used in the message."),
        131_055 => ("Method not allowed", "Only marketing templates can be sent here."),
        131_056 => (
            "(Business Account, Consumer Account) pair rate limit hit",
            "Too many messages sent to the same phone number in a short period of time.",
        ),
        131_057 => ("Account in maintenance mode", "Business account is in maintenance mode."),
        131_059 => ("Invalid paging cursor", "The cursor provided is no longer valid."),
        131_060 => ("Message unavailable", "The message is no longer available."),
        131_062 => {
            ("Recipient not addressable", "Business-scoped user IDs are not supported for this message type.")
        }
        131_063 => ("Marketing disabled on Cloud API", "Marketing templates are disabled on Cloud API here."),
        131_064 => ("Template classification limit", "Too many templates were put in a wrong category."),
        _ => ON_DEMAND,
    }
}

/// Codes about templates, registration and all others.
fn template_or_number(code: i64) -> (&'static str, &'static str) {
    match code {
        132_000 => (
            "Number of parameters does not match the expected number of params",
            "The number of variable parameter values did not match the template.",
        ),
        132_001 => ("Template name does not exist in the translation", "The template does not exist."),
        132_005 => ("Translated text too long", "The translated text is too long."),
        132_007 => ("Template format character policy violated", "The template's content violates a policy."),
        132_012 => ("Parameter format does not match format in the created template", "Format mismatch."),
        132_015 => ("Template is paused", "Template is paused due to low quality."),
        132_016 => ("Template is disabled", "Template has been paused too many times and is disabled."),
        132_018 => ("There's an issue with the parameters in your template", "Check the parameters."),
        133_005 => ("Two step verification PIN Mismatch", "The two-step verification PIN is incorrect."),
        133_010 => {
            ("Account not registered", "Phone number not registered on the WhatsApp Business Platform.")
        }
        133_016 => (
            "Account register deregister rate limit exceeded",
            "There were too many attempts for this phone number in a short period of time.",
        ),
        134_101 => ("Template is syncing", "The template was created recently and is still being synced."),
        136_025 => ("Invalid code", "The verification code is incorrect."),
        _ => ON_DEMAND,
    }
}
