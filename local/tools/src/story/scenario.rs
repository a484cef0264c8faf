//! Two tenants with their contacts and template, and the messages that are to be sent.

use std::time::Duration;

use futures_util::StreamExt;
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use tidings::client::{Client, text};
use tidings::error::LocalError;

use crate::progress::bar;

/// Calls to the API in parallel.
pub(crate) const PARALLEL_CALLS: usize = 16;
/// Tries of a call while the server is down; the key makes that safe.
const TRIES: u32 = 400;
const RETRY_EVERY: Duration = Duration::from_millis(150);
/// Contacts of a tenant beside the magic recipients.
pub(crate) const OTHERS: usize = 490;
/// More than the messages of a tenant cost.
const CREDIT: &str = "50.00";

/// The magic recipients of the sandbox.
pub(crate) const MAGIC: [&str; 10] = [
    "+15550000001",
    "+15550000002",
    "+15550000003",
    "+15550000004",
    "+15550000005",
    "+15550000006",
    "+15550000007",
    "+15550000008",
    "+15550000009",
    "+15550000010",
];
/// Two of three calls to it are throttled: one message a tenant, so that each needs exactly three attempts.
const THROTTLED: &str = "+15550000005";

#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub id: String,
    /// Its business number, as Meta's webhooks name it.
    pub number: String,
    /// As its owner.
    pub client: Client,
    email: String,
    contacts: Vec<(String, String)>,
    pub template: String,
}

/// A message to send.
#[derive(Clone, Debug)]
struct Planned {
    tenant: usize,
    contact: String,
    template: String,
    key: String,
    after: SignedDuration,
}

#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub tenants: Vec<Tenant>,
    anonymous: Client,
    planned: Vec<Planned>,
}

const PASSWORD: &str = "a-story-needs-a-password";

impl Scenario {
    /// Registers two tenants and plans the messages.
    pub async fn prepare(
        anonymous: &Client,
        owner: &(String, String),
        messages: usize,
    ) -> Result<Self, LocalError> {
        let owner = anonymous.login(&owner.0, &owner.1).await?;
        let run = format!("{:x}", rand::random::<u32>());
        let mut tenants = Vec::new();
        for name in ["north", "south"] {
            tenants.push(Tenant::register(anonymous, &owner, &format!("{name}-{run}")).await?);
        }
        let planned = (0..messages).map(|index| plan(&tenants, index, &run)).collect();
        Ok(Self { tenants, anonymous: anonymous.clone(), planned })
    }

    /// Both tenants with fresh tokens: a story may outlast a token.
    pub async fn renewed(&self) -> Result<Vec<Tenant>, LocalError> {
        let mut renewed = Vec::new();
        for tenant in &self.tenants {
            renewed.push(tenant.renewed(&self.anonymous).await?);
        }
        Ok(renewed)
    }

    /// The number of messages.
    pub fn len(&self) -> usize {
        self.planned.len()
    }

    /// Schedules every message, many in parallel.
    pub async fn schedule_all(&self) -> Result<(), LocalError> {
        let bar = bar("Scheduling", self.len());
        let calls = self.planned.iter().map(|planned| self.schedule(planned, &bar));
        let mut calls = futures_util::stream::iter(calls).buffer_unordered(PARALLEL_CALLS);
        while let Some(outcome) = calls.next().await {
            outcome?;
        }
        bar.finish();
        Ok(())
    }

    /// Schedules one of `slices` slices.
    pub async fn schedule_slice(
        &self,
        slice: usize,
        slices: usize,
        bar: &ProgressBar,
    ) -> Result<(), LocalError> {
        let calls =
            self.planned.iter().skip(slice).step_by(slices.max(1)).map(|planned| self.schedule(planned, bar));
        let mut calls = futures_util::stream::iter(calls).buffer_unordered(PARALLEL_CALLS);
        while let Some(outcome) = calls.next().await {
            outcome?;
        }
        Ok(())
    }

    /// A lost answer is requested again with the same key.
    async fn schedule(&self, planned: &Planned, bar: &ProgressBar) -> Result<(), LocalError> {
        let tenant = self
            .tenants
            .get(planned.tenant)
            .ok_or_else(|| LocalError::Call("a tenant is missing".to_owned()))?;
        let at = now() + planned.after;
        let body = json!({
            "templateId": planned.template, "contactId": planned.contact, "scheduleTime": at.to_string(),
            "idempotencyKey": planned.key,
        });
        for _ in 0..TRIES {
            match tenant.client.post("/messages/schedule", &body).await {
                Ok(answer) if answer.status.is_client_error() && answer.status.as_u16() != 409 => {
                    return answer.success().map(drop);
                }
                Ok(answer) if answer.status.is_success() => {
                    bar.inc(1);
                    return Ok(());
                }
                Ok(_) | Err(_) => tokio::time::sleep(RETRY_EVERY).await,
            }
        }
        Err(LocalError::Call(format!("message {} could not be scheduled in {TRIES} tries", planned.key)))
    }
}

