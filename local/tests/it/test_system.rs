//! A complete system for one test: a database, a sandbox, the API on a port, and queues that work only on request.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use cloud::Queue;
use domain::Clock;
use domain::access::email::EmailProof;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Store;
use testkit::TestDb;
use tidings::api;
use tidings::audit::{self, Acceptance, Books};
use tidings::client::{Client, text};
use tidings::home::Home;
use tidings::machine::Machine;
use tidings::poll::{Rules, receive_once};
use tidings::settings::{Settings, Variables};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const ADMIN: (&str, &str) = ("owner@platform.test", "the-owners-password");
pub const PASSWORD: &str = "password123";
/// What a utility message costs on the plan `Starter`.
pub const PRICE: &str = "0.012";

/// Polls of a condition before a test gives up, ten milliseconds apart.
const POLLS_MAX: u32 = 1_500;

pub struct TestSystem {
    is_audited: AtomicBool,
    pub machine: Machine,
    pub clock: Clock,
    pub url: String,
    pub sandbox_url: String,
    pub db: TestDb,
    /// Made once, because a client reads all of its certificates.
    pub http: reqwest::Client,
    _sandbox: sandbox::Running,
    api: JoinHandle<()>,
    pub home: PathBuf,
}

/// A tenant of the test with one contact per recipient and an approved template.
#[derive(Clone)]
pub struct Tenant {
    pub client: Client,
    pub id: String,
    pub email: String,
    pub template: String,
}

impl TestSystem {
    /// With nothing broken.
    pub async fn start() -> Self {
        Self::start_with(|store| store).await
    }

    /// With a store that `prepare` has changed, such as by injected faults.
    pub async fn start_with(prepare: impl FnOnce(Store) -> Store) -> Self {
        Self::start_on(testkit::database().await, prepare).await
    }

    /// With owners who have to prove their e-mail addresses, as with Meta itself.
    pub async fn requiring_proof() -> Self {
        Self::start_as(testkit::database().await, |store| store, EmailProof::Required).await
    }

    /// On that database.
    pub async fn start_on(db: TestDb, prepare: impl FnOnce(Store) -> Store) -> Self {
        Self::start_as(db, prepare, EmailProof::Off).await
    }

