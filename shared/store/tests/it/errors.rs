//! How an error of Postgres is written to a log.

use domain::problem::Kind;
use domain::{Problem, SystemAct, with_causes};
use store::queue::{self, NewMessage};
use store::{StoreError, SystemOperation, SystemTx};
use tokio_postgres::NoTls;

use crate::fixtures::noon;

const PHONE: &str = "+15550100";

#[tokio::test]
async fn the_message_of_postgres_is_written_without_what_it_quotes_of_a_row() {
    let db = testkit::database().await;
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("CREATE TEMPORARY TABLE people (phone TEXT UNIQUE)").await.unwrap();
    let insert = "INSERT INTO people (phone) VALUES ($1)";
    client.execute(insert, &[&PHONE]).await.unwrap();
    let source = client.execute(insert, &[&PHONE]).await.unwrap_err();
    drop(client);
    driver.await.unwrap().unwrap();

    let refused = source.as_db_error().unwrap();
    assert!(refused.detail().unwrap().contains(PHONE), "this test needs an error that quotes a row");
    let message = refused.message().to_owned();
    let written = with_causes(&StoreError::Statement { statement: "people::insert".to_owned(), source });
    assert!(
        written.starts_with("statement people::insert failed") && written.contains(&message),
        "{written}"
    );
    assert!(!written.contains(PHONE), "{written}");
}

/// More than fits into the memory of the test below.
struct SendMany;

impl SystemOperation for SendMany {
    const NAME: &'static str = "send_many";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let body = "x".repeat(500);
        let message = NewMessage { body, group: "a".to_owned(), traceparent: None, asks_for: None };
        queue::send(tx, "updates", vec![message; 5_000], tx.now(), tx.now()).await
    }
}

#[tokio::test]
async fn a_server_that_is_out_of_room_is_unavailable_for_now() {
    let db = testkit::database().await;
    // Little memory, and no room on the disk for what does not fit into it.
    let limit = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET temp_file_limit = 0', current_database());
        EXECUTE format('ALTER DATABASE %I SET work_mem = ''64kB''', current_database()); END $$";
    db.execute(limit).await;
    let act = SystemAct::at(noon());
    let refused = db.another_store(1).perform_system(&act, &SendMany).await.unwrap_err();
    let written = with_causes(&refused);
    assert!(matches!(refused, StoreError::Unavailable(_)), "{written}");
    assert!(written.contains("temporary file size exceeds"), "{written}");
    let problem = Problem::from(refused);
    assert!(problem.kind == Kind::Unavailable && problem.retry_after.is_some(), "{problem:?}");
}
