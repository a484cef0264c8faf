use super::*;
use crate::scratch::{self, Scratch, myself};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_star_stands_for_the_rest_of_a_name() {
    let scratch = Scratch::new();
    let root = &scratch.0;
    for folder in ["pgsql-15/bin", "pgsql-18/bin", "other/bin"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let mut found = expand(&format!("{}/pgsql-*/bin", root.display()));
    found.sort();
    assert_eq!(found, [root.join("pgsql-15/bin"), root.join("pgsql-18/bin")]);
}

#[test]
fn a_place_that_is_not_there_gives_nothing() {
    assert_eq!(expand("/nonexistent/postgresql/*/bin"), Vec::<PathBuf>::new());
}

#[test]
fn an_empty_machine_says_so() {
    let reasons = newest(Vec::new(), &myself(), &[]).unwrap_err();
    assert_eq!(reasons, ["no `postgres` in PATH or where distributions put it"]);
}

/// Folders with programs that only tell a version.
fn machine(scratch: &Scratch, versions: &[&str]) -> Vec<PathBuf> {
    let dirs = versions.iter().map(|version| scratch.0.join(version)).collect::<Vec<_>>();
    for (dir, version) in dirs.iter().zip(versions) {
        for program in ["postgres", "initdb", "pg_ctl"] {
            scratch::program(&dir.join(program), &format!("echo 'postgres (PostgreSQL) {version}'"));
        }
    }
    dirs
}

#[test]
fn the_newest_server_wins_unless_an_older_one_has_data_here() {
    let scratch = Scratch::new();
    let dirs = machine(&scratch, &["15.9", "17.2", "15.10"]);
    let chosen = |majors: &[u32]| newest(dirs.clone(), &myself(), majors).unwrap().version.text;
    assert_eq!(chosen(&[]), "17.2");
    assert_eq!(chosen(&[15]), "15.10");
    assert_eq!(chosen(&[15, 17]), "17.2");
    assert_eq!(chosen(&[16]), "17.2");
}

#[test]
fn an_installed_server_wins_unless_only_a_cached_one_reads_the_data_here() {
    let scratch = Scratch::new();
    let mut all: Vec<_> = machine(&scratch, &["15.9", "18.4", "17.2"])
        .into_iter()
        .map(|dir| Candidate::installed(dir).probe(&myself()).unwrap())
        .collect();
    let installed = all.remove(0);
    let chosen = |installed: Option<&Binaries>, majors: &[u32]| {
        choose(installed.cloned(), || all.clone(), majors).map(|binaries| binaries.version.text)
    };
    assert_eq!(chosen(Some(&installed), &[]).as_deref(), Some("15.9"));
    assert_eq!(chosen(Some(&installed), &[15, 18]).as_deref(), Some("15.9"));
    assert_eq!(chosen(Some(&installed), &[17]).as_deref(), Some("17.2"));
    assert_eq!(chosen(Some(&installed), &[16]).as_deref(), Some("15.9"));
    assert_eq!(chosen(None, &[]).as_deref(), Some("18.4"));
    assert!(choose(None, Vec::new, &[15]).is_none());
}

#[test]
fn a_server_older_than_15_is_refused_with_its_reason() {
    let scratch = Scratch::new();
    let reasons = newest(machine(&scratch, &["14.11"]), &myself(), &[]).unwrap_err();
    assert!(reasons[0].contains("is older than 15: 14.11"), "{reasons:?}");
}

#[test]
fn a_refused_cache_matters_only_to_those_who_need_it() {
    let scratch = Scratch::new();
    let dir = machine(&scratch, &["99.0"]).remove(0);
    let cache = scratch.0.join("cache");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    let environment = Environment { path: dir.clone().into(), ..Environment::default() };
    let options = Options { cache: Some(cache), fetch: Fetch::Never, ..Options::new("unused") };
    let found = find(&options, &environment, &myself(), &[98]).unwrap();
    assert_eq!(found.dir(), dir.canonicalize().unwrap());
    let options = Options { search: Search::CacheOnly, ..options };
    let refused = find(&options, &environment, &myself(), &[98]).unwrap_err();
    assert!(matches!(refused, ClusterError::Refused { .. }), "{refused}");
}
