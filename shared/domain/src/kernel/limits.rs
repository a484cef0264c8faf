//! Limits that the whole product shares.

use crate::kernel::money::Money;

/// Days ahead that a message may be scheduled.
pub const SCHEDULE_DAYS_MAX: i64 = 366;
/// Contacts in one import call: of 150 bytes each they fit into its body.
pub const IMPORT_CONTACTS_MAX: usize = 20_000;
/// Characters of the name of a person or a business.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of an e-mail address (RFC 5321, section 4.5.3.1.3, less the brackets).
pub const EMAIL_CHARS_MAX: usize = 254;
/// Characters of a slug: a label of a host name (RFC 1035).
pub const SLUG_CHARS_MAX: usize = 63;
/// Characters of a plan's name.
pub const PLAN_NAME_CHARS_MAX: usize = 60;
/// A margin in hundredths of a percent of Meta's price: ten times the price.
pub const MARGIN_BPS_MAX: i32 = 100_000;
/// What Meta may charge for one message at most: a hundred. A larger price is probably a typing error.
pub const RATE_MAX: Money = Money::from_micros(100_000_000);
/// Characters of a rate card's name.
pub const RATE_CARD_NAME_CHARS_MAX: usize = 60;
/// Characters of where a rate card comes from.
pub const RATE_CARD_SOURCE_CHARS_MAX: usize = 500;
/// Mistakes of a rate card that are named at most.
pub const RATE_CARD_MISTAKES_MAX: usize = 100;
/// Recipients of one quote.
pub const QUOTE_RECIPIENTS_MAX: usize = 10_000;
/// Bytes of a quote's body: so many contacts take 390,000.
pub const QUOTE_BODY_BYTES_MAX: usize = 524_288;
/// The largest amount of one top-up: a million. A larger one is probably a typing error.
pub const TOP_UP_MAX: Money = Money::from_micros(1_000_000_000_000);
/// The largest balance: far enough from the range of [`Money`] that no sum can overflow.
pub const BALANCE_MAX: Money = Money::from_micros(1_000_000_000_000_000);
/// Minutes in which the same top-up is booked once, unless it has an idempotency key.
pub const SAME_TOP_UP_MINUTES: i64 = 10;
/// Characters of a top-up's description.
pub const CREDIT_DESCRIPTION_CHARS_MAX: usize = 500;
/// The largest amount of one adjustment, in either direction.
pub const ADJUSTMENT_MAX: Money = TOP_UP_MAX;
/// Characters of an adjustment's reason.
pub const ADJUSTMENT_REASON_CHARS_MAX: usize = CREDIT_DESCRIPTION_CHARS_MAX;
/// Above this amount an adjustment is booked by two people, unless the platform is configured otherwise.
pub const ADJUSTMENT_APPROVAL_OVER_DEFAULT: Money = Money::from_micros(100_000_000);
/// Days in which the second person may approve it.
pub const ADJUSTMENT_DAYS: i64 = 7;
/// Amounts below which a tenant may want to be warned of its balance.
pub const LOW_BALANCE_THRESHOLDS_MAX: usize = 5;
/// Bytes of a contact's attributes, as JSON.
pub const ATTRIBUTES_BYTES_MAX: usize = 4_096;
/// Characters of an idempotency key, as in the practice of payment APIs.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Characters of the name of a template's variable.
pub const VARIABLE_NAME_CHARS_MAX: usize = 60;
/// Characters of Meta's code of a language, such as `en_US`.
pub const LANGUAGE_CHARS_MAX: usize = 10;
/// Characters of one variable's value in a message.
pub const VARIABLE_CHARS_MAX: usize = 1_024;
/// Characters of the code from Meta's login dialog, which is sent to Meta in a URL.
pub const OAUTH_CODE_CHARS_MAX: usize = 2_048;
/// Bytes of a JSON body on ordinary routes.
pub const BODY_BYTES_MAX: usize = 262_144;
/// Bytes of an event that Lambda hands to a function, and of a function's answer: 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, invocation payload, synchronous).
pub const EVENT_BYTES_MAX: usize = 6_291_456;
/// Bytes of an event beside the body of its request. API Gateway takes 10,240 bytes of request line and header values
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>); it writes the path three times and
/// the query twice, some bytes as six.
const EVENT_REST_BYTES: usize = 91_456;
/// Bytes of a body as it is written into an event, where it is the text of a JSON string: a quote, a backslash and a line
/// end take two bytes there, other control characters six. On one machine there is no event, and the limit is the same.
pub const EVENT_BODY_BYTES_MAX: usize = EVENT_BYTES_MAX - EVENT_REST_BYTES;
/// Bytes of an import's body. JSON has no raw control characters but white space, so that JSON at most doubles in an event:
/// every import of this size is within [`EVENT_BODY_BYTES_MAX`], and its sender has one number to count with.
pub const IMPORT_BODY_BYTES_MAX: usize = 3_000_000;
/// Bytes of a webhook body: Meta sends up to 3 MB. Of the bytes of a webhook with statuses alone one in six is a quote, so
/// that this many take 4,700,000 bytes of an event (see [`EVENT_BODY_BYTES_MAX`]).
pub const WEBHOOK_BODY_BYTES_MAX: usize = 4_000_000;
/// Bytes of the rows of one page, as they are written into an answer of a function, which may have [`EVENT_BYTES_MAX`]. The
/// rest is for its headers, and for the row that is over it when it is alone on its page.
pub const PAGE_BYTES_MAX: usize = 5_000_000;
/// Characters of a password; more would only cost time to hash.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// OWASP ASVS 6.2.1.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Characters of an API key's name.
pub const KEY_NAME_CHARS_MAX: usize = 100;
/// API keys of a tenant that are neither revoked nor expired.
pub const LIVE_KEYS_MAX: i64 = 100;
/// Days after which an API key expires when no time is named.
pub const KEY_DAYS_DEFAULT: i64 = 90;
/// Characters of a code of a second factor, or of a recovery code, however it is grouped.
pub const CODE_CHARS_MAX: usize = 64;
/// Rows of one page of a list at most.
pub const PAGE_ROWS_MAX: u32 = 200;
/// Rows of one page when the caller names no limit.
pub const PAGE_ROWS_DEFAULT: u32 = 50;
/// The reason for a change of a tenant's state, which its owners read.
pub const STATE_REASON_CHARS_MAX: usize = 500;
/// What tenants are searched by.
pub const SEARCH_CHARS_MAX: usize = 100;
/// How long an invitation to register is good for: unless another time is given, and at most.
pub const INVITATION_DAYS_DEFAULT: i64 = 7;
pub const INVITATION_DAYS_MAX: i64 = 90;
