use super::*;
use crate::scratch::{Scratch, dropped, myself};
use std::os::unix::fs::PermissionsExt;

const RUNNING: &str = "4711\n/home/a/data-15\n1760000000\n5432\n/home/a\n\n 65539 7\nready   \n";

#[test]
fn a_running_server_is_read() {
    let read = parse(RUNNING).unwrap();
    assert_eq!(read, PidFile { pid: 4711, socket_dir: PathBuf::from("/home/a"), ready: true });
}

#[test]
fn a_half_written_file_is_not_ready() {
    assert!(!parse("4711\n/home/a/data-15\n").unwrap().ready);
    assert!(!parse(&RUNNING.replace("ready   ", "starting")).unwrap().ready);
}

#[test]
fn an_empty_or_foreign_file_is_not_read() {
    assert_eq!(parse(""), None);
    assert_eq!(parse("no number\n"), None);
}

#[test]
fn a_disowned_pid_file_keeps_the_shared_memory_key() {
    let scratch = Scratch::new();
    let data = &scratch.0;
    fs::write(path(data), RUNNING.replace("4711", &std::process::id().to_string())).unwrap();
    assert_eq!(server_state(data), ServerState::StalePid);
    disown_pid_file(data, &myself()).unwrap();
    assert_eq!(server_state(data), ServerState::Crashed);
    assert!(fs::read_to_string(path(data)).unwrap().contains(" 65539 7"));
}

#[test]
fn a_link_to_a_file_that_only_root_may_read_gives_nothing_away() {
    let Some(account) = dropped() else { return };
    let scratch = Scratch::new();
    let secret = scratch.0.join("secret");
    fs::write(&secret, "first line\nthe secret\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&secret, path(&scratch.0)).unwrap();
    disown_pid_file(&scratch.0, &account).unwrap();
    assert_eq!(scratch.text("postmaster.pid"), format!("{UNUSED_PID}\n"));
    assert_eq!(scratch.text("secret"), "first line\nthe secret\n");
}
