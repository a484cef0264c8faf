//! Measurements that the repository can repeat: ratios against a floor and a naive way in the same run, because absolute
//! times on a shared machine mean nothing.

mod claim;
mod floor;
mod ground;
mod naive;

use cluster::Fetch;

use tidings::error::LocalError;
use tidings::settings::Settings;

/// What is measured.
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
        /// Rounds; the median counts.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Measures.
pub async fn run(settings: Settings, ask: Options, fetch: Fetch) -> Result<(), LocalError> {
    match ask {
        Options::Claim { messages, chunk, rounds, json } => {
            let plan = claim::Plan { messages, chunk, rounds };
            claim::run(settings, plan, json, fetch).await
        }
    }
}
