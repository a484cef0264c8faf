//! Repeatable measurements: ratios to a floor and to a naive way in the same run, because absolute times on a shared
//! machine mean nothing.

mod claim;
mod fixture;
mod floor;
mod naive;

use cluster::Fetch;

use tidings::error::LocalError;
use tidings::settings::Settings;

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Options {
    /// The claim of a hot tenant's due messages, on durable Postgres.
    Claim {
        /// Messages in all, per variant.
        #[arg(long, default_value_t = 20_000)]
        messages: i64,
        /// Messages in one chunk.
        #[arg(long, default_value_t = 1_000)]
        chunk: i64,
        /// Rounds; the result is the median.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(settings: Settings, options: Options, fetch: Fetch) -> Result<(), LocalError> {
    match options {
        Options::Claim { messages, chunk, rounds, json } => {
            let plan = claim::Plan { messages, chunk, rounds };
            claim::run(settings, plan, json, fetch).await
        }
    }
}
