//! The journal: what survives a restart, also after a SIGKILL.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use sandbox::SandboxError;
use serde_json::json;

use crate::support::{
    APP_ID, APP_SECRET, Caller, Receiver, VERIFY_TOKEN, options, start_error, start_sandbox,
};

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("sandbox-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn journal(&self) -> PathBuf {
        self.0.join("journal.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover folder does no harm.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The program, which can be killed.
struct Process {
    child: Child,
    caller: Caller,
    /// Open, so that the program can log.
    _log: BufReader<ChildStderr>,
}

impl Process {
    fn start(journal: &Path, webhook_url: &str) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_sandbox")), journal, webhook_url)
    }

    /// With a limit of what it may write to a file, which fails as a full disk does.
    fn start_limited(journal: &Path, webhook_url: &str, kibibytes: u32) -> Self {
        let mut command = Command::new("bash");
        let limited = format!("trap '' XFSZ; ulimit -S -f {kibibytes}; exec \"$@\"");
        command.args(["-c", &limited, "bash", env!("CARGO_BIN_EXE_sandbox")]);
        Self::run(command, journal, webhook_url)
    }

    /// Ends that limit.
    fn unlimit(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        prlimit(id, Resource::Fsize, Rlimit { current: None, maximum: None }).expect("it is our process");
    }

    fn run(mut command: Command, journal: &Path, webhook_url: &str) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--app-id", APP_ID, "--app-secret", APP_SECRET])
            .args(["--verify-token", VERIFY_TOKEN, "--webhook-url", webhook_url, "--journal"])
            .arg(journal)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("its log is piped");
        let mut line = String::new();
        let mut log = BufReader::new(stderr);
        log.read_line(&mut line).expect("it logs its address");
        let (_, url) = line.split_once("url=\"").expect("the line names a URL");
        let base = url.split('"').next().expect("the URL ends");
        Self { caller: Caller::new(base), child, _log: log }
    }

    fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that the test has killed it already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn a_killed_sandbox_keeps_its_state_and_sends_undelivered_updates() {
    let folder = Folder::new();
    let receiver = Receiver::start().await;
    let first = Process::start(&folder.journal(), &receiver.url());
    let account = first.caller.connect("a code").await;
    first.caller.order("auto", r#"{"delayMs":0}"#).await.expect_status(200);
    let template = json!({
        "name": "first", "language": "en", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Your order is on its way." }],
    });
    let template = first.caller.create(&account, &template).await;
    let delivered = first.caller.send(&account, "+15550000001", "delivered").await.wamid();
    receiver.wait_for_statuses(&delivered, 3).await;

    // From here on POSTs are not answered, so their updates are not delivered.
    receiver.hold_answers();
    let undelivered = first.caller.send(&account, "+15550000001", "undelivered").await.wamid();
    first.caller.send_without_answer(&account, "+15550000004", "lost").await;
    let before = first.caller.acceptances().await;
    first.kill();
    receiver.release_answers();

    let posts = receiver.posts().len();
    let second = Process::start(&folder.journal(), &receiver.url());
    assert_eq!(second.caller.acceptances().await, before);
    assert_eq!(second.caller.attempts().await, ["delivered", "undelivered", "lost"]);
    let is_complete = |receiver: &Receiver| {
        let posts = receiver.posts().split_off(posts);
        let bodies = posts.iter().map(|post| post.body.to_string()).collect::<String>();
        bodies.matches(r#""biz_opaque_callback_data":"undelivered""#).count() == 3
            && bodies.matches(r#""biz_opaque_callback_data":"lost""#).count() == 3
    };
    receiver.wait_until("the undelivered statuses", is_complete).await;
    assert!(receiver.statuses_of(&undelivered).len() >= 3);
    second.caller.get(&account.token, &format!("/{template}")).await.expect_status(200);
    let fresh = second.caller.send(&account, "+15550000001", "fresh").await.wamid();
    assert!(![&delivered, &undelivered].contains(&&fresh), "wamids are new after a restart");
    assert_eq!(second.caller.acceptances().await[3]["index"], 4, "the index continues");
}

#[tokio::test]
async fn an_acceptance_is_in_the_journal_before_it_is_answered() {
    let folder = Folder::new();
    let sandbox = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&sandbox.base_url());
    let account = caller.connect("a code").await;
    for number in 0..50 {
        let wamid = caller.send(&account, "+15550000001", &format!("attempt {number}")).await.wamid();
        let written = std::fs::read_to_string(folder.journal()).expect("the journal is there");
        assert!(written.contains(&wamid), "{wamid} is not in the journal");
    }
}

#[tokio::test]
async fn delivered_updates_are_not_sent_again() {
    let folder = Folder::new();
    let receiver = Receiver::start().await;
    let first = start_sandbox(options(Some(receiver.url()), Some(folder.journal()))).await;
    let caller = Caller::new(&first.base_url());
    let account = caller.connect("a code").await;
    caller.order("auto", r#"{"delayMs":0}"#).await.expect_status(200);
    let old = caller.send(&account, "+15550000001", "old").await.wamid();
    receiver.wait_for_statuses(&old, 3).await;
    caller.wait_until_delivered().await;
    first.stop().await;

    let second = start_sandbox(options(Some(receiver.url()), Some(folder.journal()))).await;
    let caller = Caller::new(&second.base_url());
    assert_eq!(caller.show("webhooks").await.expect_status(200)["pending"], 0);
    let new = caller.send(&account, "+15550000001", "new").await.wamid();
    receiver.wait_for_statuses(&new, 3).await;
    assert_eq!(receiver.statuses_of(&old).len(), 3);
    assert_eq!(caller.attempts().await, ["old", "new"]);
}

#[tokio::test]
async fn a_reset_survives_a_restart() {
    let folder = Folder::new();
    let first = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&first.base_url());
    let account = caller.connect("a code").await;
    caller.send(&account, "+15550000001", "old").await.wamid();
    crate::support::caller::read(caller.request(reqwest::Method::DELETE, "/sandbox"))
        .await
        .expect_status(200);
    first.stop().await;
    let second = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&second.base_url());
    assert_eq!(caller.attempts().await, Vec::<String>::new());
    caller.send(&account, "+15550000001", "new").await.wamid();
    assert_eq!(caller.acceptances().await[0]["index"], 2);
}

#[tokio::test]
async fn an_incomplete_last_line_is_cut_off_and_any_other_is_refused() {
    let folder = Folder::new();
    let first = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&first.base_url());
    let account = caller.connect("a code").await;
    caller.send(&account, "+15550000001", "whole").await.wamid();
    first.stop().await;
    append(&folder.journal(), r#"{"kind":"accepted","acceptance":{"ind"#);

    let second = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&second.base_url());
    assert_eq!(caller.attempts().await, ["whole"]);
    caller.send(&account, "+15550000001", "next").await.wamid();
    second.stop().await;
    let third = start_sandbox(options(None, Some(folder.journal()))).await;
    assert_eq!(Caller::new(&third.base_url()).attempts().await, ["whole", "next"]);
    third.stop().await;

    append(&folder.journal(), "not a record\n{\"kind\":\"reset\"}\n");
    let error = start_error(options(None, Some(folder.journal()))).await;
    assert!(matches!(error, SandboxError::JournalLine { .. }), "{error:?}");
}

fn append(path: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("the journal is there");
    file.write_all(text.as_bytes()).expect("it can be written");
}

#[tokio::test]
async fn a_journal_serves_one_sandbox_at_a_time() {
    let folder = Folder::new();
    let _first = start_sandbox(options(None, Some(folder.journal()))).await;
    let error = start_error(options(None, Some(folder.journal()))).await;
    assert!(matches!(error, SandboxError::JournalBusy { .. }), "{error:?}");
}

#[tokio::test]
async fn an_address_in_use_and_a_folder_as_journal_are_refused() {
    let folder = Folder::new();
    let first = start_sandbox(options(None, None)).await;
    let mut same = options(None, None);
    same.listen = first.address();
    assert!(matches!(start_error(same).await, SandboxError::Listen { .. }));
    let error = start_error(options(None, Some(folder.0.clone()))).await;
    assert!(matches!(error, SandboxError::Journal { .. }), "{error:?}");
}

#[tokio::test]
async fn ordered_changes_survive_a_restart() {
    let folder = Folder::new();
    let first = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&first.base_url());
    let account = caller.connect("a code").await;
    let template = json!({
        "name": "offer", "language": "en", "category": "MARKETING",
        "components": [{ "type": "BODY", "text": "Our new offer is here." }],
    });
    let id = caller.create(&account, &template).await;
    for (path, order) in [
        ("inbound", json!({ "from": "+4915112345678" })),
        ("preferences", json!({ "from": "+4915112345678", "value": "stop" })),
        ("templates", json!({ "id": id, "quality": "RED" })),
        ("numbers", json!({ "throughput": "HIGH" })),
    ] {
        caller.order(path, &order.to_string()).await.expect_status(200);
    }
    first.stop().await;
    let second = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&second.base_url());
    caller.send(&account, "+4915112345678", "within the window").await.wamid();
    let offer = crate::support::body::template_message("+4915112345678", "offer", &json!([]));
    assert_eq!(caller.message(&account, &offer).await.expect_error(400), 131_050);
    let shown = caller.get(&account.token, &format!("/{id}?fields=quality_score")).await.expect_status(200);
    assert_eq!(shown["quality_score"]["score"], "RED");
    let path = format!("/{}?fields=throughput", account.phone_id);
    let shown = caller.get(&account.token, &path).await.expect_status(200);
    assert_eq!(shown["throughput"]["level"], "HIGH");
    let removed = format!("/{}/message_templates?name=offer", account.waba);
    caller.delete(&account.token, &removed).await.expect_status(200);
    second.stop().await;
    let third = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&third.base_url());
    let path = format!("/{}/message_templates", account.waba);
    caller.post(&account.token, &path, &template).await.expect_refusal(400, (100, Some(2_388_023)), "");
}

