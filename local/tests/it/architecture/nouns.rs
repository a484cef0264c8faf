//! Inside a crate: the order of its nouns, and no circle between its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The nouns of `ops` and `store`, lowest level first. A module uses its own noun and lower levels.
const LEVELS: [(&str, &[&[&str]]); 2] = [
    (
        "shared/ops/src",
        &[
            &["kernel"],
            &["access", "billing", "contacts", "whatsapp"],
            &["templates", "tenants", "messages"],
            &["delivery"],
            &["updates"],
            &["privacy"],
            &["recovery"],
            &["operators"],
        ],
    ),
    (
        "shared/store/src",
        &[
            &["kernel"],
            &["billing"],
            &["holds", "usage"],
            &["access", "contacts", "templates", "tenants", "whatsapp", "messages"],
            &["delivery"],
            &["updates"],
            &["privacy"],
            &["recovery"],
            &["operators"],
            &["testing"],
        ],
    ),
];
/// More nouns than this in one crate are too many to look through.
const NOUNS_MAX: usize = 16;

/// A module's path within its crate: `delivery::send`, and nothing for the root.
type Module = Vec<String>;

/// The files of a crate, and which others each of them names.
struct Crate {
    arrows: BTreeMap<Module, BTreeSet<Module>>,
}

fn module_of(source: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(source).unwrap().with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    parts.filter(|part| part != "lib" && part != "main" && part != "mod").collect()
}

impl Crate {
    fn read(source: &Path) -> Self {
        let mut files = Vec::new();
        super::rust_files(source, &mut files);
        files.retain(|file| !file.iter().any(|part| part == "tests" || part == "tests.rs" || part == "fuzz"));
        let modules: BTreeMap<Module, PathBuf> =
            files.into_iter().map(|file| (module_of(source, &file), file)).collect();
        let known: BTreeSet<Module> = modules.keys().cloned().collect();
        let arrows = modules.iter().map(|(module, file)| {
            let text = fs::read_to_string(file).unwrap();
            let product = text.split("#[cfg(test)]").next().unwrap();
            let named = paths_in(product).into_iter().filter_map(|path| resolve(module, &path, &known));
            (module.clone(), named.filter(|named| named != module).collect())
        });
        Self { arrows: arrows.collect() }
    }

    /// Files that can reach themselves.
    fn circles(&self) -> Vec<String> {
        let in_circle = |module: &&Module| self.reached_from(module).contains(module);
        self.arrows.keys().filter(in_circle).map(|module| module.join("::")).collect()
    }

    /// Every file that a file uses, directly or through others.
    fn reached_from<'a>(&'a self, module: &'a Module) -> BTreeSet<&'a Module> {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![module]);
        while let Some(next) = waiting.pop() {
            let new = self.arrows[next].iter().filter(|named| !reached.contains(*named));
            let new: Vec<&Module> = new.collect();
            reached.extend(new.iter().copied());
            waiting.extend(new);
        }
        reached
    }

    /// The longest way down.
    fn levels(&self) -> usize {
        fn depth<'a>(all: &'a Crate, module: &'a Module, known: &mut BTreeMap<&'a Module, usize>) -> usize {
            if let Some(depth) = known.get(module) {
                return *depth;
            }
            known.insert(module, 1);
            let below = all.arrows[module].iter().map(|named| depth(all, named, known)).max();
            let depth = 1 + below.unwrap_or(0);
            known.insert(module, depth);
            depth
        }
        let mut known = BTreeMap::new();
        self.arrows.keys().map(|module| depth(self, module, &mut known)).max().unwrap_or(0)
    }

    fn figures(&self) -> String {
        let arrows: usize = self.arrows.values().map(BTreeSet::len).sum();
        format!(
            "{} files, {arrows} arrows, {} levels, {} circles",
            self.arrows.len(),
            self.levels(),
            self.circles().len()
        )
    }
}

/// Every path in code that begins with `crate::` or `super::`, groups in braces taken apart.
fn paths_in(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_whole =
                at == 0 || !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if is_whole {
                unfold(String::new(), &code[at..], &mut paths);
            }
        }
    }
    paths
}

