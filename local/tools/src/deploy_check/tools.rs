//! The tools, each pinned in `local/tools/deploy/*.txt` and installed in its own folder below `target/tools`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::deploy_check::program;
use crate::deploy_check::site::{REGION, Site};
use tidings::error::LocalError;

const LIMIT: Duration = Duration::from_mins(15);
const RUNTIME_EMULATOR: &str = "samcli/local/rapid/aws-lambda-rie-x86_64";

/// A folder of Python tools.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tool {
    /// `sam`, with `cargo-lambda` and `cfn-lint` beside it.
    Sam,
    /// `checkov`, whose dependencies conflict with those of `sam`.
    Checkov,
    /// `ministack` and `aiosmtpd`.
    Ministack,
    Schemathesis,
}

impl Tool {
    /// Those that the deploy is checked with.
    pub const OF_DEPLOY: [Self; 3] = [Self::Sam, Self::Checkov, Self::Ministack];

    const fn name(self) -> &'static str {
        match self {
            Self::Sam => "sam",
            Self::Checkov => "checkov",
            Self::Ministack => "ministack",
            Self::Schemathesis => "schemathesis",
        }
    }

    fn folder(self, site: &Site) -> PathBuf {
        site.root.join("target/tools").join(self.name())
    }

    pub fn program(self, site: &Site, name: &str) -> PathBuf {
        self.folder(site).join("bin").join(name)
    }

    /// Makes the folder, unless one with the same pins is there.
    pub async fn install(self, site: &Site) -> Result<(), LocalError> {
        let pins = site.root.join("local/tools/deploy").join(format!("{}.txt", self.name()));
        let wanted = std::fs::read_to_string(&pins).map_err(|source| LocalError::File {
            what: "read",
            path: pins.clone(),
            source,
        })?;
        let (folder, installed) = (self.folder(site), self.folder(site).join("pins.txt"));
        if std::fs::read_to_string(&installed).is_ok_and(|pins| pins == wanted) {
            return Ok(());
        }
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&folder);
        let mut fill = Command::new(self.program(site, "pip"));
        fill.args(["install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"]).arg(&pins);
        for (what, command) in [("venv", make), ("install", fill)] {
            let ran = program::run(&site.logs(), &format!("{what}-{}", self.name()), command, LIMIT).await?;
            if !ran.is_fine {
                return Err(LocalError::Call(format!(
                    "{} cannot be installed. It comes from PyPI: where that cannot be reached, name a mirror in \
                     PIP_INDEX_URL.\n{}",
                    self.name(),
                    ran.tail
                )));
            }
        }
        std::fs::write(&installed, wanted).map_err(|source| LocalError::File {
            what: "write",
            path: installed,
            source,
        })
    }
}

/// AWS's Runtime Interface Emulator, which travels in sam's own package.
pub(crate) fn runtime_emulator(site: &Site) -> Result<PathBuf, LocalError> {
    let library = Tool::Sam.folder(site).join("lib");
    let found = std::fs::read_dir(&library)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|python| python.path().join("site-packages").join(RUNTIME_EMULATOR))
        .find(|path| path.exists());
    found.ok_or_else(|| LocalError::Call(format!("{RUNTIME_EMULATOR} is not below {}", library.display())))
}

/// `sam`, which can reach no account: it has only the emulator's credentials, and writes to no home folder.
pub(crate) fn sam(site: &Site, arguments: &[&str]) -> Command {
    let mut command = tool(site, Tool::Sam, "sam");
    command.args(arguments);
    command
}

/// A program of a tool, in the repository's folder, without the variables of AWS and cargo.
pub(crate) fn tool(site: &Site, tool: Tool, name: &str) -> Command {
    let program = tool.program(site, name);
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = program.parent().map(Path::display).map(|bin| bin.to_string()).unwrap_or_default();
    let mut command = Command::new(&program);
    let foreign = |name: &str| {
        name.starts_with("AWS_")
            || name.starts_with("SAM_CLI_")
            || name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(foreign) {
            command.env_remove(name);
        }
    }
    command
        .current_dir(&site.root)
        .env("PATH", format!("{bin}:{path}"))
        .env("SAM_CLI_TELEMETRY", "0")
        .env("__SAM_CLI_APP_DIR", site.root.join("target/tools/sam-home"))
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", site.work.join("no-aws-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", site.work.join("no-aws-credentials"));
    command
}
