//! Rules about the repository itself: which crate may depend on which, the length of files, the README's map.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

mod nouns;

/// Longer files answer more than one question.
const LINES_MAX: usize = 400;

/// What each crate of `shared/` may depend on. A function may depend on all of them.
const SHARED: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("meta", &["domain"]),
    ("cloud", &["domain"]),
    ("ops", &["cloud", "domain", "meta", "store"]),
    // Neither operations nor the database: the webhook is compiled without them.
    ("http-kit", &["cloud", "domain"]),
    ("api", &["cloud", "domain", "http-kit", "ops"]),
    // The runtime starts every deployed function, so it depends on all that they use.
    ("runtime", &["api", "cloud", "domain", "http-kit", "meta", "ops", "store"]),
];

/// What each crate beside `local/` may depend on. `tidings` itself depends on every function; nothing but tests depends
/// on `testkit`, and nothing at all on `tidings-tools`.
const BESIDE_LOCAL: [(&str, &[&str]); 5] = [
    ("cluster", &[]),
    ("http-server", &[]),
    ("one-machine", &["cloud", "domain", "store"]),
    ("sandbox", &["http-server"]),
    ("testkit", &["cluster", "store"]),
];

/// Third-party crates that only one of our crates may depend on.
const OWNED: [(&str, &str); 10] = [
    ("tokio-postgres", "store"),
    ("deadpool-postgres", "store"),
    ("tokio-postgres-rustls", "store"),
    ("refinery", "store"),
    ("aws-sigv4", "cloud"),
    ("lambda_http", "runtime"),
    ("lambda_runtime", "runtime"),
    ("lettre", "mailer"),
    ("jsonwebtoken", "api"),
    ("rlibphonenumber", "domain"),
];

struct Package {
    folder: PathBuf,
    /// Its dependencies without those of its tests.
    needs: BTreeSet<String>,
}

