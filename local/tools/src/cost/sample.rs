//! The counted run: the product as it is, on a database and beside a sandbox of its own, with a meter at every door.
//!
//! Tenants, contacts and a template are made first and not counted. Then come messages on their own, one after the other;
//! then a campaign, all of it due in one minute, of each tenant; then messages that are each due in a minute of their own.
//! What was counted is only given out if the books are clean and every message was sent.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use domain::Clock;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::counts::{Counts, Kind, Rows, Sample};
use super::mapping::Carrier;
use super::meter::{Meter, whole};
use super::wire;
use tidings::client::{Client, text};
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::machine::Machine;
use tidings::settings::Settings;
use tidings::{api, audit};

/// Calls to the API under way at once.
const AT_ONCE: usize = 16;
/// One message in so many goes to a recipient whose message fails after it was sent.
const ONE_FAILS_IN: usize = 50;
/// Contacts of a tenant: one page of them.
const CONTACTS: usize = 150;
const FAILING: &str = "+15550000002";
const PASSWORD: &str = "a-sample-needs-a-password";
const ADMIN: (&str, &str) = ("owner@sample.test", "the-owners-password");
/// Between a message and its statuses, and between those: longer than a batching window, so that a message on its own has
/// three statuses on their own, as people need time to read.
const STATUS_AFTER: Duration = Duration::from_millis(1_500);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Looks in a row that must find nothing left to do.
const STILL: u32 = 3;
/// Looks before a run is given up.
const LOOKS_MAX: u32 = 6_000;
/// Far enough ahead that everything is accepted before it is due.
const CAMPAIGN_IN: SignedDuration = SignedDuration::from_mins(20);
const A_MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How much is sent.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Tenants, each with a campaign of its own.
    pub tenants: usize,
    /// Messages of all campaigns.
    pub campaign: usize,
    /// Messages on their own, of each of the other kinds.
    pub singles: usize,
}

/// Sends and counts.
pub async fn count(settings: Settings, home: &Home, store: Store, plan: Plan) -> Result<Sample, LocalError> {
    let stage = Stage::set(settings, home, store).await?;
    let (stop, stopping) = watch::channel(false);
    let carrier = Carrier { machine: stage.machine.clone(), meter: stage.meter.clone() };
    let carrying = tokio::spawn(carrier.run(stopping));
    let outcome = stage.play(plan).await;
    stop.send_replace(true);
    carrying.await.map_err(|error| LocalError::Call(format!("a function panicked: {error}")))?;
    outcome
}

struct Stage {
    machine: Machine,
    clock: Clock,
    meter: Meter,
    url: String,
    sandbox: sandbox::Running,
    http: reqwest::Client,
    /// The API and the way to Meta; gone with the stage.
    _serving: JoinSet<()>,
}

struct Tenant {
    client: Client,
    email: String,
    template: String,
    contacts: Vec<String>,
    failing: String,
}

