//! The owner's chapter: a plan, a tenant from its welcome letter on, its limits, its people and keys, a price before and
//! after, a suspension, and its books.

use std::time::{Duration, Instant};

use comfy_table::Cell;
use domain::{Money, Month};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::mail_folder::MailFolder;
use crate::story::scenario::now;
use tidings::client::{Answer, Client, text};
use tidings::error::LocalError;
use tidings::say::say;
use tidings::table::table;

const PASSWORD: &str = "a-story-needs-a-password";
const LIMIT: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Contacts that the first plan of the chapter allows.
const CONTACTS_MAX: usize = 3;

/// What was done, and what came of it.
type Step = (&'static str, String);

struct Chapter<'a> {
    anonymous: &'a Client,
    platform: &'a Client,
    /// Where letters are, when they can be read.
    mail: Option<&'a MailFolder>,
    run: String,
}

/// The tenant of the chapter.
struct Business {
    id: String,
    email: String,
    client: Client,
    template: String,
    contacts: Vec<String>,
}

/// Plays it and shows each step; the first thing that is otherwise than it should be is an error.
pub(super) async fn play(
    anonymous: &Client,
    platform: &Client,
    mail: Option<&MailFolder>,
) -> Result<(), LocalError> {
    let run = format!("{:x}", rand::random::<u32>());
    let chapter = Chapter { anonymous, platform, mail, run };
    let mut steps = vec![chapter.offer_plans().await?];
    let (mut business, step) = chapter.welcome().await?;
    steps.push(step);
    steps.push(chapter.reach_a_limit(&mut business).await?);
    steps.push(chapter.invite(&business).await?);
    steps.push(chapter.give_a_key(&business).await?);
    steps.push(chapter.quote_and_send(&business).await?);
    steps.push(chapter.suspend_and_open(&business).await?);
    steps.push(read_books(&business).await?);
    steps.push(chapter.read_audit_logs(&business).await?);
    let mut shown = table(&["the owner's chapter", ""]);
    for (what, came) in steps {
        shown.add_row(vec![Cell::new(what), Cell::new(came)]);
    }
    say(format!("\n{shown}"));
    Ok(())
}

