//! One table from Meta's code, and where needed its subcode, to the class of an error.

use jiff::SignedDuration;
use serde::Serialize;

/// What an error is about. Sources: Meta's "Error codes" page, its reference of template and registration errors, and
/// observed answers. Meta's titles and HTTP statuses decide nothing, because both vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The token is expired, unknown or missing. Nothing works until the tenant connects again.
    AccountAuth,
    /// A permission or an asset is missing.
    AccountPermission,
    /// Restricted or locked by policy.
    AccountLocked,
    /// The payment method, or terms of payment.
    AccountBilling,
    /// Limited because of spam or misclassified templates.
    AccountQualityLimit,
    /// A short maintenance or an upgrade of the number's throughput, about a minute.
    AccountMaintenance,
    /// Too many calls for the app or the account.
    ThrottleApp,
    /// Too many messages a second from the number.
    ThrottlePhone,
    /// Too many messages from this number to this recipient.
    ThrottlePair,
    /// A failure on Meta's side.
    TransientServer,
    /// The request is wrong.
    RequestInvalid,
    /// The object does not exist, or we have no access to it.
    NotFoundOrNoAccess,
    /// This recipient cannot receive the message.
    RecipientPermanent,
    RecipientOptedOut,
    /// The recipient's quota of marketing messages is used up for at least 24 hours.
    RecipientCapped,
    /// More than 24 hours since the recipient's last message: only a template may be sent.
    RecipientWindowClosed,
    /// Meta withholds the message for an experiment.
    RecipientExperiment,
    /// This kind of message needs a phone number and not a user id.
    RecipientNotAddressable,
    /// Media could not be fetched or uploaded.
    Media,
    /// Wrong number or format of a template's parameters.
    TemplateParams,
    /// No approved template of that name and language.
    TemplateMissing,
    /// Too long once filled in, or against policy.
    TemplateContent,
    /// Paused by Meta, or held for review and then dropped.
    TemplatePaused,
    /// Disabled permanently.
    TemplateDisabled,
    /// Just created; can be sent within ten minutes.
    TemplateSyncing,
    /// Cannot be sent through this API.
    TemplateUnavailable,
    /// Too many templates.
    TemplateLimit,
    /// Its status, or the number of recent edits, forbids an edit.
    TemplateEdit,
    /// Breaks Meta's rules for lengths, examples, headers or variables.
    TemplateFormat,
    /// Name and language are taken.
    TemplateExists,
    /// The name was deleted and stays locked for weeks.
    TemplateNameLocked,
    /// Breaks Meta's rules for names.
    TemplateNameInvalid,
    /// One of Meta's own samples.
    TemplateSample,
    /// A flow is blocked or throttled.
    Flow,
    /// The cursor of a list is too old: list again from the start.
    Pagination,
    /// The group cannot be used.
    Group,
    /// Registration of the number: PIN, code, verification or deletion.
    Registration,
    /// The login's code was used, or belongs to another redirect.
    #[serde(rename = "oauth_code")]
    OAuthCode,
    /// A refusal that is not JSON.
    Unparseable,
    /// Not in this table.
    Unknown,
}

impl ErrorClass {
    pub const ALL: [Self; 40] = [
        Self::AccountAuth,
        Self::AccountPermission,
        Self::AccountLocked,
        Self::AccountBilling,
        Self::AccountQualityLimit,
        Self::AccountMaintenance,
        Self::ThrottleApp,
        Self::ThrottlePhone,
        Self::ThrottlePair,
        Self::TransientServer,
        Self::RequestInvalid,
        Self::NotFoundOrNoAccess,
        Self::RecipientPermanent,
        Self::RecipientOptedOut,
        Self::RecipientCapped,
        Self::RecipientWindowClosed,
        Self::RecipientExperiment,
        Self::RecipientNotAddressable,
        Self::Media,
        Self::TemplateParams,
        Self::TemplateMissing,
        Self::TemplateContent,
        Self::TemplatePaused,
        Self::TemplateDisabled,
        Self::TemplateSyncing,
        Self::TemplateUnavailable,
        Self::TemplateLimit,
        Self::TemplateEdit,
        Self::TemplateFormat,
        Self::TemplateExists,
        Self::TemplateNameLocked,
        Self::TemplateNameInvalid,
        Self::TemplateSample,
        Self::Flow,
        Self::Pagination,
        Self::Group,
        Self::Registration,
        Self::OAuthCode,
        Self::Unparseable,
        Self::Unknown,
    ];

