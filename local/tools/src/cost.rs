//! What messages cost on AWS, from a counted run.
//!
//! [`run`] runs the product as it is, with [`meter`] around its HTTP, queues, transactions and its way to Meta, and
//! [`pollers`] in place of Lambda's pollers. [`bill`] prices the counts and a naive design beside them, [`floor`]
//! what a month costs before the first message, and [`tables`] shows all of it as `docs/cost.md` does. The document holds the counts; a test holds that its tables follow from them.

mod bill;
mod counts;
mod floor;
mod meter;
mod pollers;
mod prices;
mod run;
mod tables;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use tidings::database;
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::say::say;
use tidings::settings::Settings;

use counts::recorded;

const DATABASE: &str = "cost";

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

pub(crate) async fn run(settings: Settings, options: Options) -> Result<(), LocalError> {
    let sample = if let Some(path) = &options.recorded {
        let failed = |source| LocalError::File { what: "read", path: path.clone(), source };
        let document = std::fs::read_to_string(path).map_err(failed)?;
        recorded(&document).ok_or_else(|| LocalError::Call("the document has no counts".to_owned()))?
    } else {
        let home = Home::open(&settings.home)?;
        let database = database::scratch(&settings, &home, DATABASE).await?;
        let plan = (options.messages, options.singles);
        let sample = run::count(settings, &home, database.store.clone(), plan).await;
        database::remove(database, DATABASE).await?;
        sample?
    };
    say(tables::report(&sample));
    Ok(())
}
