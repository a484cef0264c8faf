//! A sandbox of Meta's WhatsApp Cloud API: Graph calls with Meta's contract, signed webhooks, faults on demand.
//!
//! A product under development calls it instead of `graph.facebook.com`, and it calls the product's webhook receiver.
//! A test gives orders under `/sandbox` and reads there which messages were accepted.
//!
//! Guaranteed: when the answer says that a message was accepted, `GET /sandbox/acceptances` shows it, and its statuses
//! are sent until the receiver answers 200. With a journal this also holds when the sandbox is killed in between. Errors
//! have Meta's envelope and codes. Like Meta, the sandbox does not deduplicate: the same request twice is accepted twice.
//!
//! The journal stays bounded: when it has grown large it is written anew, and of the acceptances the newest 100,000 stay.
//! While it cannot be written, as on a full disk, what would change something is answered 503.
//!
//! Not included: groups, calls, flows, catalogs, the content of media, the limit of unique recipients per day, callbacks
//! other than the app's, more than one phone number per account.
//!
//! # Accounts
//!
//! Any `code` at `/oauth/access_token` connects an account: WABA, number and token are derived from the code, and the
//! same code gives the same account again and renews its token. Codes that begin with `bad` are refused. As with Meta, a
//! number sends only after `register` (otherwise 133010), and webhooks are sent only after `subscribed_apps`, which
//! performs the handshake with the receiver. `verify_code` accepts `123456`.
//!
//! # Graph calls
//!
//! | path under `/v26.0` | calls |
//! |---|---|
//! | `/oauth/access_token`, `/debug_token` | the exchange of a code, the permissions of a token |
//! | `/{phone}/messages`, `/{phone}/marketing_messages` | messages of every type, read marks |
//! | `/{phone}/media`, `/{media}` | upload, read, delete; a message may name any id of digits |
//! | `/{phone}`, `/{phone}/register`, `…/deregister`, `…/request_code`, `…/verify_code` | read with `health_status`, the PIN, registration |
//! | `/{waba}` | read, also `health_status` and `pricing_analytics.start().end()…` |
//! | `/{waba}/phone_numbers`, `/{waba}/subscribed_apps` | the number, the subscription |
//! | `/{waba}/message_templates`, `/{waba}/upsert_message_templates` | create, list, delete; authentication templates in several languages |
//! | `/{template}`, `/{template}/unpause` | read, edit, end a pause |
//! | `/{business}/owned_whatsapp_business_accounts`, `…/client_…` | the account |
//!
//! Lists take `limit`, `after`, `before`, `fields` and, for templates, `name`, `name_or_content`, `language`,
//! `category`, `status`, `content`, `quality_score`. Management calls answer with `X-Business-Use-Case-Usage` and
//! `X-App-Usage`.
//!
//! # Magic recipients
//!
//! The recipient decides what happens to a message, unless a fault was ordered: [`MAGIC_RECIPIENTS`]. All of them but
//! `+15550000013` count as having written within the last 24 hours; any other number can be sent only templates until an
//! inbound message is ordered.
//!
//! # Orders
//!
//! They take no token. Members marked `?` are optional; unknown members are refused. Times are in milliseconds. `wabaId`
//! and `phoneNumberId` are optional while there is only one account. `copies?` and `delayMs?` are allowed in every order
//! that sends webhooks. `told` in an answer says whether a webhook will be sent.
//!
//! | order | body or query | effect |
//! |---|---|---|
//! | `GET /sandbox/acceptances` | `after?`, `limit?` | the oracle: `{acceptances:[{index, attemptId, wamid, to, phoneNumberId, template, time}], next, more, total}` |
//! | `GET /sandbox/accounts` | | every account with its ids and its token |
//! | `GET /sandbox/webhooks` | | `{pending, delivered, lastError}`, counted in updates |
//! | `POST /sandbox/webhooks` | `field`, `value`, `wabaId?` | sends any value of any field |
//! | `POST /sandbox/faults` | `kind`, `match?{call, to, phoneNumberId, template}`, `times?`, `code?`, `subcode?`, `httpStatus?`, `delayMs?` | a fault for the next matching sends, or for another `call` |
//! | `POST /sandbox/statuses` | `wamid`, `status`, `errorCode?`, `omitOpaque?`, `pricing?`, `conversation?` | sends a status |
//! | `POST /sandbox/inbound` | `from`, `type?`, `content?`, `text?`, `context?`, `referral?`, `name?`, `userId?`, `wamid?` | a person writes, which opens the 24 hours; `content` is an example by default |
//! | `POST /sandbox/preferences` | `from`, `value` of `stop`, `resume`, `signup` | a person's marketing preference: 131050 after `stop` |
//! | `POST /sandbox/templates` | `id` or `name` and `language`; `status?`, `reason?`, `title?`, `quality?`, `category?`, `correctCategory?`, `components?` | Meta changes a template |
//! | `POST /sandbox/reviews` | `status`, `reason?` | the result of the review of templates that are created or edited from now on; `APPROVED` by default |
//! | `POST /sandbox/numbers` | `quality?`, `throughput?`, `messagingLimit?`, `status?`, `onBusinessApp?`, `name?{requested, decision, reason?}`, `security?{event, requester?}` | Meta changes a number |
//! | `POST /sandbox/accounts` | `state?`, `token?`, `scopes?`, `review?`, `capability?`, `alert?`, `update?` | Meta changes an account: `LOCKED` 131031, `RESTRICTED` 368, `UNPAID` 131042, `MAINTENANCE` 131057, `MARKETING_DISABLED` 131063; a token `EXPIRED`, `INVALIDATED`, `PASSWORD_CHANGED` |
//! | `GET`, `POST /sandbox/limits` | `pair?{everyMs, burst}`, `perSecond?`, `phoneNumberId?`, `management?{perHour, code?}`, `window?`, `templates?`, `registrations?` | Meta's limits; `null` switches one off. `window` is `refuse`, `fail` (accepted, then failed) or `off` |
//! | `POST /sandbox/auto` | `on?`, `delayMs?`, `shuffle?`, `duplicate?` | how updates follow by themselves: by default 50 ms apart, in order, once |
//! | `DELETE /sandbox` | | deletes everything but accounts and templates |
//!
//! Kinds of faults: `accept` (even where the recipient would refuse), `refuse` (with `code`, and `subcode` where Meta has
//! one), `status` (a bare HTTP status), `redirect`; and, with an acceptance, `hang`, `reset`, `no_id`, `garbage`,
//! `duplicate_wamid`. A `call` is the last part of a path, such as `message_templates` or `access_token`, and `object`
//! where the path is an id.
//! Faults, limits, reviews and `auto` do not survive the process.

mod accept;
mod account;
mod clock;
mod delivery;
mod digest;
mod error;
mod faults;
mod graph;
mod graph_error;
mod journal;
mod json;
mod limits;
mod message;
mod orders;
mod person;
mod query;
mod recipients;
mod record;
mod running;
mod sandbox;
mod server;
mod state;
mod status;
mod template;
mod update;

pub use error::SandboxError;
pub use recipients::{MAGIC_RECIPIENTS, MagicRecipient};
pub use running::{Options, Running, start};
