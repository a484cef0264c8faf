//! The process environment, read once; everything else takes it by argument.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What the launcher wants to know about its surroundings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// `PATH`, for finding binaries and package clients.
    pub(crate) path: OsString,
    /// `XDG_CACHE_HOME`.
    pub(crate) xdg_cache: Option<PathBuf>,
    /// `HOME`.
    pub(crate) home: Option<PathBuf>,
    /// `SUDO_UID`: the user who ran sudo.
    pub(crate) sudo_uid: Option<String>,
    /// `CARGO`, set for us by `cargo run` and `cargo test`.
    pub(crate) cargo: Option<PathBuf>,
}

impl Environment {
    /// Reads the variables; an empty one counts as unset.
    pub(crate) fn read() -> Self {
        let set = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        Self {
            path: set("PATH").unwrap_or_default(),
            xdg_cache: set("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()),
            home: set("HOME").map(PathBuf::from),
            sudo_uid: set("SUDO_UID").and_then(|value| value.into_string().ok()),
            cargo: set("CARGO").map(PathBuf::from),
        }
    }

    /// The folders of `PATH`, absolute ones only: a relative entry would depend on the current folder.
    pub(crate) fn path_folders(&self) -> impl Iterator<Item = PathBuf> {
        std::env::split_paths(&self.path).filter(|folder| folder.is_absolute())
    }

    /// The first `program` on `PATH`.
    pub(crate) fn which(&self, program: impl AsRef<OsStr>) -> Option<PathBuf> {
        self.path_folders().map(|folder| folder.join(program.as_ref())).find(|file| file.is_file())
    }
}
