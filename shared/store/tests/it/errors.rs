//! How an error of Postgres is written to a log.

use domain::with_causes;
use store::StoreError;
use tokio_postgres::NoTls;

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