impl Stage {
    async fn set(settings: Settings, home: &Home, store: Store) -> Result<Self, LocalError> {
        let (meter, clock) = (Meter::default(), Clock::shifted());
        let (front, way) = (listener().await?, listener().await?);
        let url = format!("http://{}", address(&front)?);
        let secrets = home.secrets()?;
        let sandbox = sandbox::start(sandbox::Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app_id: settings.meta_app_id.clone(),
            app_secret: secrets.sandbox_app_secret,
            webhook_url: Some(format!("{url}/webhook/meta")),
            verify_token: secrets.sandbox_verify_token,
            journal: None,
        })
        .await?;
        let settings = Settings {
            meta_url: Some(format!("http://{}", address(&way)?)),
            meta_app_secret: None,
            meta_verify_token: None,
            ..settings
        };
        let machine = Machine::assemble(&settings, home, meter.around_store(store), clock.clone())?;
        let machine = meter.around_machine(machine);
        let (email, password) = ADMIN;
        ops::tenants::owner::ensure_super_admin(&machine.platform, email, password.to_owned(), true).await?;
        let router = meter.around_router(api::router(&machine));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            if let Err(error) = axum::serve(front, router).await {
                tracing::error!(%error, "the API stopped listening");
            }
        });
        serving.spawn(wire::pass(way, sandbox.address(), meter.clone()));
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let stage = Self { machine, clock, meter, url, sandbox, http, _serving: serving };
        let delay = u64::try_from(STATUS_AFTER.as_millis()).unwrap_or_default();
        stage.order("auto", &json!({ "delayMs": delay })).await?;
        Ok(stage)
    }

    async fn order(&self, name: &str, body: &Value) -> Result<(), LocalError> {
        let url = format!("{}/sandbox/{name}", self.sandbox.base_url());
        self.http.post(url).json(body).send().await?.error_for_status()?;
        Ok(())
    }

    async fn play(&self, plan: Plan) -> Result<Sample, LocalError> {
        let mut tenants = Vec::new();
        for number in 0..plan.tenants.max(1) {
            tenants.push(self.tenant(number).await?);
        }
        self.rest().await?;
        let mut sample = Sample::default();
        let mut before = self.rows().await?;
        let bar = crate::story::bar("Counting", Kind::ALL.len());
        for kind in Kind::ALL {
            // Time was moved, and tokens have expired.
            for tenant in &mut tenants {
                tenant.client = Client::new(&self.url)?.login(&tenant.email, PASSWORD).await?;
            }
            self.meter.take();
            let messages = match kind {
                Kind::Campaign => self.campaign(&tenants, plan.campaign).await?,
                Kind::Single => self.singles(&tenants, plan.singles).await?,
                Kind::Scheduled => self.scheduled(&tenants, plan.singles).await?,
            };
            let after = self.rows().await?;
            let rows = after.since(before);
            before = after;
            if rows.attempts < whole(messages) {
                let why = format!("of {messages} messages only {} were sent ({kind:?})", rows.attempts);
                return Err(LocalError::Call(why));
            }
            *sample.of_mut(kind) = Counts { messages: whole(messages), rows, ..self.meter.take() };
            bar.inc(1);
        }
        bar.finish_and_clear();
        self.check().await?;
        Ok(sample)
    }

    async fn tenant(&self, number: usize) -> Result<Tenant, LocalError> {
        let (nobody, slug) = (Client::new(&self.url)?, format!("sample-{number}"));
        let email = format!("{slug}@sample.test");
        let registration = json!({
            "tenantName": slug, "slug": slug, "adminEmail": email,
            "adminPassword": PASSWORD, "adminName": "Sample",
        });
        let session = nobody.post("/auth/register-tenant", &registration).await?.success()?;
        let client = nobody.with_token(text(&session, "token")?);
        let credit = json!({
            "tenantId": text(&session, "tenantId")?, "amount": "10000.00", "idempotencyKey": slug,
        });
        let owner = nobody.login(ADMIN.0, ADMIN.1).await?;
        owner.post("/billing/add-credits", &credit).await?.success()?;
        let template = json!({
            "name": "sample", "content": "Hello {{1}}, your order is on its way and arrives today.",
            "variables": ["name"],
        });
        let template = client.post("/templates", &template).await?.success()?;
        let phones = (0..CONTACTS).map(|i| format!("+1555{:07}", 1_000_000 + i)).chain([FAILING.to_owned()]);
        let contacts: Vec<Value> =
            phones.map(|phone| json!({ "phone": phone, "name": "Alexandra" })).collect();
        client.post("/contacts/import", &json!({ "contacts": contacts })).await?.success()?;
        let (mut contacts, mut failing) = (Vec::new(), String::new());
        let list = client.get("/contacts?limit=200").await?.success()?;
        for row in list.get("data").and_then(Value::as_array).into_iter().flatten() {
            let id = text(row, "id")?.to_owned();
            if text(row, "phone")? == FAILING {
                failing = id;
            } else {
                contacts.push(id);
            }
        }
        Ok(Tenant { client, email, template: text(&template, "id")?.to_owned(), contacts, failing })
    }

    /// All of it due in one minute, accepted before, sent when the minute comes.
    async fn campaign(&self, tenants: &[Tenant], messages: usize) -> Result<usize, LocalError> {
        let each = (messages / tenants.len().max(1)).max(1);
        let due_at = self.next_minute() + CAMPAIGN_IN;
        let asks = tenants.iter().flat_map(|tenant| {
            (0..each).map(move |turn| tenant.schedule(turn, due_at, format!("campaign-{turn}")))
        });
        let mut asks = futures_util::stream::iter(asks).buffer_unordered(AT_ONCE);
        while let Some(outcome) = asks.next().await {
            outcome?;
        }
        self.clock.advance(due_at.duration_since(self.clock.now()));
        self.rest().await?;
        Ok(each * tenants.len())
    }

    /// One after the other, each at rest before the next.
    async fn singles(&self, tenants: &[Tenant], messages: usize) -> Result<usize, LocalError> {
        for (turn, tenant) in (0..messages).zip(tenants.iter().cycle()) {
            let body = json!({ "templateId": tenant.template, "contactId": tenant.contact(turn) });
            tenant.client.post("/messages", &body).await?.success()?;
            self.rest().await?;
        }
        Ok(messages)
    }

    /// Each in a minute of its own.
    async fn scheduled(&self, tenants: &[Tenant], messages: usize) -> Result<usize, LocalError> {
        let start = self.next_minute() + A_MINUTE;
        let mut due_at = start;
        for (turn, tenant) in (0..messages).zip(tenants.iter().cycle()) {
            due_at += A_MINUTE;
            tenant.schedule(turn, due_at, format!("scheduled-{turn}")).await?;
        }
        self.clock.advance(start.duration_since(self.clock.now()));
        for _ in 0..messages {
            self.clock.advance(A_MINUTE);
            self.rest().await?;
        }
        Ok(messages)
    }

    /// Schedules fire by the minute.
    fn next_minute(&self) -> Timestamp {
        let now = self.clock.now().as_second();
        Timestamp::from_second(now - now.rem_euclid(60) + 60).unwrap_or(Timestamp::MAX)
    }

    /// Comes back when nothing is due, nothing stands on a queue and Meta has said everything.
    async fn rest(&self) -> Result<(), LocalError> {
        let mut still = 0;
        for _ in 0..LOOKS_MAX {
            still = if self.is_quiet().await? { still + 1 } else { 0 };
            if still == STILL {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(LocalError::Call("the counted run did not come to rest".to_owned()))
    }

    async fn is_quiet(&self) -> Result<bool, LocalError> {
        let url = format!("{}/sandbox/webhooks", self.sandbox.base_url());
        let webhooks: Value = self.http.get(url).send().await?.json().await?;
        let (waiting, _dead) = self.machine.queues.depths().await?;
        let due = self.machine.queues.due_wake_ups().await?;
        Ok(webhooks.get("pending").and_then(Value::as_u64) == Some(0) && waiting == 0 && due.is_empty())
    }

    async fn rows(&self) -> Result<Rows, LocalError> {
        let books =
            audit::books(&self.machine.platform.store, self.machine.platform.clock.now(), false).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let messages = count(books.states.iter().map(|(_, messages)| messages).sum());
        let debited = books.ledgered.iter().filter(|row| row.debits > 0).map(|row| row.message_id);
        let debits = whole(debited.collect::<HashSet<_>>().len());
        let entries = count(books.sums.entries);
        Ok(Rows {
            messages,
            attempts: whole(books.ledgered.len()),
            ledger_entries: entries,
            // What is neither a debit nor a top-up of the beginning, which the difference of two looks takes away.
            refunds: entries.saturating_sub(debits),
        })
    }

    /// A count of what went wrong is worth nothing.
    async fn check(&self) -> Result<(), LocalError> {
        let books =
            audit::books(&self.machine.platform.store, self.machine.platform.clock.now(), true).await?;
        if let Some(broken) = books.findings.iter().find(|finding| finding.violations != 0) {
            return Err(LocalError::Call(format!("the counted run broke {}", broken.invariant)));
        }
        let (_waiting, dead) = self.machine.queues.depths().await?;
        if dead != 0 {
            return Err(LocalError::Call(format!("the counted run left {dead} dead letters")));
        }
        Ok(())
    }
}

impl Tenant {
    /// To whom a turn's message goes.
    fn contact(&self, turn: usize) -> &str {
        if turn % ONE_FAILS_IN == ONE_FAILS_IN - 1 {
            return &self.failing;
        }
        self.contacts.get(turn % self.contacts.len().max(1)).map_or("", String::as_str)
    }

    async fn schedule(&self, turn: usize, due_at: Timestamp, key: String) -> Result<(), LocalError> {
        let body = json!({
            "templateId": self.template, "contactId": self.contact(turn), "scheduleTime": due_at.to_string(),
            "idempotencyKey": key,
        });
        self.client.post("/messages/schedule", &body).await?.success().map(drop)
    }
}

impl Rows {
    /// What came after `before`.
    const fn since(self, before: Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(before.messages),
            attempts: self.attempts.saturating_sub(before.attempts),
            ledger_entries: self.ledger_entries.saturating_sub(before.ledger_entries),
            refunds: self.refunds.saturating_sub(before.refunds),
        }
    }
}

async fn listener() -> Result<TcpListener, LocalError> {
    let failed = |source| LocalError::Listen { port: 0, source };
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)
}

fn address(listener: &TcpListener) -> Result<SocketAddr, LocalError> {
    listener.local_addr().map_err(|source| LocalError::Listen { port: 0, source })
}