    pub const fn of(code: i32, subcode: Option<i64>) -> Self {
        match (code, subcode) {
            (100, Some(33)) => Self::NotFoundOrNoAccess,
            (100, Some(36_008 | 36_009)) => Self::OAuthCode,
            (100, Some(2_207_051 | 2_388_001 | 2_388_012 | 2_388_091 | 2_388_093 | 2_388_103)) => {
                Self::Registration
            }
            (_, Some(2_388_019)) => Self::TemplateLimit,
            (_, Some(2_388_023)) => Self::TemplateNameLocked,
            (_, Some(2_388_024)) => Self::TemplateExists,
            (_, Some(2_388_039)) => Self::TemplateEdit,
            (_, Some(2_388_040 | 2_388_043 | 2_388_047 | 2_388_072 | 2_388_073 | 2_388_293 | 2_388_299)) => {
                Self::TemplateFormat
            }
            (_, Some(2_388_046 | 2_388_155)) => Self::TemplateNameInvalid,
            (_, Some(2_388_094)) => Self::TemplateSample,
            (0 | 102 | 104 | 190, _) => Self::AccountAuth,
            (3 | 10 | 200..=299 | 131_005, _) => Self::AccountPermission,
            (368 | 130_497 | 131_031, _) => Self::AccountLocked,
            (131_042 | 134_011, _) => Self::AccountBilling,
            (131_048 | 131_064, _) => Self::AccountQualityLimit,
            (131_057 | 2_494_100, _) => Self::AccountMaintenance,
            (4 | 17 | 32 | 613 | 80_007 | 80_008, _) => Self::ThrottleApp,
            (130_429, _) => Self::ThrottlePhone,
            (131_056, _) => Self::ThrottlePair,
            (1 | 2 | 131_000 | 131_016 | 133_004, _) => Self::TransientServer,
            (130_403 | 131_026 | 131_030, _) => Self::RecipientPermanent,
            (131_050, _) => Self::RecipientOptedOut,
            (131_049, _) => Self::RecipientCapped,
            (131_047, _) => Self::RecipientWindowClosed,
            (130_472, _) => Self::RecipientExperiment,
            (131_062, _) => Self::RecipientNotAddressable,
            (131_052 | 131_053, _) => Self::Media,
            (132_000 | 132_012 | 132_018, _) => Self::TemplateParams,
            (132_001, _) => Self::TemplateMissing,
            (132_005 | 132_007, _) => Self::TemplateContent,
            (132_015, _) => Self::TemplatePaused,
            (132_016, _) => Self::TemplateDisabled,
            (134_101, _) => Self::TemplateSyncing,
            (131_063 | 134_102, _) => Self::TemplateUnavailable,
            (132_068 | 132_069, _) => Self::Flow,
            (131_059, _) => Self::Pagination,
            (131_020, _) => Self::Group,
            (131_037 | 131_045 | 133_000 | 133_005..=133_016 | 136_024 | 136_025, _) => Self::Registration,
            (
                33
                | 100
                | 803
                | 131_008
                | 131_009
                | 131_021
                | 131_051
                | 131_055
                | 134_100
                | 135_000
                | 147_001..=147_005,
                _,
            ) => Self::RequestInvalid,
            _ => Self::Unknown,
        }
    }

