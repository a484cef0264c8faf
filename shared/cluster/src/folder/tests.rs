use super::*;

fn myself() -> Account {
    let me = fs::metadata("/proc/self").unwrap();
    Account { uid: me.uid(), gid: me.gid(), dropped: false }
}

/// A folder of this test's own, gone at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cluster-folder-{name}-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn a_name_is_stable_over_releases() {
    assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
}

#[test]
fn free_space_is_read_from_the_fourth_column() {
    let said = "Filesystem 1024-blocks Used Available Capacity Mounted on\ntmpfs 100 1 99 1% /dev/shm\n";
    assert_eq!(parse_df(said), Some(99));
    assert_eq!(parse_df("df: /dev/shm: No such file or directory"), None);
}

#[test]
fn a_new_folder_is_closed_to_others() {
    let scratch = Scratch::new("new");
    let folder = scratch.0.join("home");
    claim(&folder, &myself()).unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    claim(&folder, &myself()).unwrap();
}

#[test]
fn a_folder_others_may_write_in_is_refused() {
    let scratch = Scratch::new("open");
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o777)).unwrap();
    let refused = claim(&scratch.0, &myself()).unwrap_err();
    assert!(refused.to_string().contains("others may write in it"), "{refused}");
}

#[test]
fn a_folder_of_someone_else_is_refused() {
    let scratch = Scratch::new("foreign");
    let stranger = Account { uid: myself().uid + 1, ..myself() };
    let refused = claim(&scratch.0, &stranger).unwrap_err();
    assert!(refused.to_string().contains("it belongs to user"), "{refused}");
}

#[test]
fn a_symbolic_link_is_refused() {
    let scratch = Scratch::new("link");
    let link = scratch.0.join("home");
    std::os::unix::fs::symlink("/tmp", &link).unwrap();
    let refused = claim(&link, &myself()).unwrap_err();
    assert!(refused.to_string().contains("it is not a folder"), "{refused}");
}

#[test]
fn a_held_lock_is_waited_for_and_given_up() {
    let scratch = Scratch::new("lock");
    let held = lock(&scratch.0, Duration::from_secs(1)).unwrap();
    let refused = lock(&scratch.0, Duration::from_millis(20)).unwrap_err();
    assert!(matches!(refused, ClusterError::Locked { .. }), "{refused}");
    drop(held);
    lock(&scratch.0, Duration::from_secs(1)).unwrap();
}

#[test]
fn a_closed_parent_is_out_of_reach() {
    let scratch = Scratch::new("closed");
    let stranger = Account { uid: u32::MAX - 7, gid: u32::MAX - 7, dropped: true };
    let below = scratch.0.join("not/yet/there");
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o711)).unwrap();
    assert!(stranger.reaches(&below));
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o700)).unwrap();
    assert!(!stranger.reaches(&below));
    assert!(myself().reaches(&below));
}
