//! The folders of a check: the repository, and a working folder of the run.

use std::path::{Path, PathBuf};

use cluster::Profile;
use tidings::database;
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::settings::Settings;

#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub root: PathBuf,
    /// Files of this run; removed when it was green.
    pub work: PathBuf,
    /// The same folder as a home.
    pub home: Home,
    /// Of the Postgres of this run.
    pub postgres: cluster::Options,
    /// The bootstraps that are tried.
    pub bootstraps: &'static str,
}

/// Of every deploy to the emulator; no real account is used.
pub(crate) const REGION: &str = "us-east-1";
/// Deployed builds for this machine.
pub(crate) const DEPLOYED: &str = "x86_64";
/// Development builds.
pub(crate) const DEV: &str = "dev";

impl Site {
    /// Finds the repository and makes the folder.
    pub fn open(settings: &Settings, bootstraps: &'static str) -> Result<Self, LocalError> {
        let parent = Home::open(&settings.home)?;
        let home = Home::open(&parent.join(&format!("deploy-check-{}", std::process::id())))?;
        home.folder("logs")?;
        let work = home.join("");
        let postgres =
            cluster::Options { profile: Profile::Throwaway, ..database::postgres_options(settings, &home) };
        Ok(Self { root: root()?, work, home, postgres, bootstraps })
    }

    /// Removes the files of this run.
    pub fn remove(self) -> Result<(), LocalError> {
        let path = self.work;
        std::fs::remove_dir_all(&path).map_err(|source| LocalError::File { what: "remove", path, source })
    }

    /// Where every program's output goes.
    pub fn logs(&self) -> PathBuf {
        self.work.join("logs")
    }

    pub fn folder(&self, name: &str) -> Result<PathBuf, LocalError> {
        self.home.folder(name)
    }

    /// A file of `local/tools/deploy`.
    pub fn script(&self, name: &str) -> PathBuf {
        self.root.join("local/tools/deploy").join(name)
    }

    /// What `sam build` makes for an architecture; reused by the next run.
    pub fn built(&self, architecture: &str) -> PathBuf {
        self.root.join("target/sam").join(architecture)
    }

    /// The function folders below those of the stacks in [`Self::built`], by function.
    pub fn artifacts(&self, architecture: &str) -> Vec<(String, PathBuf)> {
        let folders = |of: &Path| std::fs::read_dir(of).into_iter().flatten().filter_map(Result::ok);
        let stacks = folders(&self.built(architecture));
        let mut found: Vec<(String, PathBuf)> = stacks
            .flat_map(|stack| folders(&stack.path()))
            .map(|entry| entry.path())
            .filter(|path| path.join("bootstrap").exists())
            .map(|path| (function(&path), path))
            .collect();
        found.sort();
        found
    }
}

/// The function of a built folder, which has the logical id as its name: `WebhookFunction` is `webhook`.
fn function(folder: &Path) -> String {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    name.strip_suffix("function").unwrap_or(&name).to_owned()
}

/// The folder of the workspace, from the crate's folder that cargo passes, else from the current folder.
pub(crate) fn root() -> Result<PathBuf, LocalError> {
    let from = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_dir().map_err(|source| LocalError::File {
            what: "find",
            path: PathBuf::from("."),
            source,
        })?,
    };
    let found = from.ancestors().find(|folder| folder.join("local/tools/deploy/sam.txt").exists());
    found.map(Path::to_path_buf).ok_or_else(|| {
        LocalError::Call(
            "the check runs in the repository: local/tools/deploy is not found from here".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_folder_is_named_after_its_function() {
        assert_eq!(function(Path::new("/x/WebhookFunction")), "webhook");
        assert_eq!(function(Path::new("/x/Migrate")), "migrate");
    }
}
