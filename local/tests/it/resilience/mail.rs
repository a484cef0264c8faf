//! A mail server that stops answering in the middle of an e-mail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloud::{Queue, Reloadable};
use jiff::SignedDuration;
use mailer::{Login, Mailer, Server, Transport};
use serde_json::json;
use store::Moment;
use tidings::machine::Machine;
use tidings::poll::receive_once;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::fault_test::FaultTest;
use crate::test_system::rules;

/// Long enough for a server on this machine to accept an e-mail, however busy the machine is.
const WITHIN: Duration = Duration::from_secs(2);

/// Accepts e-mails on one port, and stops answering in the middle of one of them.
struct MailServer {
    port: u16,
    /// The recipients of the e-mails that it took.
    taken: Arc<Mutex<Vec<String>>>,
    /// The code that the next recipient is refused with.
    refusal: Refusal,
}

type Refusal = Arc<Mutex<Option<u16>>>;

impl MailServer {
    /// Stops answering on its nth connection, counted from 0.
    async fn stopping_on(nth: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, refusal): (Arc<Mutex<Vec<String>>>, Refusal) = Default::default();
        tokio::spawn(serve(listener, nth, (Arc::clone(&taken), Arc::clone(&refusal))));
        Self { port, taken, refusal }
    }

    /// Refuses the next recipient with that code.
    async fn refusing(code: u16) -> Self {
        let server = Self::stopping_on(usize::MAX).await;
        *server.refusal.lock().unwrap() = Some(code);
        server
    }

    fn transport(&self) -> Transport {
        let server = Server { within: WITHIN, ..Server::new("127.0.0.1".to_owned(), self.port) };
        let no_login = Login { user: String::new(), password: String::new() };
        Transport::Smtp(server, Reloadable::fixed(no_login))
    }

    fn taken(&self) -> Vec<String> {
        let mut taken = self.taken.lock().unwrap().clone();
        taken.sort();
        taken
    }
}

async fn serve(listener: TcpListener, stops_on: usize, shared: (Arc<Mutex<Vec<String>>>, Refusal)) {
    let mut kept_open = Vec::new();
    for connection in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        if connection == stops_on {
            kept_open.push(stream);
        } else {
            let (taken, refusal) = shared.clone();
            tokio::spawn(take(stream, taken, refusal));
        }
    }
}

/// One SMTP session, with only the commands that an e-mail needs.
async fn take(stream: TcpStream, taken: Arc<Mutex<Vec<String>>>, refusal: Refusal) {
    let mut lines = BufReader::new(stream);
    lines.write_all(b"220 here\r\n").await.unwrap();
    let (mut to, mut is_data) = (String::new(), false);
    let mut line = String::new();
    while lines.read_line(&mut line).await.unwrap_or(0) > 0 {
        let answer = match line.trim_end() {
            "." => {
                is_data = false;
                taken.lock().unwrap().push(to.clone());
                "250 taken"
            }
            _ if is_data => "",
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            command => {
                if let Some(address) = command.strip_prefix("RCPT TO:") {
                    to = address.trim_matches(['<', '>']).to_owned();
                }
                "250 yes"
            }
        };
        let refused = if line.starts_with("RCPT") { refusal.lock().unwrap().take() } else { None };
        let answer = refused.map_or_else(|| answer.to_owned(), |code| format!("{code} no"));
        if !answer.is_empty() && lines.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
        line.clear();
    }
}

/// A tenant is made, whose owner is to be mailed by a machine with that server.
async fn invited(test: &FaultTest, server: &MailServer) -> Machine {
    let owner = test.system.owner().await;
    let invited = json!({
        "tenantName": "one", "slug": "one", "adminName": "one", "adminEmail": "one@invited.test",
    });
    owner.post("/admin/create-tenant", &invited).await.unwrap().success().unwrap();
    let mailer = Mailer { transport: Arc::new(server.transport()), ..test.system.machine.mailer.clone() };
    Machine { mailer, ..test.system.machine.clone() }
}

async fn receive(machine: &Machine) -> usize {
    receive_once(machine, rules(), Queue::Mail).await.unwrap()
}

