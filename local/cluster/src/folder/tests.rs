use super::*;
use crate::scratch::{Scratch, dropped, myself};

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
    let scratch = Scratch::new();
    let folder = scratch.0.join("home");
    claim(&folder, &myself()).unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    claim(&folder, &myself()).unwrap();
}

#[test]
fn a_folder_others_may_write_in_is_refused() {
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o777)).unwrap();
    let refused = claim(&scratch.0, &myself()).unwrap_err();
    assert!(refused.to_string().contains("others may write in it"), "{refused}");
}

#[test]
fn a_folder_of_someone_else_is_refused() {
    let scratch = Scratch::new();
    let other = Account { uid: myself().uid + 1, ..myself() };
    let refused = claim(&scratch.0, &other).unwrap_err();
    assert!(refused.to_string().contains("it belongs to user"), "{refused}");
}

#[test]
fn a_symbolic_link_is_refused() {
    let scratch = Scratch::new();
    let link = scratch.0.join("home");
    std::os::unix::fs::symlink("/tmp", &link).unwrap();
    let refused = claim(&link, &myself()).unwrap_err();
    assert!(refused.to_string().contains("it is not a folder"), "{refused}");
}

#[test]
fn a_held_lock_is_waited_for_and_given_up() {
    let scratch = Scratch::new();
    let held = lock(&scratch.0, Duration::from_secs(1)).unwrap();
    let refused = lock(&scratch.0, Duration::from_millis(20)).unwrap_err();
    assert!(matches!(refused, ClusterError::Locked { .. }), "{refused}");
    drop(held);
    lock(&scratch.0, Duration::from_secs(1)).unwrap();
}

#[test]
fn a_closed_parent_is_out_of_reach() {
    let scratch = Scratch::new();
    let other = Account { uid: u32::MAX - 7, gid: u32::MAX - 7, dropped: true };
    let below = scratch.0.join("not/yet/there");
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o711)).unwrap();
    assert!(other.reaches(&below));
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o700)).unwrap();
    assert!(!other.reaches(&below));
    assert!(myself().reaches(&below));
}

#[test]
fn a_throwaway_cluster_on_disk_leaves_the_home_to_a_durable_one() {
    let Some(account) = dropped() else { return };
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o755)).unwrap();
    let home = scratch.0.join("deep/home");
    let throwaway = on_disk(&home, Profile::Throwaway, &account).unwrap();
    assert_eq!(throwaway, (home.join("throwaway"), false));
    let durable = on_disk(&home, Profile::Durable, &account).unwrap();
    assert_eq!(durable, (home, false));
    for folder in [throwaway.0, durable.0] {
        let found = fs::metadata(folder).unwrap();
        assert_eq!((found.uid(), found.mode() & 0o777), (account.uid, 0o700));
    }
}

#[test]
fn a_home_out_of_reach_is_replaced_by_one_in_var_tmp() {
    let Some(account) = dropped() else { return };
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o700)).unwrap();
    let (folder, moved) = on_disk(&scratch.0.join("home"), Profile::Durable, &account).unwrap();
    assert!(moved && folder.starts_with(SHARED_DISK), "{}", folder.display());
    fs::remove_dir(folder).unwrap();
}
