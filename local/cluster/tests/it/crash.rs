//! What the launcher promises when something was killed.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;

use cluster::{Cluster, start};

use crate::helper;
use crate::home::{Home, alive, owner, signal, wait_until};
use crate::wire::ask;

#[test]
fn a_killed_postmaster_loses_no_committed_row() {
    let home = Home::new();
    let cluster = start(&home.options()).unwrap();
    ask(&cluster, "CREATE TABLE rows (n int)");
    for n in 0..20 {
        ask(&cluster, &format!("INSERT INTO rows VALUES ({n})"));
    }
    let killed = cluster.pid();
    signal("KILL", killed);
    // The old cluster is still held, so its postmaster is a zombie.
    let again = start(&home.options()).unwrap();
    assert_ne!(again.pid(), killed);
    assert_eq!(ask(&again, "SELECT count(*) FROM rows"), ["20"]);
    drop(cluster);
    assert_eq!(ask(&again, "SELECT 1"), ["1"], "leaving a dead server does not stop the new one");
    again.stop().unwrap();
}

#[test]
fn a_killed_postmaster_with_a_backend_at_work_is_waited_for() {
    let home = Home::new();
    let cluster = start(&home.options()).unwrap();
    ask(&cluster, "CREATE TABLE rows AS SELECT 1 AS n");
    thread::scope(|scope| {
        // A backend that computes does not notice for a while, and holds the crashed server's memory until then.
        let busy = scope.spawn(|| ask(&cluster, "SELECT count(*) FROM generate_series(1, 10000000)"));
        wait_until("the backend is at work", || {
            ask(
                &cluster,
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%series(1, 1%' AND state = 'active'",
            ) != ["1"]
        });
        signal("KILL", cluster.pid());
        let again = start(&home.options()).unwrap();
        assert_eq!(ask(&again, "SELECT n FROM rows"), ["1"]);
        again.stop().unwrap();
        // It may have been cut off or have finished; both are fine.
        drop(busy.join());
    });
}

#[test]
fn a_stale_pid_file_of_a_dead_process_is_cleared() {
    let home = Home::new();
    let (data, account) = data_of(start(&home.options()).unwrap());
    let mut process = sleeper(account, "0");
    process.wait().unwrap();
    write_stale_pid_file(&data, process.id());
    let cluster = start(&home.options()).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
}

#[test]
fn a_stale_pid_file_with_the_id_of_another_program_is_cleared_and_that_program_keeps_running() {
    let home = Home::new();
    let (data, account) = data_of(start(&home.options()).unwrap());
    let mut other = sleeper(account, "60");
    write_stale_pid_file(&data, other.id());
    let cluster = start(&home.options()).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    cluster.stop().unwrap();
    assert!(alive(other.id()));
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_stale_pid_file_of_a_zombie_is_cleared() {
    let home = Home::new();
    let (data, account) = data_of(start(&home.options()).unwrap());
    let mut zombie = sleeper(account, "0");
    write_stale_pid_file(&data, zombie.id());
    let cluster = start(&home.options()).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    zombie.wait().unwrap();
}

#[test]
fn an_empty_pid_file_is_cleared() {
    let home = Home::new();
    let (data, _) = data_of(start(&home.options()).unwrap());
    fs::write(data.join("postmaster.pid"), "").unwrap();
    let cluster = start(&home.options()).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
}

#[test]
fn a_half_made_data_folder_is_made_anew() {
    let home = Home::new();
    let (data, _) = data_of(start(&home.options()).unwrap());
    fs::rename(&data, data.with_extension("new")).unwrap();
    let cluster = start(&home.options()).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
}

#[test]
fn a_start_killed_while_it_made_the_data_folder_is_cleared_up() {
    let home = Home::new();
    let folder = home.options().home;
    let unfinished = || -> Vec<PathBuf> {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "new")).collect()
    };
    let mut launcher = helper::command(&folder).spawn().unwrap();
    wait_until("initdb fills the first database", || {
        unfinished().iter().any(|new| fs::read_dir(new.join("base/1")).is_ok_and(|files| files.count() > 20))
    });
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    // What initdb had begun goes on without its launcher, and must not meet the one of this start.
    let cluster = start(&home.options()).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    assert_eq!(unfinished(), Vec::<PathBuf>::new());
}

/// Stops a cluster; returns its data folder and the account it ran as.
fn data_of(cluster: Cluster) -> (PathBuf, (u32, u32)) {
    let data = PathBuf::from(ask(&cluster, "SHOW data_directory").remove(0));
    cluster.stop().unwrap();
    let account = owner(&data);
    (data, account)
}

/// A process of the account: only such a one makes Postgres believe that a pid file is still in use.
fn sleeper((uid, gid): (u32, u32), seconds: &str) -> Child {
    let mut command = Command::new("sleep");
    if owner("/proc/self".as_ref()).0 == 0 {
        command.uid(uid).gid(gid);
    }
    command.arg(seconds).spawn().unwrap()
}

/// Leaves a pid file as a killed server would, whose process id now belongs to `pid`.
fn write_stale_pid_file(data: &std::path::Path, pid: u32) {
    let home = data.parent().unwrap().display();
    let text =
        format!("{pid}\n{}\n1760000000\n5432\n{home}\n\n    65539         7\nready   \n", data.display());
    fs::write(data.join("postmaster.pid"), text).unwrap();
}
