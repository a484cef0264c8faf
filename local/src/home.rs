//! The folder that outlives a run, and the secrets that are created on the first run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use api::tokens::{new_key, random_bytes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ops::kernel::cipher::KEY_BYTES;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::error::LocalError;
use crate::settings::MetaAppSettings;

#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
}

/// The file is readable by its owner only.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secrets {
    /// Signs access tokens: PKCS#8, base64.
    pub jwt_key: String,
    /// Encrypts tenants' tokens: 32 bytes, base64.
    pub data_key: String,
    pub sandbox_app_secret: String,
    /// Of the webhook handshake.
    pub sandbox_verify_token: String,
    /// The super admin's password, unless one was set.
    pub admin_password: String,
    pub demo_password: String,
    /// Keys that signed access tokens before, while those are accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub older_jwt_keys: Vec<OlderKey>,
    /// Data keys after the first, by id. None is ever deleted: a row, also one in a backup, names the key that decrypts it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub newer_data_keys: BTreeMap<String, String>,
    /// SHA-256 of each key that the settings brought along, so that each is taken over once, and a rotation after that holds.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub taken_over: BTreeSet<String>,
    /// The id of the data key that encrypts, unless it is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_data_key: Option<String>,
}

/// A key that was replaced.
#[derive(Clone, Serialize, Deserialize)]
pub struct OlderKey {
    /// PKCS#8, base64.
    pub key: String,
    /// Until when it is accepted.
    pub until: Timestamp,
}

/// The first data key.
pub const DATA_KEY_ID: &str = "k1";

impl Home {
    /// Creates the folder unless it exists. Mode 0711, because Postgres may run as another account and has its data below.
    pub fn open(path: &Path) -> Result<Self, LocalError> {
        let failed = |source| LocalError::File { what: "make the folder", path: path.to_path_buf(), source };
        fs::DirBuilder::new().recursive(true).mode(0o711).create(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        Ok(Self { path })
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it, created unless it exists.
    pub fn folder(&self, name: &str) -> Result<PathBuf, LocalError> {
        let path = self.join(name);
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Err(source) if source.kind() != ErrorKind::AlreadyExists => {
                Err(LocalError::File { what: "make the folder", path, source })
            }
            Ok(()) | Err(_) => Ok(path),
        }
    }

    /// The secrets, created on the first run. Two first runs at once get the same.
    pub fn secrets(&self) -> Result<Secrets, LocalError> {
        let path = self.join("secrets.json");
        match fs::read(&path) {
            Ok(bytes) => read(&path, &bytes),
            Err(source) if source.kind() == ErrorKind::NotFound => {
                self.publish(&path, &make()?)?;
                let bytes = fs::read(&path).map_err(|source| LocalError::File {
                    what: "read",
                    path: path.clone(),
                    source,
                })?;
                read(&path, &bytes)
            }
            Err(source) => Err(LocalError::File { what: "read", path, source }),
        }
    }

    /// Changes the secrets, one change at a time. A reader finds the file as it was before or as it is after.
    pub fn change(&self, change: impl FnOnce(&mut Secrets)) -> Result<(), LocalError> {
        let (path, lock) = (self.join("secrets.json"), self.join("secrets.lock"));
        let failed = |source| LocalError::File { what: "lock", path: lock.clone(), source };
        let locked = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&lock);
        // Held until it is closed.
        let locked = locked.map_err(failed)?;
        locked.lock().map_err(failed)?;
        let mut secrets = self.secrets()?;
        change(&mut secrets);
        let draft = self.write_draft(&secrets)?;
        let failed = |source| LocalError::File { what: "replace", path: path.clone(), source };
        fs::rename(&draft, &path).map_err(failed)?;
        // The name as well must survive a loss of power before anything is encrypted with a new key.
        fs::File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Atomic and never over an existing file: written to a draft, then linked to its name.
    fn publish(&self, path: &Path, secrets: &Secrets) -> Result<(), LocalError> {
        let draft = self.write_draft(secrets)?;
        let failed = |source| LocalError::File { what: "write", path: draft.clone(), source };
        let linked = match fs::hard_link(&draft, path) {
            Err(source) if source.kind() != ErrorKind::AlreadyExists => Err(failed(source)),
            Ok(()) | Err(_) => Ok(()),
        };
        fs::remove_file(&draft).map_err(failed)?;
        linked
    }

    fn write_draft(&self, secrets: &Secrets) -> Result<PathBuf, LocalError> {
        let draft = self.join(&format!("secrets.{}.draft", std::process::id()));
        let failed = |source| LocalError::File { what: "write", path: draft.clone(), source };
        let text = serde_json::to_string_pretty(secrets).map_err(|error| failed(error.into()))?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(draft)
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<Secrets, LocalError> {
    serde_json::from_slice(bytes).map_err(|error| LocalError::File {
        what: "understand",
        path: path.to_path_buf(),
        source: error.into(),
    })
}

fn make() -> Result<Secrets, LocalError> {
    Ok(Secrets {
        jwt_key: STANDARD.encode(new_key()?),
        data_key: STANDARD.encode(random_bytes::<KEY_BYTES>()?),
        sandbox_app_secret: word::<16>()?,
        sandbox_verify_token: word::<16>()?,
        admin_password: word::<9>()?,
        demo_password: word::<9>()?,
        older_jwt_keys: Vec::new(),
        newer_data_keys: BTreeMap::new(),
        taken_over: BTreeSet::new(),
        current_data_key: None,
    })
}

pub(crate) fn word<const N: usize>() -> Result<String, LocalError> {
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random_bytes::<N>()?))
}

impl Secrets {
    /// The id of the data key that encrypts.
    pub fn current_data_key(&self) -> &str {
        self.current_data_key.as_deref().unwrap_or(DATA_KEY_ID)
    }

    /// The Meta app's secret: as it is set, else this machine's own.
    pub fn app_secret(&self, app: &MetaAppSettings) -> String {
        set_or(app.secret.as_ref(), &self.sandbox_app_secret)
    }

    /// The token of the webhook's handshake, likewise.
    pub fn verify_token(&self, app: &MetaAppSettings) -> String {
        set_or(app.verify_token.as_ref(), &self.sandbox_verify_token)
    }

    pub fn jwt_key(&self) -> Result<Vec<u8>, LocalError> {
        decode("jwtKey", &self.jwt_key)
    }

    pub fn data_key(&self) -> Result<[u8; KEY_BYTES], LocalError> {
        let bytes = decode("dataKey", &self.data_key)?;
        bytes.try_into().map_err(|_bytes| LocalError::Setting {
            name: "dataKey",
            why: format!("must be {KEY_BYTES} bytes"),
        })
    }
}

fn set_or(set: Option<&SecretString>, own: &str) -> String {
    set.map_or(own, |secret| secret.expose_secret()).to_owned()
}

fn decode(name: &'static str, text: &str) -> Result<Vec<u8>, LocalError> {
    STANDARD
        .decode(text)
        .map_err(|_text| LocalError::Setting { name, why: "of secrets.json is not base64".to_owned() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_created_once_and_only_their_owner_can_read_them() {
        let path = std::env::temp_dir().join(format!("tidings-home-{}", std::process::id()));
        let home = Home::open(&path).unwrap();
        let first = home.secrets().unwrap();
        let again = home.secrets().unwrap();
        assert_eq!(first.jwt_key, again.jwt_key);
        assert!(first.jwt_key().is_ok() && first.data_key().is_ok());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&home.join("secrets.json"))), (0o711, 0o600));
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "no draft is left behind");
        fs::remove_dir_all(&path).unwrap();
    }
}