impl Chapter<'_> {
    fn plan(&self, size: &str) -> String {
        format!("{size} {}", self.run)
    }

    async fn offer_plans(&self) -> Result<Step, LocalError> {
        for (size, contacts) in [("Small", CONTACTS_MAX), ("Large", 1_000)] {
            let plan = json!({
                "name": self.plan(size), "monthlyPrice": "10.00", "messagesPerMonth": 1_000, "contacts": contacts,
                "templates": 10, "phoneNumbers": 5, "users": 3, "requestsPerMinute": 6_000, "marginBps": 2_000,
            });
            self.platform.post("/plans", &plan).await?.success()?;
        }
        Ok(("two plans are offered", format!("of {CONTACTS_MAX} and of 1,000 contacts")))
    }

    /// The tenant, connected, with credit and a template.
    async fn welcome(&self) -> Result<(Business, Step), LocalError> {
        let (slug, email) = (format!("owned-{}", self.run), format!("owned-{}@story.test", self.run));
        let (id, came) = match self.mail {
            Some(mail) => {
                (self.create(mail, &slug, &email).await?, "by the link in its letter, which worked once")
            }
            None => (self.register(&slug, &email).await?, "registered: its letters cannot be read from here"),
        };
        let client = self.anonymous.login(&email, PASSWORD).await?;
        client.post("/whatsapp/connect", &json!({ "code": id })).await?.success()?;
        let credit = json!({ "tenantId": id, "amount": "20.00", "idempotencyKey": slug });
        self.platform.post("/billing/add-credits", &credit).await?.success()?;
        let template = json!({ "name": "story", "content": "Hello {{1}}, here is your news of today.", "variables": ["name"] });
        let template = client.post("/templates", &template).await?.success()?;
        let template = text(&template, "id")?.to_owned();
        Ok((
            Business { id, email, client, template, contacts: Vec::new() },
            ("a tenant is welcomed", came.to_owned()),
        ))
    }

    async fn create(&self, mail: &MailFolder, slug: &str, email: &str) -> Result<String, LocalError> {
        let tenant = json!({
            "tenantName": "Owned", "slug": slug, "adminEmail": email, "adminName": "Ann", "plan": self.plan("Small"),
        });
        let made = self.platform.post("/admin/create-tenant", &tenant).await?.success()?;
        let secret = mail.secret_for(email, LIMIT).await?;
        let choose = json!({ "secret": secret, "password": PASSWORD });
        self.anonymous.post("/auth/set-password", &choose).await?.success()?;
        let again = self.anonymous.post("/auth/set-password", &choose).await?;
        must(again.status.is_client_error(), "a link set a password twice")?;
        Ok(text(&made, "tenantId")?.to_owned())
    }

    async fn register(&self, slug: &str, email: &str) -> Result<String, LocalError> {
        let registration = json!({
            "tenantName": "Owned", "slug": slug, "adminEmail": email, "adminPassword": PASSWORD, "adminName": "Ann",
        });
        let made = self.anonymous.post("/auth/register-tenant", &registration).await?.success()?;
        let id = text(&made, "tenantId")?.to_owned();
        self.change(&id, &json!({ "plan": self.plan("Small") })).await?;
        Ok(id)
    }

    async fn change(&self, tenant: &str, change: &Value) -> Result<(), LocalError> {
        self.platform.patch(&format!("/admin/tenants/{tenant}"), change).await?.success().map(drop)
    }

    async fn reach_a_limit(&self, business: &mut Business) -> Result<Step, LocalError> {
        let contact = |index: usize| json!({ "phone": format!("+1555124{index:04}"), "name": "Bea" });
        let all: Vec<Value> = (0..=CONTACTS_MAX).map(contact).collect();
        let import = json!({ "contacts": all });
        let refused = business.client.post("/contacts/import", &import).await?;
        must_refuse(&refused, "plan-limit", "four contacts on a plan of three")?;
        self.change(&business.id, &json!({ "plan": self.plan("Large") })).await?;
        business.client.post("/contacts/import", &import).await?.success()?;
        let listed = business.client.get("/contacts").await?.success()?;
        let rows = listed.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        business.contacts =
            rows.iter().map(|row| Ok(text(row, "id")?.to_owned())).collect::<Result<_, LocalError>>()?;
        must(business.contacts.len() == all.len(), "not every contact was imported")?;
        Ok(("its plan's limit is met", "four contacts refused, and taken on the larger plan".to_owned()))
    }

    async fn invite(&self, business: &Business) -> Result<Step, LocalError> {
        let email = format!("bob-{}@story.test", self.run);
        let user = json!({ "email": email, "name": "Bob", "role": "SENDER" });
        let user = business.client.post("/users", &user).await?.success()?;
        let path = format!("/users/{}", text(&user, "id")?);
        let came = match self.mail {
            None => "invited, and removed".to_owned(),
            Some(mail) => {
                let choose = json!({ "secret": mail.secret_for(&email, LIMIT).await?, "password": PASSWORD });
                self.anonymous.post("/auth/set-password", &choose).await?.success()?;
                let bob = self.anonymous.login(&email, PASSWORD).await?;
                bob.get("/contacts").await?.success()?;
                must_refuse(&bob.get("/users").await?, "forbidden", "a sender read the users")?;
                business.client.delete(&path).await?.success()?;
                must_refuse(&bob.get("/contacts").await?, "unauthenticated", "a removed user read contacts")?;
                "read what a sender may, and nothing once removed".to_owned()
            }
        };
        if self.mail.is_none() {
            business.client.delete(&path).await?.success()?;
        }
        Ok(("a person is invited", came))
    }

    async fn give_a_key(&self, business: &Business) -> Result<Step, LocalError> {
        let key = json!({ "name": "Shop", "scopes": ["messages:send", "messages:read"] });
        let key = business.client.post("/api-keys", &key).await?.success()?;
        let program = self.anonymous.with_token(text(&key, "key")?);
        let message = send(&program, business, 0, SignedDuration::ZERO).await?;
        must_refuse(&program.get("/contacts").await?, "forbidden", "a key read without the scope")?;
        read(&program, &message).await?;
        Ok((
            "a program gets an API key",
            "sent a message, which was read; contacts were refused to it".to_owned(),
        ))
    }

    async fn quote_and_send(&self, business: &Business) -> Result<Step, LocalError> {
        let ask = json!({ "templateId": business.template, "contactIds": business.contacts });
        let quote = business.client.post("/billing/quote", &ask).await?.success()?;
        let before = balance(&business.client).await?;
        let mut messages = Vec::new();
        for index in 0..business.contacts.len() {
            messages.push(send(&business.client, business, index, SignedDuration::ZERO).await?);
        }
        for message in &messages {
            read(&business.client, message).await?;
        }
        let paid = before - balance(&business.client).await?;
        let quoted = micros(&quote, "total")?;
        must(paid == quoted, &format!("quoted {quoted} and debited {paid} millionths"))?;
        Ok(("a quote is asked for", format!("{}, and exactly that was debited", Money::from_micros(quoted))))
    }

    async fn suspend_and_open(&self, business: &Business) -> Result<Step, LocalError> {
        let message = send(&business.client, business, 0, SignedDuration::from_secs(3)).await?;
        self.change(&business.id, &json!({ "state": "SUSPENDED", "reason": "Story" })).await?;
        let import = json!({ "contacts": [] });
        let refused = business.client.post("/contacts/import", &import).await?;
        must_refuse(&refused, "tenant-suspended", "a suspended tenant changed something")?;
        let shown = business.client.get(&format!("/messages/{message}")).await?.success()?;
        must(text(&shown, "status")? == "PENDING", "a message of a suspended tenant went")?;
        self.change(&business.id, &json!({ "state": "ACTIVE", "reason": "Story" })).await?;
        read(&business.client, &message).await?;
        Ok((
            "it is suspended and opened",
            "read only meanwhile; what was due waited, and was read".to_owned(),
        ))
    }

    async fn read_audit_logs(&self, business: &Business) -> Result<Step, LocalError> {
        let own = actions(&business.client, "/audit?limit=200").await?;
        let all = actions(self.platform, "/admin/audit?limit=200").await?;
        for action in ["tenant.change_state", "tenant.change_plan", "credit.add"] {
            must(
                own.iter().any(|found| found == action),
                &format!("{action} is not in the tenant's audit log"),
            )?;
            must(
                all.iter().any(|found| found == action),
                &format!("{action} is not in the platform's audit log"),
            )?;
        }
        Ok(("the audit logs are read", format!("{} acts of the tenant of {}", own.len(), business.email)))
    }
}