/// Reads one path, or a group of them, from the start of `text`; returns what comes after it.
fn unfold<'a>(prefix: String, text: &'a str, paths: &mut Vec<String>) -> &'a str {
    let length = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (path, rest) = text.split_at(length);
    let path = prefix + path;
    let Some(mut rest) = rest.strip_prefix('{').filter(|_| path.ends_with("::")) else {
        paths.push(path);
        return rest;
    };
    loop {
        rest = unfold(path.clone(), rest.trim_start(), paths).trim_start();
        match rest.strip_prefix(',') {
            Some(after) if !after.trim_start().starts_with('}') => rest = after,
            Some(after) => return after.trim_start().strip_prefix('}').unwrap_or(after),
            None => return rest.strip_prefix('}').unwrap_or(rest),
        }
    }
}

/// The file that a path leads to: the longest part of it that is a module.
fn resolve(from: &Module, path: &str, known: &BTreeSet<Module>) -> Option<Module> {
    let mut parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
    let mut module = Module::new();
    if parts.first() == Some(&"crate") {
        parts.remove(0);
    } else {
        module.clone_from(from);
        while parts.first() == Some(&"super") {
            parts.remove(0);
            module.pop()?;
        }
    }
    module.extend(parts.iter().map(ToString::to_string));
    while !known.contains(&module) {
        module.pop()?;
    }
    // The root and a noun's own file only list what is in them.
    (!module.is_empty() && !from.starts_with(&module)).then_some(module)
}

/// Every crate of the workspace, by the folder of its sources.
fn crates() -> Vec<(String, Crate)> {
    let root = testkit::workspace();
    super::packages()
        .into_values()
        .map(|package| package.folder.join("src"))
        .filter(|source| root.join(source).is_dir())
        .map(|source| (source.to_str().unwrap().to_owned(), Crate::read(&root.join(&source))))
        .collect()
}

#[test]
fn no_file_uses_a_file_that_uses_it() {
    for (source, read) in crates() {
        println!("{source}: {}", read.figures());
        assert!(read.circles().is_empty(), "{source}: a circle between {:?}", read.circles());
    }
}

#[test]
fn a_noun_uses_only_the_nouns_below_it() {
    for (source, levels) in LEVELS {
        let nouns: Vec<&str> = levels.iter().flat_map(|level| level.iter().copied()).collect();
        assert!(nouns.len() <= NOUNS_MAX, "{source} has {} nouns", nouns.len());
        let level_of = |noun: &str| {
            let level = levels.iter().position(|level| level.contains(&noun));
            level.unwrap_or_else(|| panic!("{source}: the noun {noun} has no level in LEVELS"))
        };
        let mut upward = Vec::new();
        for (module, named) in Crate::read(&testkit::workspace().join(source)).arrows {
            let Some(noun) = module.first() else { continue };
            let is_upward = |used: &&Module| used[0] != *noun && level_of(&used[0]) >= level_of(noun);
            let lines = named.iter().filter(is_upward).map(|used| used.join("::"));
            upward.extend(lines.map(|used| format!("{} uses {used}", module.join("::"))));
        }
        println!("{source}: {} nouns, {} arrows up", nouns.len(), upward.len());
        assert!(upward.is_empty(), "{source}: {upward:#?}");
    }
}

#[test]
fn paths_are_read_from_groups_and_comments_are_not() {
    let text = "use crate::a::{self, b::{C, D}, e};\n// crate::never\nlet x = super::f::g();";
    assert_eq!(
        paths_in(text),
        ["crate::a::self", "crate::a::b::C", "crate::a::b::D", "crate::a::e", "super::f::g"]
    );
}

#[test]
fn a_circle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let arrows = [("a", vec!["b"]), ("b", vec!["a"]), ("c", vec!["a"])];
    let arrows = arrows.map(|(from, to)| (module(from), to.into_iter().map(module).collect()));
    let broken = Crate { arrows: arrows.into_iter().collect() };
    assert_eq!(broken.circles(), ["a", "b"]);
}
