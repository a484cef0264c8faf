//! The counted run. Tenants are set up first and not counted. Then come a campaign of each tenant, due in one minute; then
//! single messages, each at rest before the next; then messages that are each due in their own minute. A run that broke an
//! invariant, left a dead letter or did not send a message returns no counts.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use domain::Clock;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::Store;
use tidings::client::Client;
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::machine::Machine;
use tidings::serve::sandbox_options;
use tidings::settings::Settings;
use tidings::{api, audit};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::counts::{Counts, Sample};
use super::meter::{Meter, whole};
use super::pollers::Pollers;
use crate::progress::bar;
use crate::story::{Backend, MAGIC, OTHERS, PARALLEL_CALLS, Tenant, other_phone};

/// One message in this many fails after it was sent.
const ONE_FAILS_IN: usize = 50;
const FAILING: &str = MAGIC[1];
const TENANTS: usize = 2;
const ADMIN: (&str, &str) = ("owner@sample.test", "the-owners-password");
/// Longer than a batching window, so that a single message has three statuses that come alone.
const STATUS_AFTER_MS: u64 = 1_500;
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Looks in a row that must find nothing to do.
const STILL: u32 = 3;
const LOOKS_MAX: u32 = 6_000;
/// Far enough ahead that everything is accepted before it is due.
const CAMPAIGN_IN: SignedDuration = SignedDuration::from_mins(20);
const A_MINUTE: SignedDuration = SignedDuration::from_mins(1);

struct Run {
    machine: Machine,
    clock: Clock,
    meter: Meter,
    url: String,
    sandbox_url: String,
    tenants: Vec<Tenant>,
    _sandbox: sandbox::Running,
    _serving: JoinSet<()>,
}

