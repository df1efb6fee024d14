//! What the browser keeps beside the encrypted file: the wrapped key, the file's name, and that
//! this device was enrolled. Nothing in it opens the file or names a person.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_device_store::vault::Vault;
use serde::{Deserialize, Serialize};

/// How long after it was made a store may still be lost in a power cut: the browser writes its list
/// of files without a flush, and the operating system follows within half a minute.
pub const SETTLING_SECONDS: i64 = 60;

/// What lies beside the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The wrapped key.
    pub vault: Vault,
    /// The name of the file that it opens.
    pub file: String,
    /// When file and key were made (UTC).
    pub made: DateTime<Utc>,
    /// That the device was enrolled, and as which.
    #[serde(default)]
    pub mark: Option<Mark>,
}

/// That this browser was enrolled: kept in more than one place, so that a store that goes missing
/// is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The device's identity.
    pub device: String,
    /// When it was enrolled (UTC).
    pub at: DateTime<Utc>,
}

impl Kept {
    /// Reads what was kept.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Writes it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("it has only string keys")
    }

    /// The name of the file that lies beside it and is not encrypted.
    pub fn porch(&self) -> String {
        format!("{}.porch", self.file.trim_end_matches(".db"))
    }

    /// Until when a power cut could still take the whole store; none once it has settled.
    pub fn settles_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let settles = self.made + TimeDelta::seconds(SETTLING_SECONDS);
        // A clock that was put back does not make it settle for years.
        let recent = now >= self.made - TimeDelta::seconds(SETTLING_SECONDS);
        (recent && now < settles).then_some(settles)
    }
}
