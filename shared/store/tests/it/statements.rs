//! What holds for every statement.

use tokio_postgres::NoTls;

#[tokio::test]
async fn postgres_can_prepare_every_statement() {
    let db = testkit::database().await;
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    for sql in store::statements() {
        if let Err(error) = client.prepare(sql).await {
            panic!("{}: {}", sql.lines().next().unwrap(), error.as_db_error().unwrap());
        }
    }
    drop(client);
    driver.await.unwrap().unwrap();
}

#[test]
fn every_statement_is_signed_with_a_unique_name() {
    let mut names: Vec<&str> = store::statements().iter().map(|sql| sql.lines().next().unwrap()).collect();
    for name in &names {
        assert!(name.starts_with("-- ") && name.contains("::"), "{name}");
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "two statements share a name");
}
