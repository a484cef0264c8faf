//! What a counted run used of the cloud: names and numbers, as one table, which is also the record in `docs/cost.md`.

use std::collections::BTreeMap;

/// The three kinds of messages, with their share of the mix in thousandths.
pub(super) const KINDS: [(&str, u64); 3] =
    [("campaign", 900), ("single, now", 80), ("single, scheduled", 20)];
/// Begins the name of the commits of an operation.
pub(super) const COMMITS: &str = "commits: ";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts(BTreeMap<String, u64>);

/// In the order of [`KINDS`].
pub(super) type Sample = [Counts; KINDS.len()];

impl Counts {
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Commits of these operations.
    pub fn commits(&self, operations: &[&str]) -> u64 {
        operations.iter().map(|operation| self.of(&format!("{COMMITS}{operation}"))).sum()
    }

    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub fn add(&mut self, name: &str, more: u64) {
        *self.0.entry(name.to_owned()).or_default() += more;
    }

    pub fn set(&mut self, name: &str, number: u64) {
        self.0.insert(name.to_owned(), number);
    }
}

/// The counts in a document; `None` when it has none.
pub(super) fn recorded(document: &str) -> Option<Sample> {
    let mut sample = Sample::default();
    let rows = document.lines().skip_while(|line| !line.starts_with("| in the run")).skip(2);
    for line in rows.take_while(|line| line.starts_with('|')) {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let name = cells.next()?;
        for counts in &mut sample {
            counts.set(name, cells.next()?.replace(',', "").parse().ok()?);
        }
    }
    (sample != Sample::default()).then_some(sample)
}