#[tokio::test]
async fn a_journal_without_account_states_is_read() {
    let folder = Folder::new();
    let account = json!({
        "wabaId": "1", "phoneNumberId": "2", "number": "+15550100000", "businessId": "3", "userId": "4",
        "name": "A business", "accessToken": "EAAtoken", "codeHash": "5", "registered": true,
        "subscribed": true, "createdMs": 0,
    });
    let template = json!({
        "id": "6", "serial": 0, "wabaId": "1", "name": "first", "language": "en", "category": "UTILITY",
        "named": false, "components": [{ "type": "BODY", "text": "It is on its way." }],
        "status": "APPROVED", "reason": "NONE",
    });
    let account = json!({ "kind": "account", "account": account });
    let template = json!({ "kind": "template", "template": template, "updates": [] });
    std::fs::write(folder.journal(), format!("{account}\n{template}\n")).expect("it can be written");
    let sandbox = start_sandbox(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&sandbox.base_url());
    let send = crate::support::body::template_message("+4915112345678", "first", &json!([]));
    let request = caller.request(reqwest::Method::POST, "/v26.0/2/messages").bearer_auth("EAAtoken");
    crate::support::caller::read(request.json(&send)).await.wamid();
}

/// A journal of an earlier version with every kind of record: names in the file never change.
#[tokio::test]
async fn a_journal_of_an_earlier_version_is_read() {
    let folder = Folder::new();
    std::fs::write(folder.journal(), include_str!("journal_format.jsonl")).expect("it can be written");
    let receiver = Receiver::start().await;
    let sandbox = start_sandbox(options(Some(receiver.url()), Some(folder.journal()))).await;
    let caller = Caller::new(&sandbox.base_url());
    assert_eq!(caller.attempts().await, ["attempt 1", "attempt 2"]);
    let accounts = caller.show("accounts").await.expect_status(200);
    let account = &accounts["accounts"][0];
    assert_eq!((&account["registered"], &account["subscribed"]), (&json!(true), &json!(true)));

    let webhooks = caller.wait_until_delivered().await;
    assert_eq!((&webhooks["pending"], &webhooks["delivered"]), (&json!(0), &json!(14)));
    assert_eq!(receiver.statuses_of("wamid.second"), ["sent", "failed"]);
    let first = receiver.statuses().into_iter().filter(|status| status.wamid == "wamid.first");
    let first: Vec<_> = first.map(|status| (status.name, status.error, status.opaque)).collect();
    let opaque = || Some("attempt 1".to_owned());
    let failed = ("failed".to_owned(), Some(131_049), None);
    assert_eq!(
        first,
        [("delivered".to_owned(), None, opaque()), ("read".to_owned(), None, opaque()), failed]
    );
    for field in ["user_preferences", "message_template_quality_update", "message_template_status_update"] {
        assert_eq!(receiver.changes(field).len(), 1, "{field}");
    }
    let inbound = receiver.changes("messages").into_iter().filter(|change| change["messages"].is_array());
    assert_eq!(inbound.count(), 2);

    let offer = crate::support::body::template_message("+4915112345678", "offer", &json!([]));
    let request = caller.request(reqwest::Method::POST, "/v26.0/1000000000000012/messages");
    let reply = crate::support::caller::read(request.bearer_auth("EAAtoken").json(&offer)).await;
    assert_eq!(reply.expect_error(400), 132_015, "the template is paused");
    let approved = json!({ "id": "1000000000000015", "status": "APPROVED" });
    caller.order("templates", &approved.to_string()).await.expect_status(200);
    let request = caller.request(reqwest::Method::POST, "/v26.0/1000000000000012/messages");
    let reply = crate::support::caller::read(request.bearer_auth("EAAtoken").json(&offer)).await;
    assert_eq!(reply.expect_error(400), 131_050, "the person stopped marketing messages");
}

