use super::*;

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
