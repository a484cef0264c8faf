use super::*;

#[test]
fn versions_are_read_as_servers_print_them() {
    let read = |said| Version::parse(said).map(|version| (version.major, version.minor, version.text));
    assert_eq!(
        read("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
        Some((15, 18, "15.18".into()))
    );
    assert_eq!(read("postgres (PostgreSQL) 18.4"), Some((18, 4, "18.4".into())));
    assert_eq!(read("postgres (PostgreSQL) 19devel"), Some((19, 0, "19devel".into())));
    assert_eq!(read("postgres: error"), None);
}

#[test]
fn ten_comes_after_nine() {
    let version = |text: &str| Version::parse(&format!("postgres (PostgreSQL) {text}")).unwrap();
    assert!(version("15.10") > version("15.9"));
    assert!(version("16.0") > version("15.99"));
}

#[test]
fn a_folder_without_programs_says_which_is_missing() {
    let account = Account { uid: 0, gid: 0, dropped: false };
    let said = Candidate::installed(PathBuf::from("/nonexistent")).probe(&account).unwrap_err();
    assert_eq!(said, "/nonexistent has no `postgres`");
}

#[test]
fn library_folders_are_joined() {
    assert_eq!(joined(&[PathBuf::from("/a"), PathBuf::from("/b")]), OsString::from("/a:/b"));
}
