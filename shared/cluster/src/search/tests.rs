use super::*;

#[test]
fn a_star_stands_for_the_rest_of_a_name() {
    let root = std::env::temp_dir().join(format!("cluster-search-{}", std::process::id()));
    for folder in ["pgsql-15/bin", "pgsql-18/bin", "other/bin"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let mut found = expand(&format!("{}/pgsql-*/bin", root.display()));
    found.sort();
    assert_eq!(found, [root.join("pgsql-15/bin"), root.join("pgsql-18/bin")]);
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_place_that_is_not_there_gives_nothing() {
    assert_eq!(expand("/nonexistent/postgresql/*/bin"), Vec::<PathBuf>::new());
}

#[test]
fn an_empty_machine_says_so() {
    let account = Account { uid: 0, gid: 0, dropped: false };
    let reasons = newest(Vec::new(), &account, &[]).unwrap_err();
    assert_eq!(reasons, ["no `postgres` in PATH or where distributions put it"]);
}

/// Folders with programs that only tell a version.
fn machine(name: &str, versions: &[&str]) -> (PathBuf, Vec<PathBuf>) {
    use std::os::unix::fs::PermissionsExt;
    let root = std::env::temp_dir().join(format!("cluster-search-{name}-{}", std::process::id()));
    let dirs = versions.iter().map(|version| root.join(version)).collect::<Vec<_>>();
    for (dir, version) in dirs.iter().zip(versions) {
        fs::create_dir_all(dir).unwrap();
        for program in ["postgres", "initdb", "pg_ctl"] {
            let file = dir.join(program);
            fs::write(&file, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    (root, dirs)
}

#[test]
fn the_newest_server_wins_unless_an_older_one_has_data_here() {
    let account = Account { uid: 0, gid: 0, dropped: false };
    let (root, dirs) = machine("newest", &["15.9", "17.2", "15.10"]);
    let chosen = |majors: &[u32]| newest(dirs.clone(), &account, majors).unwrap().version.text;
    assert_eq!(chosen(&[]), "17.2");
    assert_eq!(chosen(&[15]), "15.10");
    assert_eq!(chosen(&[15, 17]), "17.2");
    assert_eq!(chosen(&[16]), "17.2");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_server_older_than_15_is_refused_with_its_reason() {
    let account = Account { uid: 0, gid: 0, dropped: false };
    let (root, dirs) = machine("old", &["14.11"]);
    let reasons = newest(dirs, &account, &[]).unwrap_err();
    assert!(reasons[0].contains("is older than 15: 14.11"), "{reasons:?}");
    fs::remove_dir_all(root).unwrap();
}
