//! What is different for root, which Postgres refuses; each test says so when it is skipped.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

use cluster::start;

use crate::home::{Home, me, owner};
use crate::wire::ask;

/// True for root; otherwise says that the test is skipped.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn is_root() -> bool {
    let root = me() == 0;
    if !root {
        println!("skipped: only root drops to another account");
    }
    root
}

#[test]
fn the_server_of_root_runs_as_an_ordinary_account() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    let cluster = start(&home.options()).unwrap();
    let server = owner(format!("/proc/{}", cluster.pid()).as_ref()).0;
    assert_ne!(server, 0);
    assert_eq!(owner(cluster.folder()).0, server);
    assert_eq!(fs::metadata(cluster.folder()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_closed_parent_folder_moves_the_data_and_says_so() {
    if !is_root() {
        return;
    }
    let mut home = Home::new();
    fs::set_permissions(&home.scratch, fs::Permissions::from_mode(0o700)).unwrap();
    let cluster = start(&home.options()).unwrap();
    home.elsewhere.push(cluster.folder().to_owned());
    assert!(cluster.folder().starts_with("/var/tmp"), "{}", cluster.folder().display());
    assert!(cluster.origin().contains("cannot enter the wanted folder"), "{}", cluster.origin());
    assert_eq!(ask(&cluster, "SELECT 1"), ["1"]);
    let mode = fs::metadata(&home.scratch).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "no mode of a parent folder is changed");
}

/// The same claims once more as `nobody`, by a copy of this test binary in a place that it may enter.
#[test]
fn all_claims_hold_for_an_ordinary_account_too() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    let (uid, gid) = (65_534, 65_534);
    chown(&home.scratch, Some(uid), Some(gid)).unwrap();
    let copy = home.scratch.join("tests");
    // By another program: a file that was open for writing here could still be busy when it is run.
    assert!(Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap().success());
    let said = Command::new(&copy)
        .args(["claims::", "crash::", "refusals::", "--test-threads=2"])
        .env("HOME", &home.scratch)
        .env("TMPDIR", &home.scratch)
        .current_dir(&home.scratch)
        .uid(uid)
        .gid(gid)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}\n{}", String::from_utf8_lossy(&said.stderr));
    assert!(text.contains("test claims::a_restart_keeps_the_data ... ok"), "{text}");
}
