//! What an error of Postgres' says where it is logged.

use domain::with_causes;
use store::StoreError;
use tokio_postgres::NoTls;

const PHONE: &str = "+15550100";

#[tokio::test]
async fn what_postgres_says_is_told_and_what_it_quotes_of_a_row_is_not() {
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
    assert!(refused.detail().unwrap().contains(PHONE), "nothing is quoted, so this proves nothing");
    let message = refused.message().to_owned();
    let told = with_causes(&StoreError::Statement { statement: "people::insert".to_owned(), source });
    assert!(told.starts_with("statement people::insert failed") && told.contains(&message), "{told}");
    assert!(!told.contains(PHONE), "{told}");
}