#[tokio::test]
async fn a_sandbox_whose_journal_cannot_be_written_answers_and_accepts_again_when_it_can() {
    let (folder, receiver) = (Folder::new(), Receiver::start().await);
    let first = Process::start_limited(&folder.journal(), &receiver.url(), 8);
    let caller = first.caller.clone();
    let account = caller.connect("a code").await;
    let mut accepted = Vec::new();
    let refused = loop {
        let reply = caller.send(&account, "+15550000001", &accepted.len().to_string()).await;
        if reply.status != 200 {
            break reply;
        }
        accepted.push(reply.wamid());
        assert!(accepted.len() < 1_000, "the journal has no limit");
    };
    assert_eq!(refused.expect_error(503), 2);
    let number = format!("/{}", account.phone_id);
    caller.get(&account.token, &number).await.expect_status(200);
    assert_eq!(caller.send(&account, "+15550000001", "refused").await.status, 503);

    first.unlimit();
    let again = loop {
        let reply = caller.send(&account, "+15550000001", "again").await;
        if reply.status == 200 {
            break reply.wamid();
        }
        tokio::task::yield_now().await;
    };
    accepted.push(again);
    first.kill();
    let second = Process::start(&folder.journal(), &receiver.url());
    let stored = second.caller.acceptances().await;
    let stored: Vec<&str> = stored.iter().filter_map(|one| one["wamid"].as_str()).collect();
    assert!(accepted.iter().all(|wamid| stored.contains(&wamid.as_str())), "{accepted:?} {stored:?}");
    assert!(stored.len() <= accepted.len() + 1, "what was refused while it was full is not accepted");
}

#[tokio::test]
async fn the_journal_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    std::fs::write(folder.journal(), "").expect("it can be written");
    std::fs::set_permissions(folder.journal(), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let _sandbox = start_sandbox(options(None, Some(folder.journal()))).await;
    let mode = std::fs::metadata(folder.journal()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