/// Counts the messages of all campaigns, and those of each other kind.
pub(super) async fn count(
    settings: Settings,
    home: &Home,
    store: Store,
    (campaign, singles): (usize, usize),
) -> Result<Sample, LocalError> {
    let mut run = Run::start(settings, home, store).await?;
    let _delivering = Pollers { machine: run.machine.clone(), meter: run.meter.clone() }.start();
    let anonymous = Client::new(&run.url)?;
    let owner = anonymous.login(ADMIN.0, ADMIN.1).await?;
    for number in 0..TENANTS {
        run.tenants.push(Tenant::register(&anonymous, &owner, &format!("sample-{number}")).await?);
    }
    run.rest().await?;
    let bar = bar("Counting", 3);
    let mut sample = Sample::default();
    for (kind, counts) in sample.iter_mut().enumerate() {
        let before = run.begin().await?;
        let messages = match kind {
            0 => run.campaign(campaign).await?,
            1 => run.singles(singles).await?,
            _ => run.scheduled(singles).await?,
        };
        *counts = run.counted(messages, before).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    run.check().await?;
    Ok(sample)
}

impl Run {
    async fn start(settings: Settings, home: &Home, store: Store) -> Result<Self, LocalError> {
        let (meter, clock) = (Meter::default(), Clock::shifted());
        let ((api, api_at), (to_meta, to_meta_at)) = (listen().await?, listen().await?);
        let url = format!("http://{api_at}");
        let sandbox = sandbox::start(sandbox::Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_url: Some(format!("{url}/webhook/meta")),
            journal: None,
            ..sandbox_options(&settings, home)?
        })
        .await?;
        let meta_url = Some(format!("http://{to_meta_at}"));
        let settings = Settings { meta_url, ..settings };
        let machine = Machine::assemble(&settings, home, meter.around_store(store), clock.clone())?;
        let machine = meter.around_machine(machine);
        ops::tenants::owner::ensure_super_admin(&machine.platform, ADMIN.0, ADMIN.1.to_owned(), true).await?;
        let router = meter.around_router(api::router(&machine));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            if let Err(error) = axum::serve(api, router).await {
                tracing::error!(%error, "the API stopped listening");
            }
        });
        serving.spawn(meter.clone().pass(to_meta, sandbox.address()));
        let sandbox_url = sandbox.base_url();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let order = http.post(format!("{sandbox_url}/sandbox/auto"));
        order.json(&json!({ "delayMs": STATUS_AFTER_MS })).send().await?.error_for_status()?;
        let tenants = Vec::new();
        Ok(Self { machine, clock, meter, url, sandbox_url, tenants, _sandbox: sandbox, _serving: serving })
    }

    /// The rows before a kind of messages. Time was moved and tokens have expired, so they are renewed.
    async fn begin(&mut self) -> Result<[u64; 3], LocalError> {
        let anonymous = Client::new(&self.url)?;
        for tenant in &mut self.tenants {
            *tenant = tenant.renewed(&anonymous).await?;
        }
        self.meter.take();
        self.rows().await
    }

    async fn campaign(&self, messages: usize) -> Result<usize, LocalError> {
        let each = (messages / self.tenants.len()).max(1);
        let due_at = self.next_minute() + CAMPAIGN_IN;
        let calls = self.tenants.iter().flat_map(|tenant| {
            (0..each).map(move |turn| schedule(tenant, turn, due_at, format!("campaign-{turn}")))
        });
        let mut calls = futures_util::stream::iter(calls).buffer_unordered(PARALLEL_CALLS);
        while let Some(outcome) = calls.next().await {
            outcome?;
        }
        drop(calls);
        self.clock.advance(due_at.duration_since(self.clock.now()));
        self.rest().await?;
        Ok(each * self.tenants.len())
    }

    async fn singles(&self, messages: usize) -> Result<usize, LocalError> {
        for (turn, tenant) in (0..messages).zip(self.tenants.iter().cycle()) {
            let body = json!({ "templateId": tenant.template, "contactId": contact(tenant, turn) });
            tenant.client.post("/messages", &body).await?.success()?;
            self.rest().await?;
        }
        Ok(messages)
    }

    async fn scheduled(&self, messages: usize) -> Result<usize, LocalError> {
        let start = self.next_minute() + A_MINUTE;
        let mut due_at = start;
        for (turn, tenant) in (0..messages).zip(self.tenants.iter().cycle()) {
            due_at += A_MINUTE;
            schedule(tenant, turn, due_at, format!("scheduled-{turn}")).await?;
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

    /// Returns when nothing is due, nothing is on a queue and no webhook is on its way.
    async fn rest(&self) -> Result<(), LocalError> {
        let backend = Backend::one_machine(&self.machine.platform.store, self.sandbox_url.clone());
        let mut still = 0;
        for _ in 0..LOOKS_MAX {
            let is_quiet = backend.is_quiet().await? && self.machine.queues.due_timers().await?.is_empty();
            still = if is_quiet { still + 1 } else { 0 };
            if still == STILL {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(LocalError::Call("the counted run did not come to rest".to_owned()))
    }

    /// What was counted since [`Run::begin`].
    async fn counted(&self, messages: usize, before: [u64; 3]) -> Result<Counts, LocalError> {
        let mut counts = self.meter.take();
        counts.set("messages", whole(messages));
        let names = ["attempts", "ledger entries", "refunds paid"];
        for ((name, after), before) in names.into_iter().zip(self.rows().await?).zip(before) {
            counts.set(name, after - before);
        }
        match counts.of("attempts") {
            sent if sent < whole(messages) => {
                Err(LocalError::Call(format!("of {messages} messages only {sent} were sent")))
            }
            _all => Ok(counts),
        }
    }

    /// Attempts, ledger entries, and entries that are not debits: top-ups, which do not change, and refunds.
    async fn rows(&self) -> Result<[u64; 3], LocalError> {
        let books = audit::books(&self.machine.platform.store, self.clock.now(), false).await?;
        let debited = books.ledgered.iter().filter(|row| row.debits > 0).map(|row| row.message_id);
        let debits = whole(debited.collect::<HashSet<_>>().len());
        let entries = u64::try_from(books.sums.entries).unwrap_or_default();
        Ok([whole(books.ledgered.len()), entries, entries - debits])
    }

    async fn check(&self) -> Result<(), LocalError> {
        let books = audit::books(&self.machine.platform.store, self.clock.now(), true).await?;
        if let Some(broken) = books.findings.iter().find(|finding| finding.violations != 0) {
            return Err(LocalError::Call(format!("the counted run broke {}", broken.invariant)));
        }
        match self.machine.queues.depths().await? {
            (_, 0) => Ok(()),
            (_, dead) => Err(LocalError::Call(format!("the counted run left {dead} dead letters"))),
        }
    }
}

fn contact(tenant: &Tenant, turn: usize) -> String {
    if turn % ONE_FAILS_IN == ONE_FAILS_IN - 1 {
        return tenant.contact(FAILING);
    }
    tenant.contact(&other_phone(turn % OTHERS))
}

async fn schedule(tenant: &Tenant, turn: usize, due_at: Timestamp, key: String) -> Result<(), LocalError> {
    let body = json!({
        "templateId": tenant.template, "contactId": contact(tenant, turn), "scheduleTime": due_at.to_string(),
        "idempotencyKey": key,
    });
    tenant.client.post("/messages/schedule", &body).await?.success().map(drop)
}

async fn listen() -> Result<(TcpListener, SocketAddr), LocalError> {
    let failed = LocalError::FreePort;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