    pub async fn start_as(db: TestDb, prepare: impl FnOnce(Store) -> Store, email_proof: EmailProof) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidings-it-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let path = std::env::temp_dir().join(name);
        let (home, clock) = (Home::open(&path).unwrap(), Clock::shifted());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let secrets = home.secrets().unwrap();
        let sandbox = sandbox::start(sandbox::Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            app_id: "1000000000000001".to_owned(),
            app_secret: secrets.sandbox_app_secret,
            webhook_url: Some(format!("{url}/webhook/meta")),
            verify_token: secrets.sandbox_verify_token,
            journal: None,
        })
        .await
        .unwrap();
        let settings = Settings { email_proof, ..settings(&path, port, sandbox.base_url()) };
        let machine = Machine::assemble(&settings, &home, prepare(db.store.clone()), clock.clone()).unwrap();
        ops::tenants::owner::ensure_super_admin(&machine.platform, ADMIN.0, ADMIN.1.to_owned(), true)
            .await
            .unwrap();
        let service = api::router(&machine).into_make_service_with_connect_info::<SocketAddr>();
        let api = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let sandbox_url = sandbox.base_url();
        let http = reqwest::Client::builder().build().unwrap();
        let is_audited = AtomicBool::new(true);
        let system = Self {
            is_audited,
            machine,
            clock,
            url,
            sandbox_url,
            db,
            http,
            _sandbox: sandbox,
            api,
            home: path,
        };
        system.order("auto", &json!({ "delayMs": 5 })).await;
        system
    }

    pub fn anonymous(&self) -> Client {
        Client::new(&self.url).unwrap()
    }

    pub async fn owner(&self) -> Client {
        self.anonymous().login(ADMIN.0, ADMIN.1).await.unwrap()
    }

    /// Another process on the same home and database.
    pub fn another_machine(&self) -> Machine {
        let port = self.url.rsplit(':').next().unwrap().parse().unwrap();
        let settings = settings(&self.home, port, self.sandbox_url.clone());
        let home = Home::open(&self.home).unwrap();
        Machine::assemble(&settings, &home, self.db.store.clone(), self.clock.clone()).unwrap()
    }

    /// The secrets in its home folder.
    pub fn secrets(&self) -> tidings::home::Secrets {
        Home::open(&self.home).unwrap().secrets().unwrap()
    }

    /// A token for the owner of a tenant.
    pub async fn token(&self, tenant: &Tenant) -> String {
        let login = json!({ "email": tenant.email, "password": PASSWORD });
        let session = self.anonymous().post("/auth/login", &login).await.unwrap().success().unwrap();
        text(&session, "token").unwrap().to_owned()
    }

    /// Registers a tenant, gives it credit, and has its template approved.
    pub async fn tenant(&self, slug: &str, credit: &str) -> Tenant {
        let email = format!("{slug}@tenant.test");
        let registration = json!({
            "tenantName": slug, "slug": slug, "adminEmail": email, "adminPassword": PASSWORD, "adminName": "Ann",
        });
        let session =
            self.anonymous().post("/auth/register-tenant", &registration).await.unwrap().success().unwrap();
        let client = self.anonymous().with_token(text(&session, "token").unwrap());
        let id = text(&session, "tenantId").unwrap().to_owned();
        if credit != "0" {
            let top_up = json!({ "tenantId": id, "amount": credit, "idempotencyKey": slug });
            self.owner().await.post("/billing/add-credits", &top_up).await.unwrap().success().unwrap();
        }
        let template =
            json!({ "name": "welcome", "content": "Hello {{1}}, welcome!", "variables": ["name"] });
        let template = client.post("/templates", &template).await.unwrap().success().unwrap();
        assert_eq!(template["status"], "APPROVED");
        Tenant { client, id, email, template: text(&template, "id").unwrap().to_owned() }
    }

    /// Lets every queue's functions work until nothing is left to do and Meta has delivered all webhooks.
    pub async fn pump(&self) {
        for _ in 0..POLLS_MAX {
            let is_silent = self.webhooks_pending().await == 0;
            let worked = self.work_once().await;
            // Meta's last webhook was on a queue before the queues were read.
            if is_silent && worked == 0 {
                return;
            }
            if worked == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        panic!("the queues did not become idle");
    }

    /// One receive from every queue; returns the number of messages.
    pub async fn work_once(&self) -> usize {
        let mut worked = 0;
        for queue in Queue::ALL {
            worked += receive_once(&self.machine, rules(), queue).await.unwrap();
        }
        worked
    }

    /// How many webhooks Meta has not delivered yet.
    pub async fn webhooks_pending(&self) -> u64 {
        let answer = self.http.get(format!("{}/sandbox/webhooks", self.sandbox_url)).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["pending"].as_u64().unwrap()
    }

    /// When a function that is called now has to end.
    pub fn end_of_shift(&self) -> Timestamp {
        self.clock.now() + self.machine.platform.timings.shift
    }

    /// One run of the sweeper.
    pub async fn sweep(&self) -> ops::recovery::sweep::Swept {
        sweep::on_schedule(&self.machine.platform, self.end_of_shift()).await.unwrap()
    }

    /// Advances the clock and lets the sweeper and the queues work, until everything that waits is due.
    pub async fn recover(&self) {
        for _ in 0..6 {
            self.clock.advance(SignedDuration::from_mins(2));
            self.sweep().await;
            self.pump().await;
        }
    }

    /// Sets a limit of every plan.
    pub async fn allow(&self, limit: &str, count: u32) {
        self.db.execute(&format!("UPDATE plan_terms SET {limit} = {count}")).await;
    }

    /// Sends an order to the sandbox.
    pub async fn order(&self, name: &str, body: &Value) {
        let url = format!("{}/sandbox/{name}", self.sandbox_url);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{name} {body}: {}", answer.text().await.unwrap());
    }

    /// Everything that Meta accepted.
    pub async fn acceptances(&self) -> Vec<Acceptance> {
        audit::acceptances(&self.sandbox_url).await.unwrap()
    }

    pub async fn books(&self, at_rest: bool) -> Books {
        audit::books(&self.db.store, self.clock.now(), at_rest).await.unwrap()
    }

    /// The audit at rest, with Meta's side, is clean. What compares instants is left out: a test's clock is not Meta's.
    pub async fn assert_clean(&self) {
        let books = self.books(true).await;
        let mut findings = books.findings.clone();
        findings.extend(audit::compare(&books, &self.acceptances().await));
        let broken: Vec<_> = findings
            .into_iter()
            .filter(|finding| finding.violations != 0 && !finding.invariant.ends_with("by Meta's clock"))
            .collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

impl TestSystem {
    /// The e-mails to that address, in no order.
    pub fn emails_to(&self, address: &str) -> Vec<String> {
        let emails = std::fs::read_dir(self.home.join("mail")).unwrap();
        let emails = emails.map(|email| std::fs::read_to_string(email.unwrap().path()).unwrap_or_default());
        // Quoted-printable folds long lines.
        let unfolded = emails.map(|email| email.replace("=\r\n", ""));
        let to = format!("To: {address}\r\n");
        unfolded.filter(|email| email.contains(&to)).collect()
    }

    /// The secrets of the links to that page in e-mails to that address, in no order.
    pub fn secrets_to(&self, address: &str, page: &str) -> Vec<String> {
        const SECRET_CHARS: usize = 64;
        let start = format!("/auth/{page}#");
        let emails = self.emails_to(address);
        let found = emails.iter().filter_map(|email| email.split_once(&start)?.1.get(..SECRET_CHARS));
        found.map(str::to_owned).collect()
    }

    /// No row of any table holds one of these texts, whatever its case.
    pub async fn assert_nowhere(&self, texts: &[&str]) {
        for text in texts {
            let look = format!(
                "DO $$ DECLARE name text; found bigint; BEGIN
                   FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
                     EXECUTE format('SELECT count(*) FROM %I AS row WHERE strpos(lower(row::text), lower(%L)) > 0', name, '{text}')
                        INTO found;
                     IF found > 0 THEN RAISE EXCEPTION '% still holds {text}', name; END IF;
                   END LOOP; END $$"
            );
            self.db.execute(&look).await;
        }
    }

    /// Leaves the audit at the end out, because the test breaks what it asks for: `why` says what.
    pub fn leaves_unaudited(&self, why: &'static str) {
        assert!(!why.is_empty());
        self.is_audited.store(false, Ordering::Relaxed);
    }

    /// What must hold at every commit, held against the database as the test leaves it.
    fn audit(&self) {
        let (store, now) = (self.db.another_store(1), self.clock.now());
        // A test's own runtime cannot be waited on while it drops the system.
        let audit = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { audit::books(&store, now, false).await.unwrap().findings })
        });
        let broken: Vec<_> =
            audit.join().unwrap().into_iter().filter(|finding| finding.violations != 0).collect();
        assert!(broken.is_empty(), "the test leaves broken invariants: {broken:#?}");
    }
}