#[tokio::test]
async fn a_temporarily_refused_e_mail_is_sent_after_five_minutes_and_not_before() {
    let (test, server) = (FaultTest::start().await, MailServer::refusing(451).await);
    let machine = invited(&test, &server).await;
    assert_eq!(receive(&machine).await, 1);
    test.system.clock.advance(SignedDuration::from_secs(295));
    assert_eq!((receive(&machine).await, server.taken().len()), (0, 0));
    test.system.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(receive(&machine).await, 1);
    assert_eq!(server.taken(), ["one@invited.test"]);
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_permanently_refused_e_mail_becomes_a_dead_letter_at_once_with_its_reason() {
    let (test, server) = (FaultTest::start().await, MailServer::refusing(550).await);
    let machine = invited(&test, &server).await;
    assert_eq!(receive(&machine).await, 1);
    test.system.clock.advance(SignedDuration::from_hours(12));
    assert_eq!((receive(&machine).await, server.taken().len()), (0, 0));
    let reason = "the mail server refused it with 550";
    let has_reason = format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM dead_letters WHERE queue = 'mail' AND reason = '{reason}')
         THEN RAISE EXCEPTION 'no such dead letter'; END IF; END $$"
    );
    test.system.db.execute(&has_reason).await;
    test.assert_at_rest(1).await;
}

/// Cuts that operation of the mailer once; returns the test and the number of accepted e-mails.
async fn cut_in(operation: &str, moment: Moment, code: u16) -> (FaultTest, usize) {
    let (test, server) = (FaultTest::start().await, MailServer::refusing(code).await);
    let machine = invited(&test, &server).await;
    test.faults.arm(operation, moment, 1);
    assert_eq!(receive(&machine).await, 1);
    assert_eq!(test.faults.disarm(), Vec::<String>::new(), "{operation} did not run");
    // A park that was not committed is tried again, and refused again.
    *server.refusal.lock().unwrap() = (operation == "park").then_some(code);
    for _ in 0..4 {
        test.system.clock.advance(SignedDuration::from_mins(6));
        receive(&machine).await;
    }
    let left = server.taken().len();
    (test, left)
}

#[tokio::test]
async fn a_mailer_that_fails_while_it_postpones_parks_or_notes_a_failure_does_so_on_a_later_receive() {
    for moment in [Moment::BeforeCommit, Moment::AfterCommit] {
        for (operation, code, left) in [("postpone", 451, 1), ("email_failed", 451, 1), ("park", 550, 0)] {
            let (test, emails) = cut_in(operation, moment, code).await;
            assert_eq!(emails, left, "{operation} {moment:?}");
            test.assert_at_rest(i64::from(operation == "park")).await;
        }
    }
}

#[tokio::test]
async fn a_mail_server_that_stops_answering_delays_one_e_mail_and_sends_no_other_twice() {
    let test = FaultTest::start().await;
    let (owner, server) = (test.system.owner().await, MailServer::stopping_on(1).await);
    for slug in ["one", "two", "three"] {
        let invited = json!({
            "tenantName": slug, "slug": slug, "adminName": slug, "adminEmail": format!("{slug}@invited.test"),
        });
        owner.post("/admin/create-tenant", &invited).await.unwrap().success().unwrap();
    }
    let mailer = Mailer { transport: Arc::new(server.transport()), ..test.system.machine.mailer.clone() };
    let machine = Machine { mailer, ..test.system.machine.clone() };

    assert_eq!(receive_once(&machine, rules(), Queue::Mail).await.unwrap(), 3);
    let first = server.taken();
    assert_eq!(first.len(), 2, "the e-mails before and after it were sent: {first:?}");

    test.system.clock.advance(rules().visibility + SignedDuration::from_secs(1));
    assert_eq!(receive_once(&machine, rules(), Queue::Mail).await.unwrap(), 1, "only this one is sent again");
    assert_eq!(server.taken(), ["one@invited.test", "three@invited.test", "two@invited.test"]);
    test.assert_at_rest(0).await;
}

/// The machine of [`invited`], with a mail server that is not there.
fn without_a_mail_server(machine: &Machine) -> Machine {
    let nowhere = Server::new("127.0.0.1".to_owned(), 1);
    let no_login = Login { user: String::new(), password: String::new() };
    let transport = Transport::Smtp(nowhere, Reloadable::fixed(no_login));
    let mailer = Mailer { transport: Arc::new(transport), ..machine.mailer.clone() };
    Machine { mailer, ..machine.clone() }
}

