use super::*;

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
