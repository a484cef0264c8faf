//! What messages cost on AWS, reckoned from a counted run.
//!
//! The product runs as it is and a meter at every door counts what it asks of the cloud ([`sample`], [`meter`],
//! `mapping`, `wire`); a pure model prices the counts ([`model`], [`prices`]) and the naive design beside them;
//! [`tables`] shows both. `docs/cost.md` holds the tables and the counts that they come from, and a test holds that the one
//! follows from the other.

pub mod counts;
mod mapping;
pub mod meter;
pub mod model;
pub mod pico;
pub mod prices;
pub mod sample;
pub mod tables;
mod wire;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use cluster::Fetch;

use counts::Sample;
use tables::{Style, report};
use tidings::database;
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::say::say;
use tidings::settings::Settings;

const NAME: &str = "cost";
/// Stands before the counts in a document.
const FENCE: &str = "```json\n";

/// What is counted and how it is shown.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Messages of the campaigns.
    #[arg(long, default_value_t = 2_000)]
    messages: usize,
    /// Messages on their own, of each kind.
    #[arg(long, default_value_t = 12)]
    singles: usize,
    /// As it stands in docs/cost.md, with the counts.
    #[arg(long)]
    markdown: bool,
    /// Count nothing: price the counts that this document holds, for when a price has changed.
    #[arg(long, value_name = "DOCUMENT")]
    recorded: Option<PathBuf>,
}

/// Counts and prices.
pub async fn run(settings: Settings, ask: Options, fetch: Fetch) -> Result<(), LocalError> {
    let sample = match &ask.recorded {
        Some(path) => {
            let failed = |source| LocalError::File { what: "read", path: path.clone(), source };
            recorded(&std::fs::read_to_string(path).map_err(failed)?)?
        }
        None => counted(settings, &ask, fetch).await?,
    };
    say(report(&sample, if ask.markdown { Style::Markdown } else { Style::Terminal }));
    Ok(())
}

/// On a durable Postgres of this machine, in a database of its own.
async fn counted(settings: Settings, ask: &Options, fetch: Fetch) -> Result<Sample, LocalError> {
    let plan = sample::Plan { tenants: 2, campaign: ask.messages, singles: ask.singles };
    let home = Home::open(&settings.home)?;
    let database = database::scratch(&home, fetch, NAME).await?;
    let sample = sample::count(settings, &home, database.store.clone(), plan).await;
    database::remove(database, NAME).await?;
    sample
}

/// The counts that a document holds.
pub fn recorded(document: &str) -> Result<Sample, LocalError> {
    let missing = || LocalError::Call("the document holds no counts".to_owned());
    let (_, rest) = document.split_once(FENCE).ok_or_else(missing)?;
    let (counts, _) = rest.split_once("```").ok_or_else(missing)?;
    serde_json::from_str(counts)
        .map_err(|error| LocalError::Call(format!("the document's counts cannot be read: {error}")))
}
