//! A device's folder: the encrypted file, the vault with its wrapped key, the porch, and where its
//! server is.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use doorstep_device_store::porch::{Porch, Refused};
use doorstep_device_store::vault::{Cost, PASSPHRASE_MIN, Vault};
use doorstep_device_store::{Key, OpenError, Store};
use rusqlite::{Connection, OpenFlags};

use crate::ambient;
use crate::failure::{Failure, OrFail as _, Outcome};

const FILE: &str = "device.db";
const VAULT: &str = "vault.json";
const PORCH: &str = "porch.db";
/// What stands in the vault's place once its key was destroyed.
const DESTROYED: &str = "{\"destroyed\":true}";
const SERVER: &str = "server.txt";
const AUTHORITY: &str = "authority.pem";

/// Opens a file, or makes it.
const CREATE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_CREATE);

/// How long to wait for another program that is writing to the same file.
const BUSY: Duration = Duration::from_secs(5);

/// A device's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, whether it is there or not.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes an empty store with a random key, wrapped by the passphrase. Refuses a folder that has
    /// one already, or half of one.
    pub fn init(&self, passphrase: &str) -> Outcome<Store> {
        if passphrase.chars().count() < PASSPHRASE_MIN {
            let sentence = format!("a passphrase has at least {PASSPHRASE_MIN} characters");
            return Err(Failure::Misused(sentence));
        }
        for name in [FILE, VAULT] {
            if self.path.join(name).exists() {
                return Err(Failure::No(format!(
                    "there is a device in {} already: use it, or choose another folder with --dir",
                    self.path.display()
                )));
            }
        }
        fs::create_dir_all(&self.path).or_no(&format!("cannot make {}", self.path.display()))?;
        private(&self.path, 0o700)?;
        let key = Key(ambient::random());
        let vault = Vault::wrap(&key, passphrase, cost(), &ambient::random())
            .or_no("cannot make the device's vault")?;
        // The vault is safe on the disk before anything is encrypted with the key inside it.
        self.put(VAULT, &vault.to_json())?;
        let store = Store::create(self.connect(FILE, CREATE)?, &key);
        Ok(store.map_err(|error| self.refusal(&error))?.with_porch(self.porch()?))
    }

    /// What lies beside the encrypted file. Made where there is none.
    pub fn porch(&self) -> Outcome<Porch> {
        Porch::open(self.connect(PORCH, CREATE)?).map_err(|error| self.refusal(&error))
    }

    /// Opens the store. A damaged file is left as it is. A wrong passphrase is counted; the last
    /// one destroys the key.
    pub fn open(&self, passphrase: &str) -> Outcome<Store> {
        self.expect_there()?;
        let porch = self.porch()?;
        porch.refuse_destroyed().map_err(|refused| self.said(&refused))?;
        let vault = fs::read_to_string(self.path.join(VAULT))
            .or_no(&format!("cannot read {}", self.path.join(VAULT).display()))?;
        let vault = Vault::from_json(&vault).map_err(|error| self.said(&error))?;
        let key = porch.unlock(&vault, passphrase, &ambient::clock()).map_err(|refused| {
            if let Refused::Destroyed { .. } = refused
                && let Err(failure) = self.destroy_vault()
            {
                return failure;
            }
            self.said(&refused)
        })?;
        let store = Store::open(self.connect(FILE, OpenFlags::SQLITE_OPEN_READ_WRITE)?, &key);
        Ok(store.map_err(|error| self.refusal(&error))?.with_porch(porch))
    }

    /// Overwrites the wrapped key, and then puts a note in its place.
    fn destroy_vault(&self) -> Outcome {
        let path = self.path.join(VAULT);
        let doing = format!("cannot destroy {}", path.display());
        let bytes = fs::metadata(&path).or_no(&doing)?.len();
        let mut file = fs::OpenOptions::new().write(true).open(&path).or_no(&doing)?;
        let zeros = vec![0; usize::try_from(bytes).unwrap_or(0)];
        file.write_all(&zeros).or_no(&doing)?;
        file.sync_all().or_no(&doing)?;
        self.put(VAULT, DESTROYED)
    }

    /// Whether there is a device, or what is left of one.
    pub fn is_there(&self) -> bool {
        self.path.join(FILE).exists() || self.path.join(VAULT).exists()
    }

    /// Refuses a folder without a device, before anybody is asked for a passphrase.
    pub fn expect_there(&self) -> Outcome {
        match (self.path.join(FILE).exists(), self.path.join(VAULT).exists()) {
            (true, true) => Ok(()),
            (false, false) => Err(Failure::No(format!(
                "there is no device in {}: make one with `doorstep device init`, or name its \
                 folder with --dir",
                self.path.display()
            ))),
            (file, _) => Err(Failure::No(format!(
                "{} is missing from {}: look for a copy before doing anything else",
                if file { VAULT } else { FILE },
                self.path.display()
            ))),
        }
    }

    /// The address of the server with which the device was enrolled.
    pub fn server(&self) -> Option<String> {
        let address = fs::read_to_string(self.path.join(SERVER)).ok()?;
        Some(address.trim().to_owned()).filter(|address| !address.is_empty())
    }

    /// Keeps the address of the server.
    pub fn put_server(&self, address: &str) -> Outcome {
        self.put(SERVER, address)
    }

    /// The certificate authority that the server hangs on, where it is the organisation's own.
    pub fn authority(&self) -> Option<String> {
        fs::read_to_string(self.path.join(AUTHORITY)).ok()
    }

    /// Keeps the authority, for the next sync.
    pub fn put_authority(&self, pem: &str) -> Outcome {
        self.put(AUTHORITY, pem)
    }

    fn connect(&self, name: &str, flags: OpenFlags) -> Outcome<Connection> {
        let file = self.path.join(name);
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&file, flags)
            .or_no(&format!("cannot open {}", file.display()))?;
        conn.busy_timeout(BUSY).or_no(&format!("cannot open {}", file.display()))?;
        private(&file, 0o600)?;
        Ok(conn)
    }

    /// Writes a small file whole or not at all, and only for its owner's eyes.
    fn put(&self, name: &str, text: &str) -> Outcome {
        let doing = format!("cannot write {}", self.path.join(name).display());
        let mut file = tempfile::NamedTempFile::new_in(&self.path).or_no(&doing)?;
        file.write_all(text.as_bytes()).or_no(&doing)?;
        file.as_file().sync_all().or_no(&doing)?;
        file.persist(self.path.join(name)).map_err(|error| error.error).or_no(&doing)?;
        sync_folder(&self.path).or_no(&doing)
    }

    fn refusal(&self, error: &OpenError) -> Failure {
        self.said(error)
    }

    fn said(&self, error: &dyn std::error::Error) -> Failure {
        Failure::No(format!("{}: {error}", self.path.display()))
    }
}

/// How much a guess at the passphrase costs. A test may ask for less; a release never does.
fn cost() -> Cost {
    let cheap = cfg!(debug_assertions) && std::env::var_os("DOORSTEP_TEST_CHEAP_VAULT").is_some();
    if cheap { Cost { memory_kib: 8, passes: 1 } } else { Cost::DEFAULT }
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let doing = format!("cannot make {} private", path.display());
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).or_no(&doing)
}

#[cfg(not(unix))]
fn private(_: &Path, _: u32) -> Outcome {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
