//! The journal: what a sandbox remembers when it is started again, also after a SIGKILL.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sandbox::SandboxError;
use serde_json::json;

use crate::support::{APP_ID, APP_SECRET, Caller, Receiver, VERIFY_TOKEN, begin, options, refused};

/// A folder of its own for one test, gone with it.
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
        // A folder that stays behind harms nobody.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The program itself, killed without a chance to tidy up.
struct Process {
    child: Child,
    caller: Caller,
}

impl Process {
    fn start(journal: &Path, webhook_url: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
            .args(["--listen", "127.0.0.1:0", "--app-id", APP_ID, "--app-secret", APP_SECRET])
            .args(["--verify-token", VERIFY_TOKEN, "--webhook-url", webhook_url, "--journal"])
            .arg(journal)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("its log is piped");
        let mut line = String::new();
        BufReader::new(stderr).read_line(&mut line).expect("it says where it listens");
        let (_, url) = line.split_once("url=\"").expect("the line names a URL");
        let base = url.split('"').next().expect("the URL ends");
        Self { caller: Caller::new(base), child }
    }

    fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone when the test killed it.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn a_killed_sandbox_remembers_and_tells_what_was_not_taken() {
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
    let told = first.caller.send(&account, "+15550000001", "told").await.wamid();
    receiver.words_of(&told, 3).await;

    // From here on the receiver takes POSTs in without answering, so these are not taken.
    receiver.shut();
    let untold = first.caller.send(&account, "+15550000001", "untold").await.wamid();
    first.caller.send_in_vain(&account, "+15550000004", "lost").await;
    let before = first.caller.acceptances().await;
    first.kill();
    receiver.open();

    let posts = receiver.hooks().len();
    let second = Process::start(&folder.journal(), &receiver.url());
    assert_eq!(second.caller.acceptances().await, before);
    assert_eq!(second.caller.attempts().await, ["told", "untold", "lost"]);
    let again = |receiver: &Receiver| {
        let hooks = receiver.hooks().split_off(posts);
        let bodies = hooks.iter().map(|hook| hook.body.to_string()).collect::<String>();
        bodies.matches(r#""biz_opaque_callback_data":"untold""#).count() == 3
            && bodies.matches(r#""biz_opaque_callback_data":"lost""#).count() == 3
    };
    receiver.until("what was not taken", again).await;
    assert!(receiver.words(&untold).len() >= 3);
    second.caller.get(&account.token, &format!("/{template}")).await.expect_status(200);
    let fresh = second.caller.send(&account, "+15550000001", "fresh").await.wamid();
    assert!(![&told, &untold].contains(&&fresh), "wamids are new after a restart");
    assert_eq!(second.caller.acceptances().await[3]["index"], 4, "the count goes on");
}

#[tokio::test]
async fn an_acceptance_is_in_the_journal_before_it_is_answered() {
    let folder = Folder::new();
    let sandbox = begin(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&sandbox.base_url());
    let account = caller.connect("a code").await;
    for place in 0..50 {
        let wamid = caller.send(&account, "+15550000001", &format!("attempt {place}")).await.wamid();
        let written = std::fs::read_to_string(folder.journal()).expect("the journal is there");
        assert!(written.contains(&wamid), "{wamid} is not in the journal");
    }
}

#[tokio::test]
async fn what_was_taken_is_not_told_again() {
    let folder = Folder::new();
    let receiver = Receiver::start().await;
    let first = begin(options(Some(receiver.url()), Some(folder.journal()))).await;
    let caller = Caller::new(&first.base_url());
    let account = caller.connect("a code").await;
    caller.order("auto", r#"{"delayMs":0}"#).await.expect_status(200);
    let old = caller.send(&account, "+15550000001", "old").await.wamid();
    receiver.words_of(&old, 3).await;
    caller.settled().await;
    first.stop().await;

    let second = begin(options(Some(receiver.url()), Some(folder.journal()))).await;
    let caller = Caller::new(&second.base_url());
    assert_eq!(caller.look("webhooks").await.expect_status(200)["pending"], 0);
    let new = caller.send(&account, "+15550000001", "new").await.wamid();
    receiver.words_of(&new, 3).await;
    assert_eq!(receiver.words(&old).len(), 3);
    assert_eq!(caller.attempts().await, ["old", "new"]);
}

#[tokio::test]
async fn a_reset_is_remembered_as_well() {
    let folder = Folder::new();
    let first = begin(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&first.base_url());
    let account = caller.connect("a code").await;
    caller.send(&account, "+15550000001", "old").await.wamid();
    crate::support::caller::read(caller.request(reqwest::Method::DELETE, "/sandbox"))
        .await
        .expect_status(200);
    first.stop().await;
    let second = begin(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&second.base_url());
    assert_eq!(caller.attempts().await, Vec::<String>::new());
    caller.send(&account, "+15550000001", "new").await.wamid();
    assert_eq!(caller.acceptances().await[0]["index"], 2);
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_any_other_is_refused() {
    let folder = Folder::new();
    let first = begin(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&first.base_url());
    let account = caller.connect("a code").await;
    caller.send(&account, "+15550000001", "whole").await.wamid();
    first.stop().await;
    append(&folder.journal(), r#"{"kind":"accepted","acceptance":{"ind"#);

    let second = begin(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&second.base_url());
    assert_eq!(caller.attempts().await, ["whole"]);
    caller.send(&account, "+15550000001", "next").await.wamid();
    second.stop().await;
    let third = begin(options(None, Some(folder.journal()))).await;
    assert_eq!(Caller::new(&third.base_url()).attempts().await, ["whole", "next"]);
    third.stop().await;

    append(&folder.journal(), "not a record\n{\"kind\":\"reset\"}\n");
    let error = refused(options(None, Some(folder.journal()))).await;
    assert!(matches!(error, SandboxError::JournalLine { .. }), "{error:?}");
}

fn append(path: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("the journal is there");
    file.write_all(text.as_bytes()).expect("it can be written");
}

#[tokio::test]
async fn a_journal_serves_one_sandbox_at_a_time() {
    let folder = Folder::new();
    let _first = begin(options(None, Some(folder.journal()))).await;
    let error = refused(options(None, Some(folder.journal()))).await;
    assert!(matches!(error, SandboxError::JournalBusy { .. }), "{error:?}");
}

#[tokio::test]
async fn a_taken_address_and_a_folder_for_a_journal_are_refused() {
    let folder = Folder::new();
    let first = begin(options(None, None)).await;
    let mut same = options(None, None);
    same.listen = first.address();
    assert!(matches!(refused(same).await, SandboxError::Listen { .. }));
    let error = refused(options(None, Some(folder.0.clone()))).await;
    assert!(matches!(error, SandboxError::Journal { .. }), "{error:?}");
}

#[tokio::test]
async fn what_meta_made_of_an_account_is_remembered() {
    let folder = Folder::new();
    let first = begin(options(None, Some(folder.journal()))).await;
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
    let second = begin(options(None, Some(folder.journal()))).await;
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
    let third = begin(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&third.base_url());
    let path = format!("/{}/message_templates", account.waba);
    caller.post(&account.token, &path, &template).await.expect_refusal(400, (100, Some(2_388_023)), "");
}

#[tokio::test]
async fn a_journal_from_before_states_were_kept_is_read() {
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
    let sandbox = begin(options(None, Some(folder.journal()))).await;
    let caller = Caller::new(&sandbox.base_url());
    let send = crate::support::body::template_message("+4915112345678", "first", &json!([]));
    let request = caller.request(reqwest::Method::POST, "/v26.0/2/messages").bearer_auth("EAAtoken");
    crate::support::caller::read(request.json(&send)).await.wamid();
}
