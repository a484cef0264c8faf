//! A sandbox of Meta's WhatsApp Cloud API: Graph calls with Meta's contract, signed webhooks, faults on demand.
//!
//! Who takes part: a product under development calls it as it would call `graph.facebook.com`; its webhook
//! receiver is called back; a test gives orders under `/sandbox` and reads there what was accepted.
//!
//! Guaranteed: an answer that a message was accepted means that the oracle (`GET /sandbox/acceptances`) has it and
//! that its statuses will be told until the receiver answers 200 — with a journal also when the sandbox is killed
//! in between. Errors come in Meta's envelope with Meta's codes. Nothing is deduplicated, as with Meta: the same
//! request twice is two acceptances.
//!
//! Deliberately not done: groups, calls, flows, catalogs, the content of media, the sending limit by unique people a
//! day, callbacks other than the app's, more than one number for an account.
//!
//! # Accounts
//!
//! Any `code` at `/oauth/access_token` connects the account of that code: WABA, number and token are derived from
//! it, and the same code gives the same account again, with a token that lives. Codes that begin with `bad` are
//! refused. As with Meta, a number sends only after `register` (else 133010), and webhooks come only after
//! `subscribed_apps`, which performs the handshake with the receiver. `verify_code` takes `123456`.
//!
//! # Graph calls
//!
//! | path under `/v26.0` | calls |
//! |---|---|
//! | `/oauth/access_token`, `/debug_token` | the exchange of a code, what a token may do |
//! | `/{phone}/messages`, `/{phone}/marketing_messages` | sends of every type, marks of what was read |
//! | `/{phone}/media`, `/{media}` | upload, read, delete; any id of digits can be sent |
//! | `/{phone}`, `/{phone}/register`, `…/deregister`, `…/request_code`, `…/verify_code` | read with `health_status`, the PIN, registration |
//! | `/{waba}` | read, also `health_status` and `pricing_analytics.start().end()…` |
//! | `/{waba}/phone_numbers`, `/{waba}/subscribed_apps` | the number, the subscription |
//! | `/{waba}/message_templates`, `/{waba}/upsert_message_templates` | create, list, delete; authentication in several languages |
//! | `/{template}`, `/{template}/unpause` | read, edit, the end of a pause |
//! | `/{business}/owned_whatsapp_business_accounts`, `…/client_…` | the account |
//!
//! Lists take `limit`, `after`, `before`, `fields` and, for templates, `name`, `name_or_content`, `language`,
//! `category`, `status`, `content`, `quality_score`. Management calls answer with `X-Business-Use-Case-Usage` and
//! `X-App-Usage`.
//!
//! # Magic recipients
//!
//! Faults ordered by hand go first; otherwise the recipient decides ([`MAGIC_RECIPIENTS`]):
//!
//! | number | what happens |
//! |---|---|
//! | `+15550000001`, and any other | accepted, then sent, delivered, read |
//! | `+15550000002` | accepted, then sent, failed with 131026 |
//! | `+15550000003` | accepted, then silence |
//! | `+15550000004` | accepted, but the connection is reset instead of an answer; statuses follow |
//! | `+15550000005` | of one sender, two calls are refused with 130429 and the third is accepted, in turn |
//! | `+15550000006` | refused with 131030 |
//! | `+15550000007` | accepted, then statuses out of order and doubled |
//! | `+15550000008` | the status `sent` is delivered before the answer is written |
//! | `+15550000009` | accepted, then delivered, failed with 131000 |
//! | `+15550000010` | accepted, then failed with 131026, delivered |
//! | `+15550000011` | a second message of the same sender within 6 seconds is refused with 131056 |
//! | `+15550000012` | marketing templates are refused with 131050 |
//! | `+15550000013` | all but templates is refused with 131047 until it writes (`POST /sandbox/inbound`) |
//! | `+15550000014` | accepted, then failed with 131049 |
//! | `+15550000015` | templates are answered with `held_for_quality_assessment`, then sent, delivered, read |
//! | `+15550000016` | templates are answered with `held_for_quality_assessment`, then failed with 132015 |
//! | `+15550000017` | accepted, then failed with 130472 |
//! | `+15550000018` | accepted, then sent, delivered, never read |
//!
//! Whoever is in the table counts as having written within the last 24 hours, but for 13; everybody else can be sent
//! templates alone until an inbound message was ordered.
//!
//! # Orders
//!
//! They take no token. Members marked `?` may be absent; an unknown member is refused. Waits are in milliseconds.
//! Where an account is meant, `wabaId` or `phoneNumberId` may be absent while there is only one. `copies?` and
//! `delayMs?` go with every order that tells something. `told` in an answer says whether somebody listens.
//!
//! | order | body or query | what it does |
//! |---|---|---|
//! | `GET /sandbox/acceptances` | `after?`, `limit?` | the oracle: `{acceptances:[{index, attemptId, wamid, to, phoneNumberId, template, time}], next, more, total}` |
//! | `GET /sandbox/accounts` | | every account with its ids and its token |
//! | `GET /sandbox/webhooks` | | `{pending, delivered, lastError}`, counted in updates |
//! | `POST /sandbox/webhooks` | `field`, `value`, `wabaId?` | any value of any field, as it is |
//! | `POST /sandbox/faults` | `kind`, `match?{call, to, phoneNumberId, template}`, `times?`, `code?`, `subcode?`, `httpStatus?`, `delayMs?` | what becomes of the next sends that match, or of another `call` |
//! | `POST /sandbox/statuses` | `wamid`, `status`, `errorCode?`, `omitOpaque?`, `pricing?`, `conversation?` | a status by hand |
//! | `POST /sandbox/inbound` | `from`, `type?`, `content?`, `text?`, `context?`, `referral?`, `name?`, `userId?`, `wamid?` | a person writes, which opens the 24 hours; each type has its own example |
//! | `POST /sandbox/preferences` | `from`, `value` of `stop`, `resume`, `signup` | a person's marketing messages: 131050 until they are wanted again |
//! | `POST /sandbox/templates` | `id` or `name` and `language`; `status?`, `reason?`, `title?`, `quality?`, `category?`, `correctCategory?`, `components?` | Meta changes a template: status, score, category, content |
//! | `POST /sandbox/reviews` | `status`, `reason?` | what becomes of templates that are created or edited from now on: `APPROVED` unless ordered |
//! | `POST /sandbox/numbers` | `quality?`, `throughput?`, `messagingLimit?`, `status?`, `onBusinessApp?`, `name?{requested, decision, reason?}`, `security?{event, requester?}` | Meta changes a number |
//! | `POST /sandbox/accounts` | `state?`, `token?`, `scopes?`, `review?`, `capability?`, `alert?`, `update?` | Meta changes an account: `LOCKED` 131031, `RESTRICTED` 368, `UNPAID` 131042, `MAINTENANCE` 131057, `MARKETING_DISABLED` 131063; a token `EXPIRED`, `INVALIDATED`, `PASSWORD_CHANGED` |
//! | `GET`, `POST /sandbox/limits` | `pair?{everyMs, burst}`, `perSecond?`, `phoneNumberId?`, `management?{perHour, code?}`, `window?`, `templates?`, `registrations?` | Meta's limits; `null` switches one off. `window` is `refuse`, `fail` (accepted, then failed) or `off` |
//! | `POST /sandbox/auto` | `on?`, `delayMs?`, `shuffle?`, `duplicate?` | how updates follow by themselves: 50 ms apart, in order, once |
//! | `DELETE /sandbox` | | forgets everything but accounts and templates |
//!
//! Kinds of faults: `accept` (also where the recipient would refuse), `refuse` (with `code`, and `subcode` where Meta
//! has one), `status` (a bare HTTP status), `redirect`; and, accepted all the same, `hang`, `reset`, `no_id`, `garbage`,
//! `duplicate_wamid`. A `call` is the last part of a path, such as `message_templates` or `access_token`, and `object`
//! where the path is an id.
//! Faults, limits, reviews and switches do not outlive the process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
mod sandbox;
mod server;
mod template;
mod world;

