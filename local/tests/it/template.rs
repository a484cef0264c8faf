//! `template.yaml`, its nested stacks and the files beside them agree with the code, which is checked without AWS.
//!
//! A rule is a function that returns complaints. Each is tested twice: the repository causes none, and a copy with a
//! deliberate mistake causes one that names it.

mod access;
mod alarms;
mod answers;
mod calls;
mod dashboard;
mod database;
mod files;
mod functions;
mod platform;
mod query;
mod queues;
mod restore;
mod rights;
mod routes;
mod rules;
mod stack;
mod stacks;
mod together;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Folders of `events/` with Meta's bodies, not with events of functions.
const OF_META: [&str; 2] = ["graph", "webhooks"];

/// The type of a nested stack.
const STACK: &str = "AWS::CloudFormation::Stack";

/// A nested stack.
#[derive(Clone)]
pub struct Stack {
    /// Its name in the repository.
    pub file: String,
    /// The file, its anchors and tags resolved.
    pub template: Value,
}

/// The files of the repository that rules check.
#[derive(Clone)]
pub struct Repository {
    /// `template.yaml` with all that its nested stacks have: see [`together`].
    pub template: Value,
    /// `template.yaml` alone, its anchors and tags resolved.
    pub root: Value,
    /// Its nested stacks, by their names in it.
    pub stacks: BTreeMap<String, Stack>,
    /// How many lines each of these files has.
    pub lines: BTreeMap<String, usize>,
    /// `stacks/platform-policy.json`.
    pub policy: Value,
    /// `docs/operations.md`.
    pub runbook: String,
    pub samconfig: Value,
    /// `[workspace.metadata.lambda.watch.router]`.
    pub watch: Value,
    /// The routers' routes, as `METHOD /path of function`.
    pub routes: BTreeSet<String>,
    /// The folders of `functions/`.
    pub folders: BTreeSet<String>,
    /// Files of `events/`, with their folder, and what they hold.
    pub events: Vec<(String, Value)>,
    /// `events/expected.json`.
    pub expected: Value,
    /// `events/env.json`.
    pub local_environment: Value,
}

/// Returns what breaks the rule.
pub type Rule = fn(&Repository) -> Vec<String>;
/// Part of the complaint that a change causes, and the change.
pub type Change = (&'static str, fn(&mut Repository));

impl Repository {
    pub fn read() -> Self {
        let root = testkit::workspace();
        let text = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        let json = |name: &str| serde_json::from_str(&text(name)).unwrap();
        let toml = |name: &str| -> Value { toml::from_str(&text(name)).unwrap() };
        let root_template = yaml::parse(&text("template.yaml"));
        let stacks = stacks(&root_template, text);
        let files = stacks.values().map(|stack| stack.file.as_str()).chain(["template.yaml"]);
        Self {
            template: together::together(&root_template, &stacks),
            lines: files.map(|file| (file.to_owned(), text(file).lines().count())).collect(),
            root: root_template,
            stacks,
            policy: json("stacks/platform-policy.json"),
            runbook: text("docs/operations.md"),
            samconfig: toml("samconfig.toml"),
            watch: toml("Cargo.toml")["workspace"]["metadata"]["lambda"]["watch"]["router"].clone(),
            routes: routes::of_routers(),
            folders: folders(&root.join("functions")),
            events: events(&root.join("events")),
            expected: json("events/expected.json"),
            local_environment: json("events/env.json"),
        }
    }

    pub fn resources(&self) -> &serde_json::Map<String, Value> {
        self.template["Resources"].as_object().unwrap()
    }

    /// One resource of any stack, to break it.
    pub fn resource(&mut self, id: &str) -> &mut Value {
        &mut self.template["Resources"][id]
    }
}

/// The repository breaks the rule nowhere, and each change causes the expected complaint.
pub fn holds(rule: Rule, changes: &[Change]) {
    let repo = Repository::read();
    let complaints = rule(&repo);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    for (culprit, change) in changes {
        let mut broken = repo.clone();
        change(&mut broken);
        let complaints = rule(&broken);
        let is_named = complaints.iter().any(|complaint| complaint.contains(culprit));
        assert!(is_named, "{culprit} was not found: {complaints:?}");
    }
}

/// The stacks of the root, read from where it says they are.
fn stacks(root: &Value, text: impl Fn(&str) -> String) -> BTreeMap<String, Stack> {
    let resources = root["Resources"].as_object().unwrap().iter();
    let stacks = resources.filter(|(_, resource)| resource["Type"] == STACK);
    stacks
        .map(|(name, resource)| {
            let file = resource["Properties"]["TemplateURL"].as_str().unwrap().to_owned();
            (name.clone(), Stack { template: yaml::parse(&text(&file)), file })
        })
        .collect()
}

fn folders(of: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(of).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn events(root: &Path) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for folder in folders(root).into_iter().filter(|folder| !OF_META.contains(&folder.as_str())) {
        for entry in fs::read_dir(root.join(&folder)).unwrap().map(Result::unwrap) {
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            let text = fs::read_to_string(entry.path()).unwrap();
            events.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    events.sort_by(|(a, _), (b, _)| a.cmp(b));
    events
}
