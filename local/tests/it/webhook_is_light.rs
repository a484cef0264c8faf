//! The webhook starts most often of all functions, and needs no database: it is compiled without one.

use std::process::Command;

/// Dependencies of operations and the database.
const HEAVY: [&str; 11] = [
    "aes-gcm",
    "api",
    "argon2",
    "deadpool-postgres",
    "jsonwebtoken",
    "ops",
    "postgres-protocol",
    "refinery",
    "store",
    "tokio-postgres",
    "tokio-postgres-rustls",
];

/// Names of the crates that the webhook is compiled with.
fn dependencies(features: &[&str]) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", "webhook"])
        .args(features)
        .current_dir(testkit::workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_webhook_is_compiled_without_operations_and_the_database() {
    for features in [&["--features", "lambda"][..], &["--no-default-features"]] {
        let dependencies = dependencies(features);
        assert!(dependencies.iter().any(|name| name == "http-kit"), "{features:?}: {dependencies:?}");
        let heavy: Vec<&String> = dependencies.iter().filter(|name| HEAVY.contains(&name.as_str())).collect();
        assert!(
            heavy.is_empty(),
            "the webhook is compiled with {heavy:?} ({features:?}): what needs operations belongs in `api`, and into \
             the features `platform` and `api` of `runtime`"
        );
    }
}
