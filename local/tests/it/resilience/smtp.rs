//! E-mails through a complete SMTP server (the crate `mailin`), and what the platform's owner sees of those that do not leave.

use std::io::{self, BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use cloud::{Queue, Reloadable};
use domain::events::DomainEvent;
use jiff::SignedDuration;
use mail_parser::{Message, MessageParser};
use mailer::{Login, Mailer, Server, Transport};
use mailin::{Action, Handler, Response, SessionBuilder, response};
use serde_json::{Value, json};
use tidings::client::Client;
use tidings::machine::Machine;
use tidings::poll::receive_once;

use super::fault_test::FaultTest;
use crate::test_system::rules;

const OWNER: &str = "boss@acme.test";
const CHOSEN: &str = "a-password-of-her-own";

/// The e-mails that the server took, each as it came.
#[derive(Clone, Default)]
struct Inbox {
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    refuses: Arc<AtomicBool>,
    data: Vec<u8>,
}

impl Handler for Inbox {
    fn rcpt(&mut self, _to: &str) -> Response {
        if self.refuses.load(Ordering::SeqCst) { response::NO_MAILBOX } else { response::OK }
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.data.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.taken.lock().unwrap().push(std::mem::take(&mut self.data));
        response::OK
    }
}

impl Inbox {
    /// Serves on that listener until the test's process ends.
    fn serve(&self, listener: TcpListener) {
        let inbox = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let inbox = inbox.clone();
                std::thread::spawn(move || inbox.session(stream?));
            }
        });
    }

    fn session(self, mut stream: TcpStream) -> io::Result<()> {
        let mut session = SessionBuilder::new("mail.acme.test").build(stream.peer_addr()?.ip(), self);
        session.greeting().write_to(&mut stream)?;
        let mut lines = BufReader::new(stream.try_clone()?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            let answer = session.process(&line);
            line.clear();
            match answer.action {
                Action::NoReply => {}
                Action::Reply => answer.write_to(&mut stream)?,
                Action::Close | Action::UpgradeTls => return answer.write_to(&mut stream),
            }
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }

    fn last(&self) -> Vec<u8> {
        self.taken.lock().unwrap().last().cloned().unwrap()
    }
}

