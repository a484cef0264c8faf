//! Errors of the launcher.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use cluster::{ClusterError, Fetch, Options, Search, start};

use crate::home::Home;

/// One line for each system that the product is used on.
const SYSTEMS: [&str; 6] =
    ["apt-get install postgresql", "dnf install", "apk add", "pacman -S", "brew install", "WSL"];

#[test]
fn an_empty_bin_dir_is_an_error_with_a_line_per_system() {
    let home = Home::new();
    let empty = home.scratch.join("empty");
    fs::create_dir(&empty).unwrap();
    let refused =
        start(&Options { bin_dir: Some(empty), fetch: Fetch::Never, ..home.options() }).unwrap_err();
    assert!(matches!(refused, ClusterError::BinDir { .. }));
    let said = refused.to_string();
    assert!(said.contains("has no `postgres`"), "{said}");
    assert!(SYSTEMS.iter().all(|system| said.contains(system)), "{said}");
}

#[test]
fn nothing_found_and_nothing_fetched_is_an_error_with_a_line_per_system() {
    let home = Home::new();
    let options = Options {
        search: Search::CacheOnly,
        cache: Some(home.scratch.join("cache")),
        bin_dir: None,
        fetch: Fetch::Never,
        ..home.options()
    };
    let refused = start(&options).unwrap_err();
    assert!(matches!(refused, ClusterError::NotFound { .. }));
    let said = refused.to_string();
    assert!(said.contains("tried: fetching is switched off"), "{said}");
    assert!(SYSTEMS.iter().all(|system| said.contains(system)), "{said}");
    assert!(!home.scratch.join("cache").exists(), "looking makes no folder");
}

#[test]
fn a_home_others_may_write_in_is_refused() {
    let home = Home::new();
    let options = home.options();
    fs::create_dir(&options.home).unwrap();
    fs::write(options.home.join("planted"), "").unwrap();
    fs::set_permissions(&options.home, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = start(&options).unwrap_err();
    assert!(matches!(refused, ClusterError::Refused { .. }), "{refused}");
    fs::set_permissions(&options.home, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_home_that_cannot_be_made_names_the_place_and_keeps_the_cause() {
    let home = Home::new();
    let file = home.scratch.join("file");
    fs::write(&file, "").unwrap();
    let refused = start(&Options { home: file.join("pg/dev"), ..home.options() }).unwrap_err();
    assert!(refused.to_string().ends_with("/file"), "{refused}");
    assert!(refused.source().is_some());
}
