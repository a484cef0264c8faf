//! Claims about the program: the README's walk-through, a SIGKILL, and roles in separate processes.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::TestDb;
use tidings::client::{Client, text};
use tokio::process::{Child, Command};

mod access;
mod connections;
mod first_start;
mod operators;
mod settings;

const ADMIN: (&str, &str) = ("owner@program.test", "the-owners-password");
/// Polls before a test gives up, a tenth of a second apart.
const LOOKS_MAX: u32 = 300;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A home and a database, and the processes that serve from them.
struct Program {
    home: PathBuf,
    port: u16,
    db: TestDb,
}

impl Program {
    async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("tidings-program-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let home = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&home).unwrap();
        Self { home, port: two_free_ports(), db: testkit::database().await }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts a process, which is killed when it is dropped.
    fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(env!("CARGO_BIN_EXE_tidings")).args(arguments).spawn().unwrap()
    }

    /// A program with the environment of this one, which says nothing.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("TIDINGS_HOME", self.home.join(".tidings"))
            .env("PORT", self.port.to_string())
            .env("DATABASE_URL", self.db.url())
            .env("TIDINGS_ADMIN_EMAIL", ADMIN.0)
            .env("TIDINGS_ADMIN_PASSWORD", ADMIN.1)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// What a process wrote to a file in the home.
    fn written(&self, file: &str) -> String {
        std::fs::read_to_string(self.home.join(file)).unwrap()
    }

    fn file(&self, name: &str) -> std::fs::File {
        std::fs::File::create(self.home.join(name)).unwrap()
    }

    /// Waits until a process has written a text to a file in the home.
    async fn wait_until_said(&self, file: &str, text: &str) {
        let what = format!("{file} says {text:?}");
        until(&what, async || self.written(file).contains(text).then_some(())).await;
    }

    /// The first e-mail that is in the home.
    async fn letter(&self) -> String {
        let is_letter = |path: &PathBuf| path.extension().is_some_and(|end| end == "eml");
        until("an e-mail is written", async || {
            let found = std::fs::read_dir(self.home.join(".tidings/mail")).into_iter().flatten();
            let path = found.filter_map(Result::ok).map(|entry| entry.path()).find(is_letter)?;
            Some(std::fs::read_to_string(path).unwrap())
        })
        .await
    }

    async fn wait_until_healthy(&self) -> Client {
        let client = Client::new(&self.url()).unwrap();
        let is_healthy = async || client.get("/healthz").await.ok()?.status.is_success().then_some(());
        until("the program is healthy", is_healthy).await;
        client
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.home) {
            eprintln!("{}: {error}", self.home.display());
        }
    }
}

/// Looks until there is what `look` looks for.
async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("waited in vain until {what}");
}

/// One port for the API, the next one for the sandbox. They are below those that systems give to outgoing connections, of
/// which another test could get one before the program listens; each process of tests begins elsewhere.
fn two_free_ports() -> u16 {
    const FIRST: u32 = 20_000;
    const PORTS: u32 = 10_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let taken = NEXT.fetch_add(2, Ordering::SeqCst) + std::process::id() * 40;
        let first = u16::try_from(FIRST + taken % PORTS).unwrap();
        if is_free(first) && is_free(first + 1) {
            return first;
        }
    }
}

/// The tenant's message once it has reached its final state.
async fn at_rest(client: &Client, id: &str) -> Value {
    until(&format!("message {id} is at rest"), async || {
        let message = client.get(&format!("/messages/{id}")).await.unwrap().success().unwrap();
        let status = text(&message, "status").unwrap();
        let is_owed = status == "FAILED" && message.get("refund").is_none();
        let is_final = !is_owed && matches!(status, "READ" | "FAILED");
        is_final.then_some(message)
    })
    .await
}

/// A tenant with credit, one contact of that number, and an approved template.
async fn set_up(anonymous: &Client, phone: &str) -> (Client, Value) {
    let registration = json!({
        "tenantName": "Acme", "slug": "acme", "adminEmail": "ann@acme.test", "adminPassword": "password123",
        "adminName": "Ann",
    });
    let session = anonymous.post("/auth/register-tenant", &registration).await.unwrap().success().unwrap();
    let tenant = anonymous.with_token(text(&session, "token").unwrap());
    let owner = anonymous.login(ADMIN.0, ADMIN.1).await.unwrap();
    let credit = json!({ "tenantId": session["tenantId"], "amount": "1.00", "idempotencyKey": "first" });
    owner.post("/billing/add-credits", &credit).await.unwrap().success().unwrap();
    let import = json!({ "contacts": [{ "phone": phone, "name": "Alice" }] });
    tenant.post("/contacts/import", &import).await.unwrap().success().unwrap();
    let template = json!({ "name": "welcome", "content": "Hello {{1}}, welcome!", "variables": ["name"] });
    let template = tenant.post("/templates", &template).await.unwrap().success().unwrap();
    let contacts = tenant.get("/contacts").await.unwrap().success().unwrap();
    let ask = json!({ "templateId": template["id"], "contactId": contacts["data"][0]["id"] });
    (tenant, ask)
}

