//! What messages cost on AWS, from a counted run.
//!
//! [`run`] runs the product as it is, with [`meter`] around its HTTP, queues, transactions and its way to Meta, and
//! [`delivery`] in place of Lambda's pollers. [`bill`] prices the counts and a naive design beside them, and [`tables`]
//! shows both as `docs/cost.md` does. The document holds the counts; a test holds that its tables follow from them.

mod bill;
mod counts;
mod delivery;
mod meter;
mod prices;
mod run;
mod tables;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use cluster::Fetch;
use tidings::database;
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::say::say;
use tidings::settings::Settings;

use counts::Sample;

const DATABASE: &str = "cost";
/// Stands before the counts in a document.
const FENCE: &str = "```json\n";

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Messages of the campaigns.
    #[arg(long, default_value_t = 2_000)]
    messages: usize,
    /// Single messages of each kind.
    #[arg(long, default_value_t = 12)]
    singles: usize,
    /// Count nothing: price the counts in this document, for when a price has changed.
    #[arg(long, value_name = "DOCUMENT")]
    recorded: Option<PathBuf>,
}

pub(crate) async fn run(settings: Settings, options: Options, fetch: Fetch) -> Result<(), LocalError> {
    let sample = if let Some(path) = &options.recorded {
        let failed = |source| LocalError::File { what: "read", path: path.clone(), source };
        recorded(&std::fs::read_to_string(path).map_err(failed)?)?
    } else {
        let home = Home::open(&settings.home)?;
        let database = database::scratch(&home, fetch, DATABASE).await?;
        let plan = run::Plan { tenants: 2, campaign: options.messages, singles: options.singles };
        let sample = run::count(settings, &home, database.store.clone(), plan).await;
        database::remove(database, DATABASE).await?;
        sample?
    };
    say(tables::report(&sample));
    Ok(())
}

/// The counts in a document.
fn recorded(document: &str) -> Result<Sample, LocalError> {
    let missing = || LocalError::Call("the document has no counts".to_owned());
    let (_, rest) = document.split_once(FENCE).ok_or_else(missing)?;
    let (counts, _) = rest.split_once("```").ok_or_else(missing)?;
    serde_json::from_str(counts)
        .map_err(|error| LocalError::Call(format!("the document's counts cannot be read: {error}")))
}
