//! Every statement of a queue is answered from an index, however many messages are there.

use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

/// Far above the messages that a table can have for the planner to prefer reading all of it.
const MESSAGES: u32 = 200_000;
/// Pages that a statement about ten messages may read, of the tens of thousands that there are.
const PAGES_MAX: u64 = 1_000;
/// These count a whole table, and are for operators.
const COUNTS: [&str; 2] = ["queue::depths", "queue::dead"];

async fn connect(url: &str) -> (Client, JoinHandle<()>) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    (client, tokio::spawn(async move { connection.await.unwrap() }))
}

/// Nine of ten messages are of one group. One of five waits, half of these for a time that has passed.
async fn fill(client: &Client) {
    let fill = format!(
        "INSERT INTO queue_messages (queue, message_id, body, sent_at, visible_at, group_id, turn, receipt, asks_for)
         SELECT CASE WHEN n % 100 = 7 THEN 'mail' ELSE 'updates' END, ('0190163d-8694-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                repeat('x', 200), now(), now() + make_interval(secs => CASE WHEN n % 10 = 0 THEN 3600 ELSE -60 END),
                CASE WHEN n % 10 = 3 THEN 'group ' || n % 1000 ELSE 'large' END, CASE WHEN n % 5 = 0 THEN NULL ELSE n END,
                CASE WHEN n % 5 = 0 THEN gen_random_uuid() END, CASE WHEN n % 50 = 1 THEN 'wake ' || n END
           FROM generate_series(1, {MESSAGES}) n;
         INSERT INTO dead_letters (queue, message_id, body, sent_at, receive_count, died_at)
         SELECT 'updates', gen_random_uuid(), repeat('x', 200), now(), 5, now() FROM generate_series(1, {MESSAGES} / 4) n;
         INSERT INTO wake_ups (name, batch, fire_at)
         SELECT 'timer ' || n, '{{}}', now() + make_interval(secs => n) FROM generate_series(1, {MESSAGES} / 4) n;
         INSERT INTO queue_turns VALUES ('updates', 1000), ('mail', 1000)"
    );
    client.batch_execute(&fill).await.unwrap();
}

/// The values of a statement's parameters. `IDS` are ten messages in the middle of the queue, `ID` is one of them.
fn values(name: &str) -> &'static str {
    match name {
        "queue::send" => {
            "'updates', ARRAY[gen_random_uuid(), gen_random_uuid()], '{1,2}', '{large,small}', '{NULL,NULL}',
             '{NULL,wake 51}', now()"
        }
        "queue::send_later" => {
            "'updates', ARRAY[gen_random_uuid(), gen_random_uuid()], '{1,2}', '{large,small}', '{NULL,NULL}',
             '{NULL,wake 51}', now(), now() + interval '1 min'"
        }
        "queue::delete" => "'updates', IDS, IDS",
        "queue::hand_back" => "'updates', IDS, IDS, now()",
        "queue::postpone" => "'updates', ID, ID, now()",
        "queue::note_failure" => "'updates', ID, ID, 'why'",
        "queue::park" => "'updates', ID, ID, now(), 'why'",
        "queue::dead_letters" => "100",
        "queue::dead_letter" => "'{wake-ups,updates,refunds,mail}', ID",
        "queue::redrive" => "'{wake-ups,updates,refunds,mail}', ID, now()",
        "queue::due" => "'updates', now(), 100",
        "queue::give_up" | "queue::receive" => "'updates', IDS, now()",
        "queue::make_ready" => "'updates', IDS, '{large,large,large,small,new,large,large,large,large,new}'",
        "queue::next" => "'updates', 1000, 10",
        "queue::reached" => "'updates', 1001",
        "queue::set_timer" => "'timer', '{}', NULL, now()",
        "queue::due_timers" => "now()",
        "queue::fired" => "'{timer 1,timer 2}'",
        other => panic!("{other} has no values here"),
    }
}

fn with_ids(values: &str) -> String {
    let id = |n: u32| format!("0190163d-8694-7000-8000-{:012x}", n * 5);
    let ids: Vec<String> = (1_000..1_010).map(id).collect();
    values.replace("IDS", &format!("'{{{}}}'", ids.join(","))).replace("ID", &format!("'{}'", id(1_000)))
}

/// The lines of the plan of a statement that was run and rolled back.
async fn plan(client: &Client, sql: &str, values: &str) -> Vec<String> {
    client.batch_execute(&format!("BEGIN; PREPARE tried AS {sql}")).await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE tried ({values})");
    let rows = client.simple_query(&explain).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    client.batch_execute("ROLLBACK; DEALLOCATE tried").await.unwrap();
    let line = |row: &tokio_postgres::SimpleQueryMessage| match row {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    rows.iter().filter_map(line).collect()
}

/// The pages of a plan, those of its parts included.
fn pages(plan: &[String]) -> u64 {
    let line = plan.iter().find(|line| line.contains("Buffers: shared")).cloned().unwrap_or_default();
    let counts = line.split_whitespace().filter_map(|word| word.split_once('='));
    counts.filter(|(kind, _)| ["hit", "read"].contains(kind)).filter_map(|(_, n)| n.parse::<u64>().ok()).sum()
}

/// The statements that are about few messages.
fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = |sql: &'static str| (sql.lines().next().unwrap().trim_start_matches("-- "), sql);
    let statements = store::statements().into_iter().map(named);
    statements.filter(|(name, _)| name.starts_with("queue::") && !COUNTS.contains(name))
}

async fn check(client: &Client, when: &str) {
    for (name, sql) in statements() {
        let plan = plan(client, sql, &with_ids(values(name))).await;
        let text = plan.join("\n");
        let whole =
            ["queue_messages", "dead_letters", "wake_ups"].map(|table| format!("Seq Scan on {table}"));
        assert!(!whole.iter().any(|whole| text.contains(whole)), "{name} {when}:\n{text}");
        assert!(pages(&plan) <= PAGES_MAX, "{name} {when}:\n{text}");
    }
}

#[tokio::test]
async fn every_statement_of_a_queue_reads_few_pages_of_a_long_one_with_and_without_statistics() {
    let db = testkit::database().await;
    let (client, driver) = connect(db.url()).await;
    fill(&client).await;
    check(&client, "without statistics").await;
    client.batch_execute("ANALYZE queue_messages, dead_letters, wake_ups, queue_turns").await.unwrap();
    check(&client, "with statistics").await;
    drop(client);
    driver.await.unwrap();
}