pub use error::SandboxError;
pub use recipients::{MAGIC_RECIPIENTS, MagicRecipient};

use journal::Journal;
use sandbox::{App, Sandbox};
use world::World;

/// How long a receiver may take to answer a webhook.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The app's id, `client_id` of the token exchange.
    pub app_id: String,
    /// The app's secret: `client_secret`, key of the webhook signature and of `appsecret_proof`.
    pub app_secret: String,
    /// The app's callback; without one no webhooks are made.
    pub webhook_url: Option<String>,
    /// What the handshake shows as `hub.verify_token`.
    pub verify_token: String,
    /// File that carries accounts, templates, acceptances and untold statuses over a kill.
    pub journal: Option<PathBuf>,
}

/// A sandbox at work; dropping it stops it as well, without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What takes the place of `https://graph.facebook.com`, without a version and without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it and waits until the journal is written and closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.stopped().await;
    }

    /// Waits until it has stopped: by [`Running::stop`], or because the journal could not be written.
    pub async fn stopped(&mut self) {
        // An error means that the task is gone, which is as stopped as can be.
        self.stopped.wait_for(|stopped| *stopped).await.ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Starts a sandbox; when this returns it listens, and what its journal held is back.
pub async fn start(options: Options) -> Result<Running, SandboxError> {
    let Options { listen, app_id, app_secret, webhook_url, verify_token, journal } = options;
    let mut world = World::default();
    let (stop, stopping) = watch::channel(false);
    let (journal, writer) = match journal {
        None => (Journal::none(), None),
        Some(path) => {
            let file = journal::open(&path, |record| world.apply(record)).await?;
            let (journal, writer) = Journal::start(file, stop.clone());
            (journal, Some(writer))
        }
    };
    let refused = |source| SandboxError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let base_url = format!("http://{address}");
    let app = App { id: app_id, secret: app_secret, webhook_url, verify_token, base_url };
    let sandbox = Arc::new(Sandbox::new(app, journal, client()?, world));
    let (done, stopped) = watch::channel(false);
    let work = work(sandbox, listener, stopping, writer);
    let task: JoinHandle<()> = tokio::spawn(async move {
        work.await;
        done.send_replace(true);
    });
    // The task ends by `stop`; nobody needs its handle.
    drop(task);
    Ok(Running { address, stop, stopped })
}

/// The client for webhooks: no proxy, no redirect, bounded in time.
fn client() -> Result<reqwest::Client, SandboxError> {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    Ok(builder.timeout(WEBHOOK_TIMEOUT).build()?)
}

/// Everything that runs, until the sandbox is stopped; then the journal is closed.
async fn work(
    sandbox: Arc<Sandbox>,
    listener: TcpListener,
    stopping: watch::Receiver<bool>,
    writer: Option<std::thread::JoinHandle<()>>,
) {
    let router = graph::router(Arc::clone(&sandbox)).merge(orders::router(Arc::clone(&sandbox)));
    tokio::join!(
        server::run(listener, router, stopping.clone()),
        delivery::run(Arc::clone(&sandbox), stopping),
    );
    sandbox.journal.close();
    let Some(writer) = writer else { return };
    let joined = tokio::task::spawn_blocking(move || writer.join());
    if !matches!(joined.await, Ok(Ok(()))) {
        tracing::error!("the writer of the journal did not end in good order");
    }
}
