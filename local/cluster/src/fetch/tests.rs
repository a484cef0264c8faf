use super::*;
use crate::scratch::{Scratch, dropped, myself};
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

#[test]
fn glibc_is_read_as_getconf_prints_it() {
    assert_eq!(glibc_minor("glibc 2.36\n"), Some(36));
    assert_eq!(glibc_minor("glibc 2.9.1\n"), Some(9));
    assert_eq!(glibc_minor("musl"), None);
}

#[test]
fn packages_have_folders_of_their_own() {
    let mut names: Vec<_> = SOURCES.into_iter().map(Source::package).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), SOURCES.len());
}

/// A machine whose only package client is an apt of shell scripts; each call is noted in `calls`.
fn machine(scratch: &Scratch, apt_get: &str) -> Environment {
    let note = r#"echo "$(basename "$0") $*" >> "$(dirname "$0")/calls""#;
    for (name, script) in [("apt-get", apt_get), ("apt-cache", APT_CACHE), ("dpkg-deb", DPKG_DEB)] {
        scratch.program(name, &format!("{note}\n{script}"));
    }
    Environment { path: scratch.0.clone().into(), ..Environment::default() }
}

const APT_GET: &str = r#"case "$*" in
    *" update") ;;
    *" --simulate "*) printf 'Inst libpq5 (15.20)\nInst postgresql-15 (15.20)\n' ;;
    *" download libpq5 postgresql-15") : > libpq5.deb; : > postgresql-15.deb ;;
    *) exit 9 ;;
esac"#;

const APT_CACHE: &str = "printf 'postgresql\\n  Depends: postgresql-15\\n'";

/// Unpacks a server that reports its version, with a library beside it.
const DPKG_DEB: &str = r#"mkdir -p "$3/usr/lib/postgresql/15/bin" "$3/usr/lib/x86_64-linux-gnu"
cd "$3/usr/lib/postgresql/15/bin"
for program in postgres initdb pg_ctl; do
    printf '#!/bin/sh\necho "postgres (PostgreSQL) 15.20 $LD_LIBRARY_PATH"\n' > "$program"
    chmod 700 "$program"
done"#;

fn cache(scratch: &Scratch) -> Cache {
    let folder = Some(scratch.0.join("cache"));
    Cache::new(folder, &Environment::default(), &myself()).unwrap().unwrap()
}

#[test]
fn a_fetch_tells_of_itself_happens_once_and_is_found_in_the_cache() {
    static NOTICES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let scratch = Scratch::new();
    let (cache, environment) = (cache(&scratch), machine(&scratch, APT_GET));
    let notice: fn(&str) = |line| NOTICES.lock().unwrap().push(line.to_owned());
    let fetched = fetch(&cache, &environment, &myself(), notice).unwrap().unwrap();
    assert_eq!(fetched.version.text, "15.20");
    assert_eq!(fetched.dir(), cache.package("apt/usr/lib/postgresql/15/bin"));
    let notices = NOTICES.lock().unwrap().join("\n");
    assert!(notices.contains("by apt-get") && notices.lines().count() == 1, "{notices}");

    let calls = scratch.text("calls");
    assert_eq!(fetch(&cache, &environment, &myself(), notice).unwrap().unwrap().dir(), fetched.dir());
    assert_eq!(scratch.text("calls"), calls, "the second fetch calls no program");
    assert_eq!(NOTICES.lock().unwrap().len(), 1);
    assert_eq!(fs::read_dir(cache.folder()).unwrap().count(), 1, "no working folder is left");
}

#[test]
fn apt_is_called_with_folders_of_its_own_and_without_hooks() {
    let scratch = Scratch::new();
    fetch(&cache(&scratch), &machine(&scratch, APT_GET), &myself(), |_| ()).unwrap().unwrap();
    let calls = scratch.text("calls");
    let of_apt: Vec<_> = calls.lines().filter(|call| call.starts_with("apt-")).collect();
    assert_eq!(of_apt.len(), 4, "{calls}");
    let own = format!("{}/apt.new-{}", scratch.0.join("cache").display(), std::process::id());
    for call in of_apt {
        assert!(call.contains(&format!(" -c {own}/no-hooks.conf ")), "{call}");
        assert!(call.contains(&format!(" -o Dir::State={own}/state ")), "{call}");
        assert!(call.contains(&format!(" -o Dir::Cache={own}/cache ")), "{call}");
    }
    assert!(calls.contains(" --simulate --reinstall --no-install-recommends install postgresql-15\n"));
}

#[test]
fn a_fetched_server_is_open_to_the_account_that_runs_it() {
    let Some(account) = dropped() else { return };
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o755)).unwrap();
    let fetched = fetch(&cache(&scratch), &machine(&scratch, APT_GET), &account, |_| ()).unwrap().unwrap();
    assert_eq!(fetched.version.text, "15.20");
}

#[test]
fn a_source_that_fails_is_left_alone_for_a_while() {
    let scratch = Scratch::new();
    let (cache, environment) = (cache(&scratch), machine(&scratch, "echo 'no network' >&2; exit 100"));
    let tried = fetch(&cache, &environment, &myself(), |_| ()).unwrap().unwrap_err();
    assert_eq!(tried.len(), SOURCES.len(), "{tried:?}");
    assert!(tried[2].starts_with("apt-get: ") && tried[2].contains("no network"), "{tried:?}");
    let calls = scratch.text("calls");
    let tried = fetch(&cache, &environment, &myself(), |_| ()).unwrap().unwrap_err();
    assert!(tried[2].contains("less than an hour ago") && tried[2].contains("no network"), "{tried:?}");
    assert_eq!(scratch.text("calls"), calls, "the second fetch calls no program");
}

#[test]
fn a_list_that_cannot_be_had_is_no_trouble_when_the_server_is_found() {
    let scratch = Scratch::new();
    let apt_get = format!("case \"$*\" in *\" update\") exit 100 ;; esac\n{APT_GET}");
    let environment = machine(&scratch, &apt_get);
    assert!(fetch(&cache(&scratch), &environment, &myself(), |_| ()).unwrap().is_ok());
}

#[test]
fn what_a_killed_fetch_left_behind_is_swept() {
    let scratch = Scratch::new();
    let cache = cache(&scratch);
    let left = cache.package("apt.new-1");
    fs::create_dir_all(left.join("debs")).unwrap();
    fs::set_permissions(cache.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    fetch(&cache, &machine(&scratch, APT_GET), &myself(), |_| ()).unwrap().unwrap();
    assert!(!left.exists());
}
