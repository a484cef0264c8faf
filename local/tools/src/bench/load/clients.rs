//! Clients that ask one after the other, each kind of request in turn.

use std::time::Duration;

use futures_util::future::join_all;
use meta::signature;
use reqwest::RequestBuilder;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::story::Tenant;
use crate::story::instance::Instance;
use tidings::error::LocalError;

/// Longer than any request may take.
const TIMEOUT: Duration = Duration::from_secs(35);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    ListContacts,
    Send,
    Webhook,
}

impl Kind {
    const ALL: [Self; 3] = [Self::ListContacts, Self::Send, Self::Webhook];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ListContacts => "GET /contacts",
            Self::Send => "POST /messages",
            Self::Webhook => "POST /webhook/meta",
        }
    }
}

/// One tenant of a serving process, and what is asked for it.
pub(super) struct Target {
    http: reqwest::Client,
    url: String,
    token: String,
    message: Value,
    webhook: String,
    signature: String,
}

/// How long each request of a kind took, and how many failed.
pub(super) type Taken = (Kind, Vec<Duration>, usize);

impl Target {
    /// `message` is sent again and again; the webhook says that the message of this `wamid` was read, as it was.
    pub(super) fn new(
        instance: &Instance,
        tenant: &Tenant,
        message: Value,
        wamid: &str,
    ) -> Result<Self, LocalError> {
        let status = json!({ "id": wamid, "status": "read", "timestamp": "1750000000", "recipient_id": "1" });
        let webhook = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
            "field": "messages",
            "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "1", "phone_number_id": tenant.number },
                "statuses": [status],
            },
        }] }] })
        .to_string();
        let signature = signature::sign(&instance.app_secret()?.into(), webhook.as_bytes());
        Ok(Self {
            http: reqwest::Client::builder().timeout(TIMEOUT).build()?,
            url: instance.url(),
            token: tenant.client.token().unwrap_or_default().to_owned(),
            message,
            webhook,
            signature,
        })
    }

    /// So many clients at once for so long.
    pub(super) async fn run(&self, clients: usize, within: Duration) -> Vec<Taken> {
        let until = Instant::now() + within;
        let runs = join_all((0..clients).map(|client| self.ask_until(client, until))).await;
        let all = |kind: Kind| {
            let of_kind = || runs.iter().flatten().filter(move |(asked, _)| *asked == kind);
            let times: Vec<Duration> = of_kind().filter_map(|(_, taken)| *taken).collect();
            let errors = of_kind().count() - times.len();
            (kind, times, errors)
        };
        Kind::ALL.map(all).into()
    }

    async fn ask_until(&self, client: usize, until: Instant) -> Vec<(Kind, Option<Duration>)> {
        let mut asked = Vec::new();
        let kinds = Kind::ALL.into_iter().cycle().skip(client % Kind::ALL.len());
        for kind in kinds {
            if Instant::now() >= until {
                break;
            }
            let since = Instant::now();
            let answer = self.request(kind).send().await;
            let is_fine = match answer {
                // An answer counts when all of it is there.
                Ok(answer) if answer.status().is_success() => answer.bytes().await.is_ok(),
                Ok(_) | Err(_) => false,
            };
            asked.push((kind, is_fine.then(|| since.elapsed())));
        }
        asked
    }

    fn request(&self, kind: Kind) -> RequestBuilder {
        let url = |path: &str| format!("{}{path}", self.url);
        match kind {
            Kind::ListContacts => self.http.get(url("/contacts?limit=50")).bearer_auth(&self.token),
            Kind::Send => self
                .http
                .post(url("/messages"))
                .bearer_auth(&self.token)
                .header("idempotency-key", uuid::Uuid::new_v4().to_string())
                .json(&self.message),
            Kind::Webhook => self
                .http
                .post(url("/webhook/meta"))
                .header("content-type", "application/json")
                .header("x-hub-signature-256", &self.signature)
                .body(self.webhook.clone()),
        }
    }
}