impl Drop for TestSystem {
    fn drop(&mut self) {
        self.api.abort();
        if self.is_audited.load(Ordering::Relaxed) && !std::thread::panicking() {
            self.audit();
        }
        if let Err(error) = std::fs::remove_dir_all(&self.home) {
            eprintln!("{}: {error}", self.home.display());
        }
    }
}

impl Tenant {
    /// The id of the contact with that number, imported unless it is there.
    pub async fn contact(&self, phone: &str) -> String {
        let import = json!({ "contacts": [{ "phone": phone, "name": "Ann" }] });
        self.client.post("/contacts/import", &import).await.unwrap().success().unwrap();
        let contacts = self.client.get("/contacts?limit=200").await.unwrap().success().unwrap();
        let contacts = contacts["data"].as_array().unwrap();
        let found = contacts.iter().find(|contact| contact["phone"] == phone).unwrap();
        text(found, "id").unwrap().to_owned()
    }

    /// Sends now; returns the message's id.
    pub async fn send(&self, phone: &str) -> String {
        let body = json!({ "templateId": self.template, "contactId": self.contact(phone).await });
        let accepted = self.client.post("/messages", &body).await.unwrap().success().unwrap();
        text(&accepted, "id").unwrap().to_owned()
    }

    /// A message as the API shows it.
    pub async fn message(&self, id: &str) -> Value {
        self.client.get(&format!("/messages/{id}")).await.unwrap().success().unwrap()
    }

    /// The balance as the API shows it.
    pub async fn balance(&self) -> String {
        self.client.get("/billing/balance").await.unwrap().success().unwrap()["balance"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub fn rules() -> Rules {
    Rules { visibility: SignedDuration::from_secs(30), receives_max: 5, sweep_every: Duration::from_mins(1) }
}

fn settings(home: &std::path::Path, port: u16, meta_url: String) -> Settings {
    Settings {
        home: home.to_path_buf(),
        port,
        meta_url: Some(meta_url),
        public_url: format!("http://localhost:{port}"),
        mail_from: "Tidings <noreply@tidings.test>".to_owned(),
        call_timeout: Duration::from_secs(2),
        visibility: rules().visibility,
        receives_max: rules().receives_max,
        sweep_every: rules().sweep_every,
        ..Settings::read(Variables::default()).unwrap()
    }
}