fn packages() -> BTreeMap<String, Package> {
    let root = testkit::workspace();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let package = |package: &Value| {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let folder = manifest.parent().unwrap().strip_prefix(&root).unwrap().to_path_buf();
        let needs = package["dependencies"].as_array().unwrap().iter();
        let needs = needs.filter(|need| need["kind"] != "dev").map(|need| text(&need["name"])).collect();
        (text(&package["name"]), Package { folder, needs })
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn is_function(package: &Package) -> bool {
    package.folder.starts_with("functions")
}

fn cargo_tree(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(arguments)
        .current_dir(testkit::workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn dependencies_point_down() {
    let packages = packages();
    let allowed: BTreeMap<&str, &[&str]> = SHARED.into_iter().chain(BESIDE_LOCAL).collect();
    let is_shared = |name: &str| SHARED.iter().any(|(shared, _)| *shared == name);
    for (name, package) in &packages {
        for need in package.needs.iter().filter(|need| packages.contains_key(*need)) {
            let may = match allowed.get(name.as_str()) {
                Some(allowed) => allowed.contains(&need.as_str()),
                None if is_function(package) => is_shared(need),
                None => package.folder.starts_with("local"),
            };
            assert!(
                may,
                "{name} depends on {need}; dependencies point down: functions → ops → {{store, meta, cloud}} → domain"
            );
            assert!(
                !is_function(&packages[need]) || name == "tidings",
                "{name} depends on the function {need}; only tidings puts functions together"
            );
        }
    }
}

#[test]
fn nothing_depends_on_the_tools_or_outside_tests_on_the_testkit() {
    for (name, package) in packages() {
        for unwanted in ["tidings-tools", "testkit"] {
            assert!(!package.needs.contains(unwanted), "{name} depends on {unwanted}");
        }
    }
}

#[test]
fn some_third_party_crates_have_one_user() {
    for (name, package) in packages() {
        for (foreign, owner) in OWNED {
            assert!(
                !package.needs.contains(foreign) || name == owner,
                "{name} depends on {foreign}; only {owner} may, so add a function there"
            );
        }
        let sdk = package.needs.iter().find(|need| need.starts_with("aws-sdk-"));
        assert!(sdk.is_none() || name == "cloud", "{name} depends on {sdk:?}; only cloud may");
    }
}

#[test]
fn each_folder_of_functions_is_one_crate_that_tidings_runs() {
    let packages = packages();
    let tidings = &packages["tidings"];
    let folders = fs::read_dir(testkit::workspace().join("functions")).unwrap();
    for folder in folders {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let package = packages.get(&name);
        let is_there = package.is_some_and(|package| package.folder == Path::new("functions").join(&name));
        assert!(is_there, "functions/{name} has no crate of that name");
        assert!(
            tidings.needs.contains(&name),
            "local/ does not run functions/{name}; it must run every function"
        );
    }
}

/// A `main` cannot be tested, so it only starts its library. `cargo run` builds neither the AWS SDK nor what only the
/// tools need.
#[test]
fn each_function_has_a_main_of_thirty_lines_that_one_machine_does_not_build() {
    for (name, package) in packages().into_iter().filter(|(_, package)| is_function(package)) {
        let source = testkit::workspace().join(&package.folder).join("src/main.rs");
        let lines = fs::read_to_string(&source).map(|text| text.lines().count());
        let lines = lines.unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        assert!(lines <= 30, "the main of {name} has {lines} lines; move its code into the library");
    }
    let tree = cargo_tree(&["--package", "tidings"]);
    let unwanted = ["aws-sdk-", "lambda_", "saphyr"];
    let found = tree.lines().find(|line| unwanted.iter().any(|name| line.starts_with(name)));
    assert!(tree.contains("tokio-postgres") && found.is_none(), "`cargo run` would build {found:?}");
}

/// Built alone, as it is deployed: a build of the whole workspace turns the features of tests on everywhere.
#[test]
fn no_function_is_built_with_code_for_tests() {
    for (name, _) in
        packages().into_iter().filter(|(name, package)| is_function(package) || name == "tidings")
    {
        let tree = cargo_tree(&["--package", &name, "--edges", "features"]);
        for feature in ["testing", "faults"] {
            let line = format!("store feature \"{feature}\"");
            assert!(!tree.contains(&line), "{name} is built with the feature {feature} of store");
        }
    }
    let tools = cargo_tree(&["--package", "tidings-tools", "--edges", "features"]);
    assert!(tools.contains("store feature \"testing\""), "cargo tree no longer shows features so");
}

#[test]
fn the_readmes_map_shows_every_crate() {
    let readme = fs::read_to_string(testkit::workspace().join("README.md")).unwrap();
    let (_, map) = readme.split_once("## The map").unwrap();
    let (map, _) = map.split_once("\n## ").unwrap();
    for (name, package) in packages() {
        let folder = package.folder.file_name().unwrap().to_str().unwrap();
        assert!(
            map.contains(&format!("{folder}/")),
            "{name} ({}) is not on the README's map",
            package.folder.display()
        );
    }
    assert!(readme.lines().count() <= 200, "the README has more than 200 lines");
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let root = testkit::workspace();
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 100, "the sources were not found");
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines, more than {LINES_MAX}", file.display());
    }
}

/// Code for one flow belongs in the crates of its layers and in no other place.
#[test]
fn refunds_are_mentioned_only_where_they_are_handled() {
    let root = testkit::workspace();
    let mut files = Vec::new();
    for folder in ["functions", "shared"] {
        rust_files(&root.join(folder), &mut files);
    }
    let crates: BTreeSet<String> = files
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().to_lowercase().contains("refund"))
        .map(|file| {
            let parts: Vec<&str> =
                file.strip_prefix(&root).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
            parts.iter().take(2).copied().collect::<Vec<_>>().join("/")
        })
        .collect();
    let expected = [
        "functions/admin",
        "functions/refunds",
        "functions/scheduling",
        "functions/sweep",
        "shared/cloud",
        "shared/domain",
        "shared/ops",
        // Names every crate, for its log filter.
        "shared/runtime",
        "shared/store",
    ];
    assert_eq!(crates.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