/// The block of the README that walks from registration to refund.
fn walk() -> String {
    let readme = std::fs::read_to_string(testkit::workspace().join("README.md")).unwrap();
    let (_, section) = readme.split_once("## From registration to refund").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.to_owned()
}

#[tokio::test]
async fn the_readmes_walk_ends_with_a_refunded_message() {
    let program = Program::new().await;
    let _serving = program.spawn(&[]);
    program.wait_until_healthy().await;
    // The unchanged walk-through, on this test's port and with this test's owner.
    let script = walk()
        .replace("localhost:3000", &format!("127.0.0.1:{}", program.port))
        .replace("owner@tidings.local", ADMIN.0)
        .replace("$(field adminPassword < .tidings/secrets.json)", ADMIN.1);
    // In the shell of POSIX, and a second time on the same home.
    for shell in ["sh", "bash"] {
        let walking = Command::new(shell).arg("-c").arg(&script).current_dir(&program.home).output();
        let walked = walking.await.unwrap();
        let output = String::from_utf8(walked.stdout).unwrap();
        let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let [imported, credited, message, ledger] = lines.as_slice() else { panic!("{shell}: {output}") };
        assert_eq!((&imported["imported"], &credited["balance"]), (&json!(1), &json!("100.00")));
        assert_eq!((&message["status"], &message["refund"]), (&json!("FAILED"), &json!("0.012")));
        let kinds: Vec<&Value> =
            ledger["data"].as_array().unwrap().iter().map(|entry| &entry["type"]).collect();
        assert_eq!(kinds, ["CREDIT", "DEBIT", "CREDIT"], "{ledger}");
    }
}

#[tokio::test]
async fn once_the_api_is_healthy_its_owner_can_log_in() {
    let program = Program::new().await;
    let _serving = program.spawn(&[]);
    let anonymous = program.wait_until_healthy().await;
    anonymous.login(ADMIN.0, ADMIN.1).await.unwrap();
}

#[tokio::test]
async fn after_a_sigkill_everything_that_was_accepted_is_there() {
    let program = Program::new().await;
    let mut serving = program.spawn(&[]);
    let anonymous = program.wait_until_healthy().await;
    let (tenant, ask) = set_up(&anonymous, "+15550000002").await;
    let sent = tenant.post("/messages", &ask).await.unwrap().success().unwrap();
    let mut later = ask.clone();
    let tomorrow = Clock::System.now() + SignedDuration::from_hours(24);
    later["scheduleTime"] = json!(tomorrow.to_string());
    later["idempotencyKey"] = json!("later");
    let scheduled = tenant.post("/messages/schedule", &later).await.unwrap().success().unwrap();
    let shown = at_rest(&tenant, text(&sent, "id").unwrap()).await;
    let ledger = tenant.get("/billing/ledger").await.unwrap().body;
    let contacts = tenant.get("/contacts").await.unwrap().body;

    serving.kill().await.unwrap();
    let _again = program.spawn(&[]);
    program.wait_until_healthy().await;

    assert_eq!(tenant.get(&format!("/messages/{}", text(&sent, "id").unwrap())).await.unwrap().body, shown);
    assert_eq!(tenant.get("/billing/ledger").await.unwrap().body, ledger);
    assert_eq!(tenant.get("/contacts").await.unwrap().body, contacts);
    let path = format!("/messages/{}", text(&scheduled, "id").unwrap());
    assert_eq!(tenant.get(&path).await.unwrap().body["status"], "PENDING");
    // The new process sends the next one.
    let next = tenant.post("/messages", &ask).await.unwrap().success().unwrap();
    assert_eq!(at_rest(&tenant, text(&next, "id").unwrap()).await["status"], "FAILED");
}

#[tokio::test]
async fn roles_in_separate_processes_send_together() {
    let program = Program::new().await;
    let _http = program.spawn(&["serve", "--roles", "http"]);
    let anonymous = program.wait_until_healthy().await;
    let sandbox = format!("http://127.0.0.1:{}", program.port + 1);
    let roles = ["serve", "--meta-url", &sandbox, "--roles", "dispatch,updates,refunds,sweep,mailer"];
    let _others = program.spawn(&roles);
    let (tenant, ask) = set_up(&anonymous, "+15550000001").await;
    let sent = tenant.post("/messages", &ask).await.unwrap().success().unwrap();
    assert_eq!(at_rest(&tenant, text(&sent, "id").unwrap()).await["status"], "READ");
}
