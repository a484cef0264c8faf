//! What can be forgotten about the house itself: its arrows, its rooms, the length of its files, its map.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A file answers one question; past this it answers several.
const LINES_MAX: usize = 400;

/// What each room may stand on. Doors are not listed: they may stand on every room but `cluster` and `testkit`.
const ROOMS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("cluster", &[]),
    ("store", &["domain"]),
    ("meta", &["domain"]),
    ("cloud", &["domain"]),
    ("ops", &["cloud", "domain", "meta", "store"]),
    // Neither operations nor the database: the webhook is compiled without them.
    ("http-kit", &["cloud", "domain"]),
    ("api", &["cloud", "domain", "http-kit", "ops"]),
    // What a deployed function is started with stands on everything that it may ask for.
    ("runtime", &["api", "cloud", "domain", "http-kit", "meta", "ops", "store"]),
];

/// Crates that one room alone may name.
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
    /// What it is built with, tests apart.
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

fn is_door(package: &Package) -> bool {
    package.folder.starts_with("functions")
}

#[test]
fn arrows_point_down_and_no_door_imports_a_door() {
    let packages = packages();
    let doors: BTreeSet<&String> =
        packages.iter().filter(|(_, package)| is_door(package)).map(|(name, _)| name).collect();
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    for (name, package) in &packages {
        let ours = package.needs.iter().filter(|need| packages.contains_key(*need));
        for need in ours {
            let may = match rooms.get(name.as_str()) {
                Some(allowed) => allowed.contains(&need.as_str()),
                None if is_door(package) => rooms.contains_key(need.as_str()) && need != "cluster",
                None => package.folder.starts_with("local") || name == "testkit",
            };
            assert!(
                may,
                "{name} imports {need}: arrows point down, doors → ops → {{store, meta, cloud}} → domain"
            );
            assert!(
                !doors.contains(need) || name == "tidings",
                "{name} imports the door {need}: only local/ puts doors together"
            );
        }
    }
}

#[test]
fn what_a_room_owns_no_other_names() {
    for (name, package) in packages() {
        for (foreign, owner) in OWNED {
            assert!(
                !package.needs.contains(foreign) || name == owner,
                "{name} names {foreign}, which is {owner}'s: ask {owner} instead"
            );
        }
        let sdk = package.needs.iter().find(|need| need.starts_with("aws-sdk-"));
        assert!(sdk.is_none() || name == "cloud", "{name} names {sdk:?}, which is cloud's");
    }
}

#[test]
fn each_folder_of_functions_is_one_door_that_local_opens() {
    let packages = packages();
    let tidings = &packages["tidings"];
    let folders = fs::read_dir(testkit::workspace().join("functions")).unwrap();
    for folder in folders {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let package = packages.get(&name);
        let is_there = package.is_some_and(|package| package.folder == Path::new("functions").join(&name));
        assert!(is_there, "functions/{name} holds no crate of that name");
        assert!(
            tidings.needs.contains(&name),
            "local/ does not run functions/{name}: it is the product on one machine"
        );
    }
}

/// What is deployed is a library with a `main` that starts it: nothing is decided where no test goes.
#[test]
fn each_door_is_deployed_by_a_main_of_thirty_lines_that_one_machine_does_without() {
    for (name, package) in packages().into_iter().filter(|(_, package)| is_door(package)) {
        let source = testkit::workspace().join(&package.folder).join("src/main.rs");
        let lines = fs::read_to_string(&source).map(|text| text.lines().count());
        let lines = lines.unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        assert!(lines <= 30, "{name}'s main has {lines} lines; what it does belongs into its library");
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", "tidings"])
        .current_dir(testkit::workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let sdk = tree.lines().find(|line| line.starts_with("aws-sdk-") || line.starts_with("lambda_"));
    assert!(tree.contains("tokio-postgres") && sdk.is_none(), "`cargo run` would build {sdk:?}");
}

#[test]
fn the_readmes_map_shows_every_room() {
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
    assert!(readme.lines().count() <= 200, "the README is longer than anybody reads");
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
fn no_file_is_longer_than_one_question() {
    let root = testkit::workspace();
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 100, "the house was not found");
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines; {LINES_MAX} is the most", file.display());
    }
}

/// A flow's words stand where a newcomer looks for them: in the rooms of its layers, and nowhere else.
#[test]
fn a_refund_is_spoken_of_only_in_its_rooms() {
    let root = testkit::workspace();
    let mut files = Vec::new();
    for folder in ["functions", "shared"] {
        rust_files(&root.join(folder), &mut files);
    }
    let rooms: BTreeSet<String> = files
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
        // Where the crates are named whose lines of the log are ours.
        "shared/runtime",
        "shared/store",
    ];
    assert_eq!(rooms.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
