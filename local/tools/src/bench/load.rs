//! Clients of the API with a crowd beside them that opens connections without a request and has passwords hashed for
//! nothing, and the same clients alone.

mod clients;
mod crowd;

use std::time::Duration;

use comfy_table::{Cell, CellAlignment};
use serde::Serialize;
use serde_json::json;

use crate::story::instance::Instance;
use crate::story::{Tenant, other_phone};
use clients::{Kind, Target};
use crowd::Crowd;
use tidings::client::{Client, text};
use tidings::error::LocalError;
use tidings::progress::step;
use tidings::say::say;
use tidings::settings::Settings;
use tidings::table::table;

/// Enough for every message of a run.
const CREDIT: &str = "100000.00";
/// The message whose statuses are sent to the webhook must have been read by then.
const LOOKS_MAX: u32 = 300;
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plan {
    pub clients: usize,
    pub seconds: u64,
    pub half_open: usize,
    pub hang_ups: u64,
}

/// What one kind of request met in one run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    kind: Kind,
    is_beside_crowd: bool,
    per_second: f64,
    median_ms: f64,
    p99_ms: f64,
    errors: usize,
}

/// Memory of the serving process, MiB.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    idle: Option<u64>,
    peak_alone: Option<u64>,
    peak_beside_crowd: Option<u64>,
}

/// Against a private instance of this program.
pub(super) async fn run(settings: Settings, plan: Plan, as_json: bool) -> Result<(), LocalError> {
    let instance = Instance::start(&settings).await?;
    let measured = measure(&instance, plan).await;
    instance.end(measured.is_ok()).await?;
    let (measured, memory) = measured?;
    if as_json {
        say(json!({ "plan": plan, "requests": measured, "memoryMib": memory }));
    } else {
        show(plan, &measured, memory);
    }
    let errors: usize = measured.iter().map(|kind| kind.errors).sum();
    if errors > 0 {
        return Err(LocalError::Call(format!("{errors} requests failed")));
    }
    Ok(())
}

async fn measure(instance: &Instance, plan: Plan) -> Result<(Vec<Measured>, Memory), LocalError> {
    let target = prepare(instance).await?;
    let idle = instance.memory("VmRSS").await?;
    let mut measured = step("Asking alone", one_run(&target, plan, false)).await;
    let peak_alone = instance.memory("VmHWM").await?;
    let crowd = Crowd::gather(&instance.url(), plan);
    measured.extend(step("Asking beside a crowd", one_run(&target, plan, true)).await);
    drop(crowd);
    let peak_beside_crowd = instance.memory("VmHWM").await?;
    Ok((measured, Memory { idle, peak_alone, peak_beside_crowd }))
}

/// A tenant with credit, and a message that was read.
async fn prepare(instance: &Instance) -> Result<Target, LocalError> {
    let anonymous = Client::new(&instance.url())?;
    let (email, password) = instance.owner();
    let owner = anonymous.login(&email, &password).await?;
    let tenant = Tenant::register(&anonymous, &owner, "load").await?;
    let credit = json!({
        "tenantId": tenant.id, "amount": CREDIT, "description": "Load", "idempotencyKey": "load-more",
    });
    owner.post("/billing/add-credits", &credit).await?.success()?;
    lift_limits(&owner, &tenant.id).await?;
    let ask = json!({ "templateId": tenant.template, "contactId": tenant.contact(&other_phone(0)) });
    let sent = tenant.client.post("/messages", &ask).await?.success()?;
    let path = format!("/messages/{}", text(&sent, "id")?);
    for _ in 0..LOOKS_MAX {
        let message = tenant.client.get(&path).await?.success()?;
        if text(&message, "status")? == "READ" {
            return Target::new(instance, &tenant, ask, text(&message, "wamid")?);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(LocalError::Call("the first message was not read".to_owned()))
}

/// Puts the tenant on a plan that allows more than one machine answers: the requests are counted, and none is refused.
async fn lift_limits(owner: &Client, tenant: &str) -> Result<(), LocalError> {
    const MOST: i64 = 1_000_000_000;
    let plan = json!({
        "name": "Load", "monthlyPrice": 0, "messagesPerMonth": MOST, "contacts": MOST, "templates": MOST,
        "phoneNumbers": MOST, "users": MOST, "requestsPerMinute": 60_000_000, "marginBps": 0,
    });
    owner.post("/plans", &plan).await?.success()?;
    owner.patch(&format!("/admin/tenants/{tenant}"), &json!({ "plan": "Load" })).await?.success().map(drop)
}

fn show(plan: Plan, measured: &[Measured], memory: Memory) {
    let mut shown = table(&["request", "beside the crowd", "requests/s", "median ms", "p99 ms", "errors"]);
    let number = |value: String| Cell::new(value).set_alignment(CellAlignment::Right);
    for kind in measured {
        shown.add_row(vec![
            Cell::new(kind.kind.name()),
            Cell::new(if kind.is_beside_crowd { "yes" } else { "no" }),
            number(format!("{:.0}", kind.per_second)),
            number(format!("{:.1}", kind.median_ms)),
            number(format!("{:.1}", kind.p99_ms)),
            number(kind.errors.to_string()),
        ]);
    }
    let Plan { clients, seconds, half_open, hang_ups } = plan;
    let mebibytes = |read: Option<u64>| read.map_or("unknown".to_owned(), |read| format!("{read} MiB"));
    let Memory { idle, peak_alone, peak_beside_crowd } = memory;
    let [idle, peak_alone, peak_beside_crowd] = [idle, peak_alone, peak_beside_crowd].map(mebibytes);
    say(format!(
        "{shown}\n{clients} clients for {seconds} s; the crowd: {half_open} connections without a request, {hang_ups} logins a \
         second that hang up\nmemory of the process: {idle} idle, {peak_alone} at most alone, {peak_beside_crowd} at \
         most beside the crowd"
    ));
}

/// The clients of one run, and what each kind of request met.
async fn one_run(target: &Target, plan: Plan, is_beside_crowd: bool) -> Vec<Measured> {
    let within = Duration::from_secs(plan.seconds);
    let taken = target.run(plan.clients, within).await;
    let measured = taken.into_iter().map(|(kind, mut times, errors)| {
        times.sort_unstable();
        let at = |share: usize| {
            times.get(times.len() * share / 100).map_or(f64::NAN, |time: &Duration| time.as_secs_f64())
        };
        let count = u32::try_from(times.len()).map_or(f64::NAN, f64::from);
        Measured {
            kind,
            is_beside_crowd,
            per_second: count / within.as_secs_f64(),
            median_ms: at(50) * 1e3,
            p99_ms: at(99) * 1e3,
            errors,
        }
    });
    measured.collect()
}
