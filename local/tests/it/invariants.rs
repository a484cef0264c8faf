//! Claims about the invariants' numbers: what the repository cites is defined in `docs/invariants.md`, and the reverse.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const DEFINITIONS: &str = "docs/invariants.md";
/// A longer number is part of another word, such as an identifier.
const DIGITS_MAX: usize = 2;

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The number of an `I<number>` that the text starts with, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    let digits = text.strip_prefix('I')?;
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if digits.len() > DIGITS_MAX || rest.starts_with(is_word) {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

/// Every number that a text cites; of a range, all that it spans.
fn cited(text: &str) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for (at, _) in text.match_indices('I') {
        if text[..at].ends_with(is_word) {
            continue;
        }
        let Some((first, rest)) = number(&text[at..]) else { continue };
        let rest = [" to ", "-", "–"].iter().find_map(|between| rest.strip_prefix(between));
        let last = rest.and_then(number).map_or(first, |(last, _)| last);
        numbers.extend(first..=last);
    }
    numbers
}

/// Every number that has a heading.
fn defined(document: &str) -> BTreeSet<u32> {
    let headings = document.lines().filter_map(|line| line.strip_prefix("### "));
    headings
        .filter_map(|heading| number(heading).filter(|(_, rest)| rest.starts_with(':')))
        .map(|(n, _)| n)
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "target" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| ["rs", "sql", "md"].iter().any(|known| kind == *known))
        {
            found.push(path);
        }
    }
}

/// Each number that is cited outside of the definitions, with one file that cites it.
fn citations() -> BTreeMap<u32, PathBuf> {
    let root = testkit::workspace();
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut citations = BTreeMap::new();
    for file in files.into_iter().filter(|file| *file != root.join(DEFINITIONS)) {
        let text = fs::read_to_string(&file).unwrap();
        citations.extend(cited(&text).into_iter().map(|number| (number, file.clone())));
    }
    citations
}

#[test]
fn every_invariant_that_is_cited_is_defined_and_every_one_that_is_defined_is_cited() {
    let defined = defined(&fs::read_to_string(testkit::workspace().join(DEFINITIONS)).unwrap());
    let citations = citations();
    for (number, file) in &citations {
        assert!(
            defined.contains(number),
            "{} cites I{number}, which {DEFINITIONS} does not define",
            file.display()
        );
    }
    let uncited: Vec<_> = defined.iter().filter(|number| !citations.contains_key(number)).collect();
    assert!(
        uncited.is_empty(),
        "{DEFINITIONS} defines invariants that no code and no test cites: {uncited:?}"
    );
}

#[test]
fn a_citation_is_found_alone_in_a_range_and_not_inside_another_word() {
    // Put together here, so that this file itself cites none of them.
    assert_eq!(cited(&["(I", "98)"].concat()), BTreeSet::from([98]));
    for between in [" to ", "-", "–"] {
        assert_eq!(cited(&["I", "97", between, "I", "99."].concat()), BTreeSet::from([97, 98, 99]));
    }
    for other in ["I_97", "AI97", "I97_CHAIN", "I970", "I97b", "I"] {
        assert_eq!(cited(other), BTreeSet::new(), "{other}");
    }
}

#[test]
fn only_a_heading_defines_an_invariant() {
    let document = ["### I", "97: What holds\n\nI", "98 is cited.\n\n### I", "99 without a colon\n"].concat();
    assert_eq!(defined(&document), BTreeSet::from([97]));
    assert!(!cited(&document).is_subset(&defined(&document)), "a number that is not defined must be noticed");
}
