use super::*;

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
fn an_exorcised_file_keeps_the_shared_memory_key() {
    let data = std::env::temp_dir().join(format!("cluster-pid-file-{}", std::process::id()));
    fs::create_dir(&data).unwrap();
    fs::write(path(&data), RUNNING.replace("4711", &std::process::id().to_string())).unwrap();
    assert_eq!(read_signs(&data), Sign::Haunted);
    let account = Account { uid: 0, gid: 0, dropped: false };
    exorcise(&data, &account).unwrap();
    assert_eq!(read_signs(&data), Sign::Crashed);
    assert!(fs::read_to_string(path(&data)).unwrap().contains(" 65539 7"));
    fs::remove_dir_all(data).unwrap();
}