/// Receives every quarter of an hour; returns how often something was there.
async fn wait(test: &FaultTest, machine: &Machine, quarters: u32) -> usize {
    let mut received = 0;
    for _ in 0..quarters {
        received += receive(machine).await;
        test.system.clock.advance(SignedDuration::from_mins(15) + SignedDuration::from_secs(1));
    }
    received
}

#[tokio::test]
async fn a_mail_server_that_is_away_for_most_of_a_day_costs_no_invitation() {
    let (test, server) = (FaultTest::start().await, MailServer::stopping_on(usize::MAX).await);
    let machine = invited(&test, &server).await;
    assert_eq!(wait(&test, &without_a_mail_server(&machine), 23 * 4).await, 23 * 4);
    assert_eq!(receive(&machine).await, 1);
    assert_eq!(server.taken(), ["one@invited.test"]);
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn an_e_mail_that_was_given_up_is_listed_with_its_last_error_and_sent_when_it_is_given_back() {
    let (test, server) = (FaultTest::start().await, MailServer::stopping_on(usize::MAX).await);
    let machine = invited(&test, &server).await;
    let tries = wait(&test, &without_a_mail_server(&machine), 120).await;
    assert_eq!(i32::try_from(tries).unwrap(), cloud::MAIL_RECEIVES_MAX);
    let (listed, _) = machine.queues.dead_letters(10).await.unwrap();
    assert_eq!((listed.len(), listed[0].queue.as_str()), (1, "mail"));
    let reason = listed[0].reason.clone().unwrap();
    assert!(reason.starts_with("the mail server could not be reached"), "{reason}");
    assert!(!reason.contains("invited.test"), "{reason}");
    assert!(machine.queues.redrive(listed[0].message_id).await.unwrap());
    assert_eq!((receive(&machine).await, server.taken().len()), (1, 1));
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_tenant_is_not_created_for_an_address_that_no_e_mail_can_be_written_to() {
    let test = FaultTest::start().await;
    let owner = test.system.owner().await;
    for email in ["a,b@x.com", "boss@b\u{202e}.com"] {
        let tenant = json!({ "tenantName": "one", "slug": "one", "adminName": "one", "adminEmail": email });
        let refused = owner.post("/admin/create-tenant", &tenant).await.unwrap();
        assert_eq!(refused.status.as_u16(), 422, "{email}: {}", refused.body);
        assert!(refused.body.to_string().contains("adminEmail"), "{}", refused.body);
    }
}

#[tokio::test]
async fn an_invitation_is_sent_again_with_a_new_link_that_replaces_the_old_one() {
    let test = FaultTest::start().await;
    let owner = test.system.owner().await;
    let invited = json!({
        "tenantName": "one", "slug": "one", "adminName": "one", "adminEmail": "one@invited.test",
    });
    let made = owner.post("/admin/create-tenant", &invited).await.unwrap().success().unwrap();
    assert_eq!(receive(&test.system.machine).await, 1);
    let old = test.links_mailed_to("one@invited.test");
    let path = format!("/admin/tenants/{}/resend-invite", made["tenantId"].as_str().unwrap());
    for _ in 0..2 {
        let again = owner.post(&path, &json!({ "idempotencyKey": "1" })).await.unwrap();
        assert_eq!((again.status.as_u16(), &again.body["ownerEmail"]), (202, &json!("one@invited.test")));
    }
    assert_eq!(receive(&test.system.machine).await, 1, "the same request is one e-mail");
    let mut new = test.links_mailed_to("one@invited.test");
    new.retain(|link| !old.contains(link));
    assert_eq!((old.len(), new.len()), (1, 1));

    let anonymous = test.system.anonymous();
    let choose = |secret: &String| json!({ "secret": secret, "password": "a-long-new-password" });
    let refused = anonymous.post("/auth/set-password", &choose(&old[0])).await.unwrap();
    assert_eq!(refused.status.as_u16(), 422);
    anonymous.post("/auth/set-password", &choose(&new[0])).await.unwrap().success().unwrap();
    let refused = owner.post(&path, &json!({ "idempotencyKey": "2" })).await.unwrap();
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.body);
    test.assert_at_rest(0).await;
}
