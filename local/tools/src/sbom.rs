//! Writes what each deployed function is made of: a CycloneDX document for each, in `target/sbom`.
//!
//! Cargo itself says what a function links, feature by feature: `cargo tree` of that function alone. Tools that resolve the
//! whole workspace at once name a database in the webhook, which has none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::deploy_check::build::FUNCTIONS;
use crate::deploy_check::site;
use tidings::error::LocalError;
use tidings::say::say;
use tidings::table::table;

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// What the functions are built for.
    #[arg(long, default_value = "aarch64-unknown-linux-gnu")]
    target: String,
}

/// A crate's name and version.
type Crate = (String, String);

/// What is known of a crate.
#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    description: Option<String>,
    repository: Option<String>,
    /// Absent for our own.
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A crate in the document.
#[derive(Debug, Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: &'a str,
    version: &'a str,
    licenses: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(rename = "externalReferences", skip_serializing_if = "Option::is_none")]
    references: Option<Value>,
}

/// `Cargo.lock`.
#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// What a function links: each crate with those that it depends on. The first is the function itself.
#[derive(Debug, PartialEq)]
struct Linked {
    function: Crate,
    crates: BTreeMap<Crate, BTreeSet<Crate>>,
}

/// The workspace, for every function.
struct Workspace {
    root: PathBuf,
    packages: BTreeMap<Crate, Package>,
    checksums: BTreeMap<Crate, String>,
}

/// One document for each function.
pub(crate) async fn run(options: Options) -> Result<(), LocalError> {
    let workspace = Workspace::read(site::root()?).await?;
    let folder = workspace.root.join("target/sbom");
    fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
    let mut rows = table(&["function", "crates", "file"]);
    for name in FUNCTIONS {
        let linked = workspace.linked(name, &options.target).await?;
        let file = folder.join(format!("{name}.cdx.json"));
        fs::write(&file, format!("{:#}\n", workspace.document(&linked)?)).map_err(failed("write", &file))?;
        let shown = file.strip_prefix(&workspace.root).unwrap_or(&file).display().to_string();
        rows.add_row(vec![name.to_owned(), (linked.crates.len() - 1).to_string(), shown]);
    }
    say(rows);
    Ok(())
}

impl Workspace {
    async fn read(root: PathBuf) -> Result<Self, LocalError> {
        let text = cargo(&root, &["metadata", "--locked", "--format-version", "1"]).await?;
        let metadata: Metadata = serde_json::from_str(&text)
            .map_err(|error| LocalError::Call(format!("cargo metadata answered something else: {error}")))?;
        let packages = metadata.packages.into_iter();
        let packages =
            packages.map(|package| ((package.name.clone(), package.version.clone()), package)).collect();
        let path = root.join("Cargo.lock");
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        let lock: Lock = toml::from_str(&text).map_err(|error| {
            LocalError::Call(format!("Cargo.lock is not of the form that is known: {error}"))
        })?;
        let locked = lock.package.into_iter();
        let checksums = locked.filter_map(|of| Some(((of.name, of.version), of.checksum?))).collect();
        Ok(Self { root, packages, checksums })
    }

    /// What `cargo lambda build` links into a function, without what only runs while it is built.
    async fn linked(&self, function: &str, target: &str) -> Result<Linked, LocalError> {
        let arguments = ["tree", "--locked", "--package", function, "--edges", "normal,no-proc-macro"];
        let shape = ["--target", target, "--prefix", "depth", "--format", " {p}"];
        let text = cargo(&self.root, &[&arguments[..], &shape[..]].concat()).await?;
        of_tree(&text).ok_or_else(|| LocalError::Call(format!("cargo tree answered something else:\n{text}")))
    }

