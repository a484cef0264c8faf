//! A mail server that lets a letter in and then says nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloud::{Kept, Queue};
use jiff::SignedDuration;
use mailer::{Login, Mailer, Server, Transport};
use serde_json::json;
use tidings::machine::Machine;
use tidings::poll::receive_once;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::stage::Stage;
use crate::world::rules;

/// Long enough for a server of this machine to take a letter, however busy the machine is.
const WITHIN: Duration = Duration::from_secs(2);

/// Takes letters on one port, and falls silent in the middle of one of them.
struct MailServer {
    port: u16,
    /// Whom the letters were to that it took.
    taken: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// Falls silent on its so manyth connection, counted from 0.
    async fn silent_on(nth: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken: Arc<Mutex<Vec<String>>> = Arc::default();
        tokio::spawn(serve(listener, nth, Arc::clone(&taken)));
        Self { port, taken }
    }

    fn transport(&self) -> Transport {
        let server = Server { within: WITHIN, ..Server::new("127.0.0.1".to_owned(), self.port) };
        let nobody = Login { user: String::new(), password: String::new() };
        Transport::Smtp(server, Kept::fixed(nobody))
    }

    fn taken(&self) -> Vec<String> {
        let mut taken = self.taken.lock().unwrap().clone();
        taken.sort();
        taken
    }
}

async fn serve(listener: TcpListener, silent_on: usize, taken: Arc<Mutex<Vec<String>>>) {
    let mut kept_open = Vec::new();
    for connection in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        if connection == silent_on {
            kept_open.push(stream);
        } else {
            tokio::spawn(take(stream, Arc::clone(&taken)));
        }
    }
}

/// One conversation, as much of SMTP as a letter needs.
async fn take(stream: TcpStream, taken: Arc<Mutex<Vec<String>>>) {
    let mut lines = BufReader::new(stream);
    lines.write_all(b"220 here\r\n").await.unwrap();
    let (mut to, mut is_letter) = (String::new(), false);
    let mut line = String::new();
    while lines.read_line(&mut line).await.unwrap_or(0) > 0 {
        let answer = match line.trim_end() {
            "." => {
                is_letter = false;
                taken.lock().unwrap().push(to.clone());
                "250 taken"
            }
            _ if is_letter => "",
            "DATA" => {
                is_letter = true;
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
        if !answer.is_empty() && lines.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
        line.clear();
    }
}

#[tokio::test]
async fn a_mail_server_that_falls_silent_costs_one_letter_its_turn_and_sends_no_other_twice() {
    let stage = Stage::start().await;
    let (owner, server) = (stage.world.owner().await, MailServer::silent_on(1).await);
    for slug in ["one", "two", "three"] {
        let invited = json!({
            "tenantName": slug, "slug": slug, "adminName": slug, "adminEmail": format!("{slug}@invited.test"),
        });
        owner.post("/admin/create-tenant", &invited).await.unwrap().success().unwrap();
    }
    let mailer = Mailer { transport: Arc::new(server.transport()), ..stage.world.machine.mailer.clone() };
    let machine = Machine { mailer, ..stage.world.machine.clone() };

    assert_eq!(receive_once(&machine, rules(), Queue::Mail).await.unwrap(), 3);
    let first = server.taken();
    assert_eq!(first.len(), 2, "the letters before and after it left: {first:?}");

    stage.world.clock.advance(rules().visibility + SignedDuration::from_secs(1));
    assert_eq!(receive_once(&machine, rules(), Queue::Mail).await.unwrap(), 1, "it alone comes again");
    assert_eq!(server.taken(), ["one@invited.test", "three@invited.test", "two@invited.test"]);
    stage.assert_at_rest(0).await;
}
