//! Repeatable measurements: ratios to a floor and to a naive way in the same run, because absolute times on a shared
//! machine mean nothing.

mod claim;
mod fixture;
mod floor;
mod load;
mod naive;
mod queue;

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
    /// Clients of the API, alone and beside a crowd that is never served.
    Load {
        /// Clients at once.
        #[arg(long, default_value_t = 200)]
        clients: usize,
        /// Seconds of each of the two runs.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// Connections that begin a request and never end it.
        #[arg(long, default_value_t = 1_500)]
        half_open: usize,
        /// Logins a second whose client hangs up.
        #[arg(long, default_value_t = 50)]
        hang_ups: u64,
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Emptying a queue of one machine when few and when many messages wait, on durable Postgres.
    Queue {
        /// Messages that wait in the smaller measurement.
        #[arg(long, default_value_t = 5_000)]
        small: usize,
        /// Messages that wait in the larger one.
        #[arg(long, default_value_t = 500_000)]
        large: usize,
        /// Messages that are received and deleted in one round.
        #[arg(long, default_value_t = 2_000)]
        drained: usize,
        /// Rounds; the result is the median.
        #[arg(long, default_value_t = 9)]
        rounds: usize,
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(settings: Settings, options: Options) -> Result<(), LocalError> {
    match options {
        Options::Claim { messages, chunk, rounds, json } => {
            let plan = claim::Plan { messages, chunk, rounds };
            claim::run(settings, plan, json).await
        }
        Options::Load { clients, seconds, half_open, hang_ups, json } => {
            let plan = load::Plan { clients, seconds, half_open, hang_ups };
            load::run(settings, plan, json).await
        }
        Options::Queue { small, large, drained, rounds, json } => {
            let plan = queue::Plan { small, large, drained, rounds };
            queue::run(settings, plan, json).await
        }
    }
}