    fn document(&self, linked: &Linked) -> Result<Value, LocalError> {
        let others = linked.crates.keys().filter(|id| **id != linked.function);
        let components = others.map(|id| self.component(id)).collect::<Result<Vec<_>, _>>()?;
        let dependencies = linked.crates.iter().map(|(id, on)| {
            json!({ "ref": reference(id), "dependsOn": on.iter().map(reference).collect::<Vec<_>>() })
        });
        let (name, version) = &linked.function;
        Ok(json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": { "component": {
                "type": "application", "bom-ref": reference(&linked.function), "name": name, "version": version,
            }},
            "components": components,
            "dependencies": dependencies.collect::<Vec<_>>(),
        }))
    }

    fn component(&self, id: &Crate) -> Result<Component<'_>, LocalError> {
        let missing = |what| LocalError::Call(format!("{} has no {what}", reference(id)));
        let package = self.packages.get(id).ok_or_else(|| missing("package in cargo metadata"))?;
        let license = package.license.as_deref().ok_or_else(|| missing("license"))?;
        let is_ours = package.source.is_none();
        let checksum = self.checksums.get(id).map(String::as_str);
        if checksum.is_none() && !is_ours {
            return Err(missing("checksum in Cargo.lock"));
        }
        Ok(Component {
            kind: "library",
            reference: reference(id),
            name: &package.name,
            version: &package.version,
            // Older crates write MIT/Apache-2.0.
            licenses: json!([{ "expression": license.replace('/', " OR ") }]),
            purl: (!is_ours).then(|| format!("pkg:cargo/{}@{}", package.name, package.version)),
            hashes: checksum.map(|checksum| json!([{ "alg": "SHA-256", "content": checksum }])),
            description: package.description.as_deref().map(str::trim),
            references: package.repository.as_ref().map(|url| json!([{ "type": "vcs", "url": url }])),
        })
    }
}

fn reference((name, version): &Crate) -> String {
    format!("{name}@{version}")
}

/// Lines such as `2 serde v1.0.229 (*)`: how deep, which crate, and where it is or that it was shown before.
fn of_tree(text: &str) -> Option<Linked> {
    let mut crates = BTreeMap::<Crate, BTreeSet<Crate>>::new();
    let mut path = Vec::<Crate>::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let depth: usize = words.next()?.parse().ok()?;
        let id = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
        path.truncate(depth);
        if let Some(parent) = path.last() {
            crates.entry(parent.clone()).or_default().insert(id.clone());
        }
        crates.entry(id.clone()).or_default();
        path.push(id);
    }
    Some(Linked { function: path.into_iter().next()?, crates })
}

async fn cargo(root: &Path, arguments: &[&str]) -> Result<String, LocalError> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let path = PathBuf::from(&program);
    let ran = Command::new(program).args(arguments).current_dir(root).output().await;
    let ran = ran.map_err(failed("run", &path))?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    Err(LocalError::Call(format!("cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&ran.stderr))))
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LocalError {
    let path = path.to_path_buf();
    move |source| LocalError::File { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, version: &str) -> Crate {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn a_tree_is_read_as_crates_and_what_each_depends_on() {
        let linked =
            of_tree("0 f v0.1.0 (/x/f)\n1 a v1.0.0\n2 c v3.0.0\n1 b v2.0.0\n2 c v3.0.0 (*)\n").unwrap();
        let on = |ids: &[Crate]| ids.iter().cloned().collect::<BTreeSet<_>>();
        let (f, a, b, c) = (id("f", "0.1.0"), id("a", "1.0.0"), id("b", "2.0.0"), id("c", "3.0.0"));
        let crates = BTreeMap::from([
            (f.clone(), on(&[a.clone(), b.clone()])),
            (a, on(std::slice::from_ref(&c))),
            (b, on(std::slice::from_ref(&c))),
            (c, on(&[])),
        ]);
        assert_eq!(of_tree("not a tree"), None);
        assert_eq!(linked, Linked { function: f, crates });
    }

    #[tokio::test]
    async fn each_function_names_what_it_links_and_nothing_else() {
        let workspace = Workspace::read(site::root().unwrap()).await.unwrap();
        for (function, has_database) in [("webhook", false), ("dispatch", true)] {
            let linked = workspace.linked(function, "aarch64-unknown-linux-gnu").await.unwrap();
            let document = workspace.document(&linked).unwrap();
            let components = document["components"].as_array().unwrap();
            let named = |name: &str| components.iter().find(|component| component["name"] == name);
            assert_eq!(named("tokio-postgres").is_some(), has_database, "{function}");
            let rustls = named("rustls").unwrap();
            assert!(rustls["hashes"][0]["content"].as_str().is_some_and(|sum| sum.len() == 64), "{rustls}");
            // A macro runs while the function is built; another TLS is asked for by nothing; a test has its own tools.
            assert!(
                ["serde_derive", "ring", "proptest"].into_iter().all(|name| named(name).is_none()),
                "{function}"
            );
            assert_eq!(document["metadata"]["component"]["name"], function);
            let all: BTreeSet<&str> =
                components.iter().filter_map(|component| component["bom-ref"].as_str()).collect();
            let on = document["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|of| of["dependsOn"].as_array());
            assert!(on.flatten().all(|on| all.contains(on.as_str().unwrap())), "a crate that is not listed");
        }
    }
}
