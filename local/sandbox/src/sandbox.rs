//! What every handler holds: the state behind its lock, the journal, and how both change together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::account::Account;
use crate::clock;
use crate::digest;
use crate::journal::{Journal, JournalClosed};
use crate::recipients::{Behaviour, Planned};
use crate::record::{Acceptance, News, Record, Status, Update};
use crate::world::World;

/// What the sandbox was started with.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) webhook_url: Option<String>,
    pub(crate) verify_token: String,
    /// `http://` and the address, without a version.
    pub(crate) base_url: String,
}

/// The running sandbox.
pub(crate) struct Sandbox {
    pub(crate) app: App,
    pub(crate) journal: Journal,
    pub(crate) client: reqwest::Client,
    /// Rung when updates were queued.
    pub(crate) queued: Notify,
    /// Makes wamids unique over restarts.
    pub(crate) nonce: String,
    world: Mutex<World>,
}

/// A message that was accepted: what the answer needs.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) wamid: String,
    /// Id of the first status that will follow.
    pub(crate) first_status: Option<u64>,
}

/// What is to be accepted.
#[derive(Clone, Debug)]
pub(crate) struct Acceptable {
    pub(crate) to: String,
    pub(crate) opaque: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) category: String,
    pub(crate) repeat_wamid: bool,
    /// The code by which it fails, whatever its recipient would do.
    pub(crate) fails: Option<i64>,
}

/// The statuses of one acceptance, and whether the first overtakes the answer.
struct Plan {
    planned: Vec<Planned>,
    at_once: bool,
}

impl Sandbox {
    pub(crate) fn new(app: App, journal: Journal, client: reqwest::Client, world: World) -> Self {
        let nonce = uuid::Uuid::new_v4().to_string();
        Self { app, journal, client, queued: Notify::new(), nonce, world: Mutex::new(world) }
    }

    /// The state, for a short moment.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides under the lock, applies the record there, and waits until it is in the journal.
    pub(crate) async fn commit<T, E: From<JournalClosed>>(
        &self,
        decide: impl FnOnce(&mut World) -> Result<(Option<Record>, T), E>,
    ) -> Result<T, E> {
        let (line, value) = {
            let mut world = self.world();
            let (record, value) = decide(&mut world)?;
            let Some(record) = record else { return Ok(value) };
            let mut line = serde_json::to_vec(&record).map_err(|_unwritable| JournalClosed)?;
            line.push(b'\n');
            world.apply(record);
            (self.journal.append(line), value)
        };
        line.written().await?;
        Ok(value)
    }

    /// Accepts a message: the oracle's line and the statuses that follow, in one record.
    pub(crate) async fn accept(
        &self,
        account: &Account,
        message: Acceptable,
    ) -> Result<Accepted, JournalClosed> {
        let now = clock::now_ms();
        let accepted = self
            .commit(|world| {
                let index = world.last_index() + 1;
                let before = world.last_wamid(&account.phone_number_id).filter(|_wamid| message.repeat_wamid);
                let wamid = before.unwrap_or_else(|| self.new_wamid(&message.to, index));
                let planned = match message.fails {
                    Some(code) => vec![Planned::failure(code)],
                    None => Behaviour::of(&message.to).statuses(),
                };
                let at_once = Behaviour::of(&message.to) == Behaviour::Overtakes;
                let updates = self.statuses(world, account, (index, now), Plan { planned, at_once });
                let free =
                    message.category == "service" && world.is_free_service(&account.phone_number_id, now);
                let first_status = updates.first().map(|update| update.id);
                let acceptance = Acceptance {
                    index,
                    attempt_id: message.opaque,
                    wamid: wamid.clone(),
                    to: message.to,
                    waba_id: account.waba_id.clone(),
                    phone_number_id: account.phone_number_id.clone(),
                    template: message.template,
                    category: message.category,
                    free,
                    time_ms: now,
                };
                Ok::<_, JournalClosed>((
                    Some(Record::Accepted { acceptance, updates }),
                    Accepted { wamid, first_status },
                ))
            })
            .await?;
        self.queued.notify_one();
        Ok(accepted)
    }

    fn new_wamid(&self, to: &str, index: u64) -> String {
        let mut inner = format!("\u{1d}\u{18}\u{b}{}\u{15}\u{2}", to.trim_start_matches('+')).into_bytes();
        inner.extend(digest::sha256(&[&self.nonce, &index.to_string()]).iter().take(16));
        format!("wamid.{}", digest::base64(&inner))
    }

    /// The statuses that will follow an acceptance by itself.
    fn statuses(
        &self,
        world: &World,
        account: &Account,
        (index, now): (u64, u64),
        plan: Plan,
    ) -> Vec<Update> {
        let auto = world.auto;
        if !auto.on || !self.is_heard(account) {
            return Vec::new();
        }
        let Plan { mut planned, at_once } = plan;
        if auto.duplicate {
            planned = planned.iter().flat_map(|one| [*one, *one]).collect();
        }
        if auto.shuffle {
            planned.sort_by_cached_key(|one| digest::number(&[&index.to_string(), one.word.as_str()]));
        }
        // The overtaking status goes out at once, everything else after one delay.
        let first = u64::from(!at_once);
        let one = |(place, plan): (u64, Planned)| Update {
            id: world.next_update() + place,
            due_ms: now + (first + place) * auto.delay_ms,
            event_ms: now + (1 + plan.rank) * auto.delay_ms,
            news: News::Status(Status {
                index,
                word: plan.word,
                error_code: plan.error_code,
                omit_opaque: false,
                pricing: None,
                conversation: None,
            }),
        };
        (0..).zip(planned).map(one).collect()
    }

    /// Whether webhooks about an account have somewhere to go.
    pub(crate) fn is_heard(&self, account: &Account) -> bool {
        self.app.webhook_url.is_some() && account.subscribed
    }

    /// Accepts in a task of its own: who hangs up does not undo what Meta accepted.
    pub(crate) async fn accept_detached(
        self: &Arc<Self>,
        account: Arc<Account>,
        message: Acceptable,
        delay_ms: u64,
    ) -> Result<Accepted, JournalClosed> {
        let sandbox = Arc::clone(self);
        let task = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(delay_ms)).await;
            sandbox.accept(&account, message).await
        });
        task.await.map_err(|_ended| JournalClosed)?
    }
}