#[expect(clippy::disallowed_methods, reason = "the story is a client and has its own clock")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

impl Tenant {
    /// Registers a tenant, tops it up, imports its contacts and has its template approved.
    pub async fn register(anonymous: &Client, owner: &Client, slug: &str) -> Result<Self, LocalError> {
        let email = format!("{slug}@story.test");
        let registration = json!({
            "tenantName": slug, "slug": slug, "adminEmail": email, "adminPassword": PASSWORD, "adminName": "Story",
        });
        let session = anonymous.post("/auth/register-tenant", &registration).await?.success()?;
        let client = anonymous.with_token(text(&session, "token")?);
        // One machine connects a new tenant to the sandbox by itself; elsewhere this is the tenant's own step.
        let tenant = text(&session, "tenantId")?;
        let account = client.post("/whatsapp/connect", &json!({ "code": tenant })).await?.success()?;
        let number = text(account.pointer("/phoneNumbers/0").unwrap_or(&Value::Null), "id")?.to_owned();
        // The plan of a tenant that registers itself allows fewer requests a minute than are made here.
        owner
            .patch(&format!("/admin/tenants/{tenant}"), &json!({ "plan": "Enterprise" }))
            .await?
            .success()?;
        let credit = json!({
            "tenantId": tenant, "amount": CREDIT, "description": "Story", "idempotencyKey": slug,
        });
        owner.post("/billing/add-credits", &credit).await?.success()?;
        let phones = MAGIC.map(str::to_owned).into_iter().chain((0..OTHERS).map(other_phone));
        let contacts: Vec<Value> = phones
            .enumerate()
            .map(|(i, phone)| json!({ "phone": phone, "name": format!("Contact {i}") }))
            .collect();
        client.post("/contacts/import", &json!({ "contacts": contacts })).await?.success()?;
        let template = json!({ "name": "story", "content": "Hello {{1}}, here is your story of today.", "variables": ["name"] });
        let template = client.post("/templates", &template).await?.success()?;
        if text(&template, "status")? != "APPROVED" {
            return Err(LocalError::Call(format!("the template is not approved: {template}")));
        }
        let contacts = all(&client, "/contacts").await?;
        let contacts =
            contacts.iter().map(|row| Ok((text(row, "phone")?.to_owned(), text(row, "id")?.to_owned())));
        let contacts = contacts.collect::<Result<_, LocalError>>()?;
        let id = tenant.to_owned();
        Ok(Self { id, number, client, email, contacts, template: text(&template, "id")?.to_owned() })
    }

    /// The id of the contact with that number.
    pub fn contact(&self, phone: &str) -> String {
        self.contacts.iter().find(|(number, _)| number == phone).map(|(_, id)| id.clone()).unwrap_or_default()
    }

    /// With a fresh token.
    pub async fn renewed(&self, anonymous: &Client) -> Result<Self, LocalError> {
        Ok(Self { client: anonymous.login(&self.email, PASSWORD).await?, ..self.clone() })
    }
}

/// The number of an ordinary contact.
pub(crate) fn other_phone(index: usize) -> String {
    format!("+1555123{index:04}")
}

/// The first two go to the throttled recipient, every second one of the rest to another magic recipient in turn, the
/// others to ordinary contacts. One in a hundred is due after a minute, so that there are schedules.
fn plan(tenants: &[Tenant], index: usize, run: &str) -> Planned {
    let tenant = index % tenants.len().max(1);
    let turn = index / tenants.len().max(1);
    let others: Vec<&str> = MAGIC.into_iter().filter(|phone| *phone != THROTTLED).collect();
    let phone = match turn {
        0 => THROTTLED.to_owned(),
        turn if turn % 2 == 1 => others.get(turn / 2 % others.len()).copied().unwrap_or(THROTTLED).to_owned(),
        turn => other_phone(turn % OTHERS),
    };
    let after = if turn % 100 == 50 { SignedDuration::from_secs(62) } else { SignedDuration::from_secs(1) };
    let (contact, template) = tenants
        .get(tenant)
        .map(|tenant| (tenant.contact(&phone), tenant.template.clone()))
        .unwrap_or_default();
    Planned { tenant, contact, template, key: format!("{run}-{index}"), after }
}

/// Every row of a list, page after page.
pub(crate) async fn all(client: &Client, path: &str) -> Result<Vec<Value>, LocalError> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = client.get(&format!("{path}?limit=200{cursor}")).await?.success()?;
        if let Some(Value::Array(data)) = page.get_mut("data").map(Value::take) {
            rows.extend(data);
        }
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(rows),
        }
    }
}
