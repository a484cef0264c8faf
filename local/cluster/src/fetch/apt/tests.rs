use super::*;

#[test]
fn the_server_is_what_the_meta_package_depends_on() {
    assert_eq!(
        server("postgresql\n  Depends: postgresql-15\n  Suggests: postgresql-doc\n").unwrap(),
        "postgresql-15"
    );
    let old = server("postgresql\n  Depends: postgresql-14\n").unwrap_err();
    assert!(old.contains("older than 15"), "{old}");
    assert!(server("").unwrap_err().contains("no package"));
}

#[test]
fn the_plan_is_reduced_to_what_a_private_server_needs() {
    let plan = "\
NOTE: This is only a simulation!
Inst perl (5.36.0-7 Debian:12/oldstable [amd64])
Inst libperl5.36 (5.36.0-7 Debian:12/oldstable [amd64])
Inst libjson-perl (4.10 Debian:12/oldstable [all])
Inst postgresql-client-common (248 Debian:12/oldstable [all])
Inst libicu72 (72.1-3 Debian:12/oldstable [amd64])
Inst libllvm14 (1:14.0.6 Debian:12/oldstable [amd64])
Inst libpq-dev [15.18] (15.20 Debian-Security:12 [amd64]) []
Inst libpq5 [15.18-0+deb12u1] (15.20-0+deb12u1 Debian-Security:12/oldstable-security [amd64])
Inst postgresql-client-15 (15.20 Debian-Security:12/oldstable-security [amd64])
Inst postgresql-15 (15.20 Debian-Security:12/oldstable-security [amd64])
Conf postgresql-15 (15.20 Debian-Security:12/oldstable-security [amd64])
";
    assert_eq!(needed(plan), ["libicu72", "libpq5", "postgresql-client-15", "postgresql-15"]);
}
