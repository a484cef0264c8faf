use super::*;
use crate::scratch::{Scratch, myself};
use std::fs::FileTimes;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_failure_is_remembered_for_an_hour() {
    assert!(is_recent(Duration::from_mins(59)));
    assert!(!is_recent(Duration::from_hours(1)));
}

#[test]
fn a_marker_keeps_its_reason_until_it_is_old() {
    let scratch = Scratch::new();
    let folder = scratch.0.join("cache");
    let cache = Cache::new(Some(folder.clone()), &Environment::default(), &myself()).unwrap().unwrap();
    drop(cache.lock(&myself()).unwrap());
    assert_eq!(cache.recent_failure("npm"), None);
    cache.remember_failure("npm", "no network").unwrap();
    assert_eq!(cache.recent_failure("npm").as_deref(), Some("no network"));

    let marker = File::options().write(true).open(folder.join("npm.failed")).unwrap();
    let written = marker.metadata().unwrap().modified().unwrap();
    let long_ago = written.checked_sub(Duration::from_mins(61)).unwrap();
    marker.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
    assert_eq!(cache.recent_failure("npm"), None);
}

#[test]
fn a_cache_others_may_write_in_is_refused() {
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Cache::new(Some(scratch.0.clone()), &Environment::default(), &myself()).unwrap_err();
    assert!(refused.to_string().contains("a cache must be a folder"), "{refused}");
}

#[test]
fn the_usual_place_depends_on_who_asks() {
    let root = Account { uid: 101, gid: 104, dropped: true };
    let user = Account { uid: 1000, gid: 1000, dropped: false };
    let mut environment = Environment { home: Some("/home/a".into()), ..Environment::default() };
    assert_eq!(usual(&environment, &root), Some("/var/cache/tidings".into()));
    assert_eq!(usual(&environment, &user), Some("/home/a/.cache/tidings".into()));
    environment.xdg_cache = Some("/caches".into());
    assert_eq!(usual(&environment, &user), Some("/caches/tidings".into()));
    assert_eq!(usual(&Environment::default(), &user), None);
}