/// The test's machine with a mail server on that port of this machine.
fn machine(test: &FaultTest, port: u16) -> Machine {
    let no_login = Login { user: String::new(), password: String::new() };
    let server = Server::new("127.0.0.1".to_owned(), port);
    let transport = Arc::new(Transport::Smtp(server, Reloadable::fixed(no_login)));
    let mailer = Mailer { transport, ..test.system.machine.mailer.clone() };
    Machine { mailer, ..test.system.machine.clone() }
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn create_tenant(owner: &Client) {
    let tenant = json!({ "tenantName": "Acme", "slug": "acme", "adminName": "Ann", "adminEmail": OWNER });
    owner.post("/admin/create-tenant", &tenant).await.unwrap().success().unwrap();
}

async fn receive(machine: &Machine) -> usize {
    receive_once(machine, rules(), Queue::Mail).await.unwrap()
}

/// The only e-mail in the list of that state.
async fn listed(owner: &Client, state: &str) -> Value {
    let page = owner.get(&format!("/admin/mail?state={state}")).await.unwrap().success().unwrap();
    let emails = page["data"].as_array().unwrap();
    assert_eq!(emails.len(), 1, "{state}: {page}");
    assert_eq!(emails[0]["state"], state);
    emails[0].clone()
}

/// The link in the e-mail: a line of its own.
fn link_of(message: &Message<'_>) -> String {
    let text = message.body_text(0).unwrap();
    text.lines().find(|line| line.starts_with("http")).unwrap().to_owned()
}

#[tokio::test]
async fn a_welcome_through_a_real_mail_server_leads_to_a_login_with_a_link_that_works_once() {
    let test = FaultTest::start().await;
    let (inbox, (listener, port)) = (Inbox::default(), listener());
    inbox.serve(listener);
    let (owner, machine) = (test.system.owner().await, machine(&test, port));
    create_tenant(&owner).await;
    assert_eq!(listed(&owner, "QUEUED").await["recipient"], OWNER);
    assert_eq!(receive(&machine).await, 1);

    let raw = inbox.last();
    let message = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some(OWNER));
    assert_eq!(message.from().unwrap().first().unwrap().address(), Some("noreply@tidings.test"));
    assert_eq!(message.subject(), Some("Welcome to Tidings, Acme"));
    let link = link_of(&message);
    let (page, secret) = link.split_once('#').unwrap();
    assert_eq!(page, format!("{}/auth/set-password", test.system.machine.public_url));
    let opened = test.system.http.get(page.replace("localhost", "127.0.0.1")).send().await.unwrap();
    assert!(opened.text().await.unwrap().contains("<title>Choose your password</title>"));

    let (anonymous, body) = (test.system.anonymous(), json!({ "secret": secret, "password": CHOSEN }));
    anonymous.post("/auth/set-password", &body).await.unwrap().success().unwrap();
    let again = json!({ "secret": secret, "password": "another-password" });
    assert_eq!(anonymous.post("/auth/set-password", &again).await.unwrap().status.as_u16(), 422);
    anonymous.login(OWNER, CHOSEN).await.unwrap().get("/contacts").await.unwrap().success().unwrap();
    let sent = listed(&owner, "SENT").await;
    assert_eq!(
        (&sent["kind"], &sent["tenantName"], &sent["attempts"]),
        (&json!("WELCOME"), &json!("Acme"), &json!(1))
    );
    assert!(sent["sentAt"].is_string() && sent.get("lastError").is_none(), "{sent}");
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn an_e_mail_waits_for_a_mail_server_that_is_down_and_is_delivered_once() {
    let test = FaultTest::start().await;
    let (inbox, (listener, port)) = (Inbox::default(), listener());
    drop(listener);
    let (owner, machine) = (test.system.owner().await, machine(&test, port));
    create_tenant(&owner).await;
    for _ in 0..2 {
        assert_eq!(receive(&machine).await, 1);
        test.system.clock.advance(SignedDuration::from_mins(1));
    }
    let waiting = listed(&owner, "RETRYING").await;
    assert_eq!(waiting["attempts"], 2);
    let why = waiting["lastError"].as_str().unwrap();
    assert!(why.starts_with("the mail server could not be reached") && !why.contains(OWNER), "{why}");
    let retry = format!("/admin/mail/{}/retry", waiting["id"].as_str().unwrap());
    let asked = owner.post(&retry, &json!({})).await.unwrap();
    assert_eq!((asked.status.as_u16(), &asked.body["state"]), (202, &json!("RETRYING")), "it waits already");

    inbox.serve(TcpListener::bind(("127.0.0.1", port)).unwrap());
    assert_eq!(receive(&machine).await, 1);
    assert_eq!(inbox.count(), 1);
    let sent = listed(&owner, "SENT").await;
    // The bus and the queue deliver at least once.
    let event = DomainEvent::EmailQueued {
        tenant_id: sent["tenantId"].as_str().unwrap().parse().unwrap(),
        email_id: sent["id"].as_str().unwrap().parse().unwrap(),
    };
    test.put(Queue::Mail, vec![serde_json::to_string(&event).unwrap(); 2]).await;
    assert_eq!(receive(&machine).await, 2);
    assert_eq!(inbox.count(), 1, "an event that comes again sends nothing");
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn an_e_mail_that_is_refused_for_good_is_parked_in_the_owners_list_and_sent_when_the_owner_asks() {
    let test = FaultTest::start().await;
    let (inbox, (listener, port)) = (Inbox::default(), listener());
    inbox.refuses.store(true, Ordering::SeqCst);
    inbox.serve(listener);
    let (owner, machine) = (test.system.owner().await, machine(&test, port));
    create_tenant(&owner).await;
    assert_eq!(receive(&machine).await, 1);
    let parked = listed(&owner, "PARKED").await;
    assert_eq!(parked["lastError"], "the mail server refused it with 550");
    assert_eq!((&parked["recipient"], &parked["tenantName"]), (&json!(OWNER), &json!("Acme")));
    test.system.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(receive(&machine).await, 0, "it is not tried again by itself");

    inbox.refuses.store(false, Ordering::SeqCst);
    let owner = test.system.owner().await;
    let retry = format!("/admin/mail/{}/retry", parked["id"].as_str().unwrap());
    // Its answer was lost, so the owner asks twice.
    for _ in 0..2 {
        let asked = owner.post(&retry, &json!({})).await.unwrap();
        assert_eq!((asked.status.as_u16(), &asked.body["state"]), (202, &json!("QUEUED")));
    }
    assert_eq!((receive(&machine).await, inbox.count()), (1, 1));
    let refused = owner.post(&retry, &json!({})).await.unwrap();
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.body);
    let (_, secret) = link_of(&MessageParser::default().parse(&inbox.last()).unwrap())
        .split_once('#')
        .map(|(page, secret)| (page.to_owned(), secret.to_owned()))
        .unwrap();
    let body = json!({ "secret": secret, "password": CHOSEN });
    test.system.anonymous().post("/auth/set-password", &body).await.unwrap().success().unwrap();
    // The dead letter of the first attempt stays for the operator.
    test.assert_at_rest(1).await;
}

#[tokio::test]
async fn the_list_of_e_mails_goes_a_page_at_a_time_newest_first_and_forgets_after_ninety_days() {
    let test = FaultTest::start().await;
    let owner = test.system.owner().await;
    for slug in ["one", "two", "three"] {
        test.system.tenant(slug, "0").await;
        test.system.clock.advance(SignedDuration::from_secs(1));
    }
    let (mut path, mut seen) = ("/admin/mail?limit=2".to_owned(), Vec::new());
    loop {
        let page = owner.get(&path).await.unwrap().success().unwrap();
        seen.extend(page["data"].as_array().unwrap().iter().map(|email| email["tenantName"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/admin/mail?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["three", "two", "one"]);
    for query in ["state=LOST", "cursor=x", "limit=0"] {
        let refused = owner.get(&format!("/admin/mail?{query}")).await.unwrap();
        assert_eq!(refused.status.as_u16(), 422, "{query}");
    }
    test.work().await;
    test.system.clock.advance(SignedDuration::from_hours(91 * 24));
    test.system.sweep().await;
    let left = test.system.owner().await.get("/admin/mail").await.unwrap().success().unwrap();
    assert_eq!(left["data"], json!([]));
}

#[tokio::test]
async fn an_e_mail_whose_queue_message_is_lost_is_parked_after_two_days() {
    let test = FaultTest::start().await;
    create_tenant(&test.system.owner().await).await;
    let _lost = test.hold(Queue::Mail).await;
    for (hours, state) in [(47, "QUEUED"), (2, "PARKED")] {
        test.system.clock.advance(SignedDuration::from_hours(hours));
        test.system.sweep().await;
        let email = listed(&test.system.owner().await, state).await;
        assert_eq!(email.get("lastError").is_some(), state == "PARKED");
    }
}
