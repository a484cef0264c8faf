//! What the launcher promises in quiet times.

use std::os::unix::process::CommandExt;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use cluster::{OnDrop, Options, start};

use crate::helper::{self, Holder};
use crate::home::{Home, alive, signal_group, wait_until};
use crate::wire::ask;

#[test]
fn a_first_start_answers_and_says_which_postgres_it_is() {
    let home = Home::new();
    let cluster = start(&home.options()).unwrap();
    assert_eq!(ask(&cluster, "SELECT 40 + 2"), ["42"]);
    let origin = cluster.origin();
    assert!(
        origin.starts_with("Postgres ") && origin.contains(" from /") && origin.contains("started"),
        "{origin}"
    );
    assert_eq!(origin.lines().count(), 1);
    cluster.stop().unwrap();
}

#[test]
fn the_server_is_utf8_durable_and_without_a_port() {
    let home = Home::new();
    let cluster = start(&home.options()).unwrap();
    let setting = |name: &str| ask(&cluster, &format!("SHOW {name}"));
    assert_eq!(setting("server_encoding"), ["UTF8"]);
    assert_eq!(setting("fsync"), ["on"]);
    assert_eq!(setting("synchronous_commit"), ["on"]);
    assert_eq!(setting("listen_addresses"), [""]);
    assert_eq!(setting("max_connections"), ["200"]);
    assert_eq!(ask(&cluster, "SELECT EXTRACT(timezone FROM now())::int"), ["0"]);
}

#[test]
fn a_restart_keeps_the_data() {
    let home = Home::new();
    let cluster = start(&home.options()).unwrap();
    ask(&cluster, "CREATE TABLE durable (n int); INSERT INTO durable VALUES (7)");
    let first = cluster.pid();
    drop(cluster);
    assert!(!alive(first), "dropping a durable cluster stops it");
    let cluster = start(&home.options()).unwrap();
    assert_ne!(cluster.pid(), first);
    assert_eq!(ask(&cluster, "SELECT n FROM durable"), ["7"]);
}

#[test]
fn eight_starts_at_once_share_one_server_and_the_last_one_out_stops_it() {
    let home = Home::new();
    let together = Barrier::new(8);
    let mut clusters: Vec<_> = thread::scope(|scope| {
        let start_one = || {
            together.wait();
            start(&home.options()).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start_one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let pid = clusters[0].pid();
    assert!(clusters.iter().all(|cluster| cluster.pid() == pid));
    assert_eq!(clusters.iter().filter(|cluster| cluster.origin().contains("started")).count(), 1);
    while let Some(cluster) = clusters.pop() {
        assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
        drop(cluster);
        // The one that started it may be any of the eight, also one that leaves early.
        assert_eq!(alive(pid), !clusters.is_empty());
    }
}

#[test]
fn a_server_that_another_process_uses_is_not_stopped() {
    let home = Home::new();
    let holder = Holder::new(&home);
    let cluster = start(&home.options()).unwrap();
    assert_eq!(cluster.pid(), holder.server());
    cluster.stop().unwrap();
    assert!(alive(holder.server()));
    let server = holder.server();
    holder.finish();
    wait_until("the last user has stopped it", || !alive(server));
}

#[test]
fn a_server_left_by_a_killed_run_is_adopted() {
    let home = Home::new();
    let server = Holder::new(&home).kill();
    assert!(alive(server), "the server has its own process group");
    let cluster = start(&home.options()).unwrap();
    assert_eq!(cluster.pid(), server);
    assert!(cluster.origin().contains("already running"), "{}", cluster.origin());
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    cluster.stop().unwrap();
    wait_until("the adopted server is gone", || !alive(server));
}

#[test]
fn two_processes_at_once_share_one_server_and_the_claim_of_a_killed_one_does_not_count() {
    let home = Home::new();
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| Holder::new(&home));
        (Holder::new(&home), one.join().unwrap())
    });
    let server = one.server();
    // Two servers would mean that the second found the first one gone; its log says whether it had shut down or crashed.
    let log = std::fs::read_to_string(home.options().home.join("log")).unwrap_or_default();
    assert_eq!(two.server(), server, "the first was alive: {}\n{log}", alive(server));
    one.kill();
    assert!(alive(server));
    two.finish();
    assert!(!alive(server), "the one that was killed does not keep the server up");
}

#[test]
fn a_ctrl_c_ends_the_application_and_not_the_server_under_it() {
    let home = Home::new();
    let holder = Holder::of(helper::command(&home.options().home).process_group(0));
    // What a terminal does: the signal goes to all processes of the group.
    signal_group("INT", holder.pid());
    let server = holder.wait();
    let cluster = start(&home.options()).unwrap();
    assert_eq!(cluster.pid(), server);
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    cluster.stop().unwrap();
}

#[test]
fn a_home_below_missing_folders_is_made_under_any_umask() {
    let home = Home::new();
    let deep = home.options().home.join("a/b");
    let holder = Holder::of(&mut helper::command(&deep));
    assert!(deep.is_dir());
    holder.finish();
    let cluster = start(&Options { home: deep, ..home.options() }).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
}

#[test]
fn a_throwaway_server_stays_up_and_is_adopted_quickly() {
    let mut home = Home::new();
    let options = Options { on_drop: OnDrop::LeaveRunning, ..home.throwaway() };
    let first = start(&options).unwrap();
    home.elsewhere.push(first.folder().to_owned());
    let pid = first.pid();
    assert_eq!(ask(&first, "SHOW fsync"), ["off"]);
    drop(first);
    assert!(alive(pid));
    let started = Instant::now();
    let second = start(&options).unwrap();
    println!("adopted in {:?}", started.elapsed());
    assert_eq!(second.pid(), pid);
    second.stop().unwrap();
}

#[test]
fn a_long_path_gets_a_short_socket() {
    let mut home = Home::new();
    let long = home.scratch.join("x".repeat(120));
    let cluster = start(&Options { home: long.clone(), ..home.options() }).unwrap();
    home.elsewhere.push(cluster.socket_dir().to_owned());
    assert_eq!(cluster.folder(), long);
    assert!(cluster.socket_dir().starts_with("/var/tmp"), "{}", cluster.socket_dir().display());
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    cluster.stop().unwrap();
}

#[test]
fn odd_characters_in_a_path_do_no_harm() {
    let home = Home::new();
    let odd = home.scratch.join("a, \"b\" 'c' é");
    let cluster = start(&Options { home: odd.clone(), ..home.options() }).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    assert_eq!(cluster.socket_dir(), odd);
    cluster.stop().unwrap();
}

#[test]
fn a_client_accepts_the_url() {
    let home = Home::new();
    let cluster = start(&home.options()).unwrap();
    let psql = cluster.bin_dir().join("psql");
    if !psql.is_file() {
        println!("skipped: these binaries come without psql");
        return;
    }
    let said =
        std::process::Command::new(psql).args(["-Atc", "SELECT 6 * 7", &cluster.url("postgres")]).output();
    assert_eq!(String::from_utf8(said.unwrap().stdout).unwrap().trim(), "42");
}
