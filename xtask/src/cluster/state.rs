//! The directory of a cluster.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::pki::Pki;
use crate::{Error, Result, project};

/// Name of the file whose lock says that the owner of a directory lives.
const OWNER: &str = "owner.lock";

/// A directory below `target/clusters`, removed when this is dropped.
#[derive(Debug)]
pub(super) struct State {
    dir: TempDir,
    _owner: File,
}

impl State {
    /// Makes a directory, and removes those that killed processes have left behind.
    pub(super) fn create(name: &str) -> Result<Self> {
        Self::create_in(&project::target_dir().join("clusters"), name)
    }

    fn create_in(home: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(home).map_err(Error::file(home))?;
        // Nobody may take a directory for stale between its making and the locking of its owner file.
        let path = home.join("lock");
        let lock = File::create(&path).map_err(Error::file(&path))?;
        lock.lock().map_err(Error::file(&path))?;
        remove_stale(home);
        let dir = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(home)
            .map_err(Error::file(home))?;
        let path = dir.path().join(OWNER);
        let owner = File::create(&path).map_err(Error::file(&path))?;
        owner.lock().map_err(Error::file(&path))?;
        let log = dir.path().join("log");
        fs::create_dir(&log).map_err(Error::file(&log))?;
        Ok(Self { dir, _owner: owner })
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Path of a user's kubeconfig.
    pub(super) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.path().join(format!("{user}.kubeconfig"))
    }

    /// Writes the kubeconfig of the user that a certificate is for.
    pub(super) fn write_kubeconfig(&self, user: &str, server: &str, pki: &Pki) -> Result<()> {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "spira",
            "clusters": [{
                "name": "spira",
                "cluster": {"server": server, "certificate-authority": pki.path("ca.crt")},
            }],
            "users": [{
                "name": user,
                "user": {
                    "client-certificate": pki.path(&format!("{user}.crt")),
                    "client-key": pki.path(&format!("{user}.key")),
                },
            }],
            "contexts": [{"name": "spira", "context": {"cluster": "spira", "user": user}}],
        });
        let path = self.kubeconfig(user);
        // JSON is YAML too.
        fs::write(&path, format!("{config:#}\n")).map_err(Error::file(&path))
    }
}

/// Removes directories whose owner is gone. One that cannot be removed is left: it only takes room.
fn remove_stale(home: &Path) {
    let Ok(entries) = fs::read_dir(home) else {
        return;
    };
    for entry in entries.flatten() {
        let stale =
            File::open(entry.path().join(OWNER)).is_ok_and(|owner| owner.try_lock().is_ok());
        if stale {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_without_an_owner_are_removed() {
        let home = tempfile::tempdir().expect("temporary directory");
        let living = State::create_in(home.path(), "living").expect("state");
        let killed = home.path().join("killed");
        fs::create_dir(&killed).expect("directory");
        fs::write(killed.join(OWNER), "").expect("file");
        let next = State::create_in(home.path(), "next").expect("state");
        assert!(living.path().exists());
        assert!(!killed.exists());
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists());
    }
}
