//! The sandbox without the product: `cargo run -p sandbox -- --help`.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use sandbox::{Options, SandboxError, start};

/// A sandbox of Meta's WhatsApp Cloud API.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    /// The app's id.
    #[arg(long, env = "SANDBOX_APP_ID", default_value = "1000000000000001")]
    app_id: String,
    /// The app's secret.
    #[arg(long, env = "SANDBOX_APP_SECRET", default_value = "sandbox-secret", hide_env_values = true)]
    app_secret: String,
    /// The receiver of webhooks.
    #[arg(long, env = "SANDBOX_WEBHOOK_URL")]
    webhook_url: Option<String>,
    /// `hub.verify_token` of the handshake.
    #[arg(long, env = "SANDBOX_VERIFY_TOKEN", default_value = "sandbox-verify", hide_env_values = true)]
    verify_token: String,
    /// File that preserves the state across a kill.
    #[arg(long, env = "SANDBOX_JOURNAL")]
    journal: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), SandboxError> {
    let has_colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(has_colours).init();
    let Arguments { listen, app_id, app_secret, webhook_url, verify_token, journal } = Arguments::parse();
    let mut running =
        start(Options { listen, app_id, app_secret, webhook_url, verify_token, journal }).await?;
    tracing::info!(url = running.base_url(), "the sandbox listens");
    tokio::select! {
        () = running.stopped() => {}
        _ = tokio::signal::ctrl_c() => running.stop().await,
    }
    Ok(())
}