/// Sends to one of its contacts; returns the message's id.
async fn send(
    client: &Client,
    business: &Business,
    contact: usize,
    after: SignedDuration,
) -> Result<String, LocalError> {
    let contact = business.contacts.get(contact).ok_or_else(|| LocalError::Call("no contacts".to_owned()))?;
    let body = json!({
        "templateId": business.template, "contactId": contact, "scheduleTime": (now() + after).to_string(),
        "idempotencyKey": format!("{:x}", rand::random::<u64>()),
    });
    let message = client.post("/messages/schedule", &body).await?.success()?;
    Ok(text(&message, "id")?.to_owned())
}

/// Waits until the message was read.
async fn read(client: &Client, message: &str) -> Result<(), LocalError> {
    let (since, path) = (Instant::now(), format!("/messages/{message}"));
    while since.elapsed() < LIMIT {
        let shown = client.get(&path).await?.success()?;
        if text(&shown, "status")? == "READ" {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(LocalError::Call(format!("message {message} was not read within {} s", LIMIT.as_secs())))
}

/// The statement of this month adds up to the balance, and the proof of the ledger holds.
async fn read_books(business: &Business) -> Result<Step, LocalError> {
    let month = Month::of(now());
    let statement = business.client.get(&format!("/billing/statement?month={month}")).await?.success()?;
    let sum_of = |what: &str| micros(statement.get(what).unwrap_or(&Value::Null), "amount");
    let mut sum = micros(&statement, "openingBalance")?;
    for what in ["topUps", "debits", "refunds", "adjustments"] {
        sum += sum_of(what)?;
    }
    must(sum == micros(&statement, "closingBalance")?, "the statement does not add up")?;
    must(sum == balance(&business.client).await?, "the statement does not end with the balance")?;
    let since = Instant::now();
    loop {
        let proof = business.client.get("/billing/ledger/proof").await?.success()?;
        let verified = ops::billing::proof::verify(&proof.to_string());
        match verified {
            Ok(verified) if verified.entries > 0 => {
                let came =
                    format!("the statement adds up; {} sealed entries are unchanged", verified.entries);
                return Ok(("its books are read", came));
            }
            Ok(_) if since.elapsed() < LIMIT => tokio::time::sleep(LOOK_EVERY).await,
            Ok(_) => return Err(LocalError::Call("no entry was sealed".to_owned())),
            Err(error) => return Err(LocalError::Call(error.to_string())),
        }
    }
}

async fn balance(client: &Client) -> Result<i64, LocalError> {
    micros(&client.get("/billing/balance").await?.success()?, "balance")
}

async fn actions(client: &Client, path: &str) -> Result<Vec<String>, LocalError> {
    let listed = client.get(path).await?.success()?;
    let rows = listed.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    rows.iter().map(|row| Ok(text(row, "action")?.to_owned())).collect()
}

fn micros(body: &Value, member: &str) -> Result<i64, LocalError> {
    let amount = text(body, member)?.parse::<Money>();
    amount.map(Money::micros).map_err(|error| LocalError::Call(format!("{member}: {error}")))
}

fn must(is_so: bool, what: &str) -> Result<(), LocalError> {
    if is_so { Ok(()) } else { Err(LocalError::Call(what.to_owned())) }
}

fn must_refuse(answer: &Answer, kind: &str, what: &str) -> Result<(), LocalError> {
    let found = answer.body.get("type").and_then(Value::as_str).unwrap_or_default();
    must(found.ends_with(&format!(":{kind}")), &format!("{what}: {} {}", answer.status, answer.body))
}
