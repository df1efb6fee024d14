//! What a server tells every device to keep to, also while it has no contact.

use serde::{Deserialize, Serialize};

use super::SealingKey;
use crate::seal::Hash;

/// What a device keeps to. It comes with the enrolment, and again when it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Terms {
    /// By what these terms are told apart from others: 16 hexadecimal digits.
    pub mark: String,
    /// How many hours without contact the device shows what it holds of children. Recording never
    /// ends.
    pub read_lease_hours: u32,
    /// After so many wrong passphrases running, the device destroys the key to what it holds.
    pub wrong_passphrases: u32,
    /// The key to which it seals copies of what it records.
    pub sealing_key: SealingKey,
    /// The public key (Ed25519) of the server's signed heads, 64 hexadecimal digits.
    pub head_key: Hash,
}

impl Terms {
    /// How long the read lease is where no server said.
    pub const READ_LEASE_HOURS: u32 = 7 * 24;
    /// How many wrong passphrases destroy the key where no server said.
    pub const WRONG_PASSPHRASES: u32 = 10;

    /// Terms with their mark.
    pub fn new(
        read_lease_hours: u32,
        wrong_passphrases: u32,
        sealing_key: SealingKey,
        head_key: Hash,
    ) -> Self {
        let said = format!(
            "doorstep terms\n{read_lease_hours}\n{wrong_passphrases}\n{}\n{head_key}\n",
            sealing_key.public_key
        );
        let mark = hex::encode(&Hash::of(said.as_bytes()).0[..8]);
        Self { mark, read_lease_hours, wrong_passphrases, sealing_key, head_key }
    }
}