    /// Whether Meta refused a message before accepting it and would accept the same message later.
    pub const fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::ThrottleApp
                | Self::ThrottlePhone
                | Self::ThrottlePair
                | Self::AccountMaintenance
                | Self::TemplateSyncing
        )
    }

    pub const fn advice(self) -> Advice {
        match self {
            Self::AccountAuth | Self::AccountPermission | Self::AccountLocked | Self::AccountBilling => {
                Advice::PauseAccount
            }
            Self::AccountQualityLimit | Self::Registration => Advice::PausePhoneNumber,
            Self::AccountMaintenance | Self::ThrottleApp | Self::ThrottlePhone => Advice::RetryBackoff,
            Self::ThrottlePair => Advice::RetryBackoffPair,
            Self::TransientServer => Advice::RetryLimited,
            Self::RecipientCapped => Advice::DeferDay,
            Self::TemplatePaused => Advice::PauseTemplate,
            Self::TemplateDisabled | Self::TemplateUnavailable => Advice::StopTemplate,
            Self::TemplateSyncing => Advice::RetryAfterTenMinutes,
            Self::TemplateExists => Advice::AdoptExisting,
            Self::Pagination => Advice::RetryWithoutCursor,
            Self::OAuthCode => Advice::RestartSignup,
            Self::RequestInvalid
            | Self::NotFoundOrNoAccess
            | Self::RecipientPermanent
            | Self::RecipientOptedOut
            | Self::RecipientWindowClosed
            | Self::RecipientExperiment
            | Self::RecipientNotAddressable
            | Self::Media
            | Self::TemplateParams
            | Self::TemplateMissing
            | Self::TemplateContent
            | Self::TemplateLimit
            | Self::TemplateEdit
            | Self::TemplateFormat
            | Self::TemplateNameLocked
            | Self::TemplateNameInvalid
            | Self::TemplateSample
            | Self::Flow
            | Self::Group
            | Self::Unparseable
            | Self::Unknown => Advice::Permanent,
        }
    }

    /// How long Meta asks callers to wait, where it names a time: six seconds between messages to one recipient, a
    /// minute of maintenance, ten minutes until a new template is known everywhere.
    pub const fn wait(self) -> Option<SignedDuration> {
        match self {
            Self::ThrottlePair => Some(SignedDuration::from_secs(6)),
            Self::AccountMaintenance => Some(SignedDuration::from_secs(60)),
            Self::TemplateSyncing => Some(SignedDuration::from_secs(600)),
            _ => None,
        }
    }
}

/// What to do about an error, following Meta's own advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Repeat the request with growing delays.
    RetryBackoff,
    /// The same, for this sender and recipient only.
    RetryBackoffPair,
    /// Repeat a few times; a message only when it is certain that none was accepted.
    RetryLimited,
    /// Repeat within ten minutes.
    #[serde(rename = "retry_after_10min")]
    RetryAfterTenMinutes,
    /// Not before 24 hours.
    #[serde(rename = "defer_24h")]
    DeferDay,
    /// List again from the start.
    RetryWithoutCursor,
    /// Stop the tenant's sending and notify the tenant.
    PauseAccount,
    /// Stop sending from this number.
    PausePhoneNumber,
    /// Stop campaigns with this template.
    PauseTemplate,
    /// Do not use the template again.
    StopTemplate,
    /// Find the existing object and link it.
    AdoptExisting,
    /// Send the tenant through the login again.
    RestartSignup,
    /// Do not repeat.
    Permanent,
}

impl Advice {
    /// Some codes need other advice than their class.
    pub const fn of(code: i32, subcode: Option<i64>) -> Self {
        match code {
            132_069 => Self::RetryBackoff,
            131_053 => Self::RetryLimited,
            134_102 => Self::RetryAfterTenMinutes,
            _ => ErrorClass::of(code, subcode).advice(),
        }
    }
}

/// Whether a code concerns the connection as a whole, so that the account's next message would fail too: an invalid
/// token, a missing permission, a lock, an unpaid bill. A country that is closed to the account (130497) does not
/// count.
pub const fn is_about_account(code: i32) -> bool {
    use ErrorClass::{AccountAuth, AccountBilling, AccountLocked, AccountPermission};
    let class = ErrorClass::of(code, None);
    code != 130_497 && matches!(class, AccountAuth | AccountPermission | AccountLocked | AccountBilling)
}

/// Whether a code says that the recipient stopped the business's marketing messages.
pub const fn is_marketing_stop(code: i32) -> bool {
    matches!(ErrorClass::of(code, None), ErrorClass::RecipientOptedOut)
}

/// What a refused send says about its template, beside the message that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateDoubt {
    /// Meta does not let it be sent: it is gone, paused or disabled.
    Standing,
    /// What was sent does not fit its words at Meta; the fault may also be in this one message.
    Words,
}

/// Whether a refused send puts its template in doubt, so that the next message of it would be refused too.
pub const fn template_doubt(code: i32) -> Option<TemplateDoubt> {
    match code {
        132_001 | 132_015 | 132_016 => Some(TemplateDoubt::Standing),
        131_008 | 132_000 | 132_005 | 132_012 => Some(TemplateDoubt::Words),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
