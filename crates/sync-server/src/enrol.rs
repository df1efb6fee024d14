//! Enrolment: a one-time code and a public key become a device. And how a device shows who it is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::DeviceId;
use doorstep_core::seal::{Hash, VerifyingKey};
use doorstep_core::wire::{self, EnrolRequest, EnrolResponse};
use subtle::ConstantTimeEq as _;

use crate::judge::Judge;
use crate::store::devices::{Chain, Device, EnrolmentCode};
use crate::store::directory::{Organisation, Person};
use crate::store::{StoreError, Tx};

/// Letters and digits that cannot be taken for each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS: usize = 10;
/// The longest name of a device or an app, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Why a device is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The code is unknown, used, or too old. Which of these is not said.
    #[error("this code does not work: it may be mistyped, used or too old; ask for a new one")]
    Code,
    /// The public key is not one.
    #[error("public_key must be an Ed25519 public key of 64 hexadecimal digits")]
    PublicKey,
    /// A name is too long.
    #[error("device_name and app may have {NAME_BYTES_MAX} bytes each")]
    Name,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A fresh code, from random bytes.
pub fn fresh_code(random: [u8; CODE_LETTERS]) -> String {
    let mut code = String::with_capacity(CODE_LETTERS + 1);
    for (place, byte) in random.into_iter().enumerate() {
        if place == CODE_LETTERS / 2 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
    }
    code
}

/// The hash of a code, however it was typed: small letters, other separators, O for 0, I or L for
/// 1.
pub fn hash_of_code(code: &str) -> Hash {
    let letters = code.chars().filter(char::is_ascii_alphanumeric).map(|letter| {
        match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        }
    });
    Hash::of(letters.collect::<String>().as_bytes())
}

/// Exchanges a code for an identity. The same code with the same key answers again, as long as the
/// device has not spoken: the first answer may have been lost on the way.
pub fn enrol(
    tx: &mut dyn Tx,
    judge: &Judge,
    request: &EnrolRequest,
    now: DateTime<Utc>,
) -> Result<EnrolResponse, EnrolError> {
    let public_key = public_key(&request.public_key)?;
    if request.device_name.len() > NAME_BYTES_MAX || request.app.len() > NAME_BYTES_MAX {
        return Err(EnrolError::Name);
    }
    let code = tx.code(hash_of_code(&request.code))?.filter(|code| now < code.expires);
    let code = code.ok_or(EnrolError::Code)?;
    let person = tx.person(code.person)?.filter(|person| person.is_active(now));
    let person = person.ok_or(EnrolError::Code)?;
    let organisation = tx.organisation()?.ok_or(StoreError::Missing { what: "organisation" })?;
    let known = code.used_by.map_or(Ok(None), |id| tx.device(id))?;
    let id = match known {
        None => DeviceId::at(now, judge.ambient.entropy()),
        Some(device) if device.public_key == public_key && device.last_contact.is_none() => {
            device.id
        }
        Some(_) => return Err(EnrolError::Code),
    };
    let secret: [u8; 32] = judge.ambient.random();
    let secret = hex::encode(secret);
    let device = fresh_device(id, &person, public_key, &secret, request, now);
    tx.put_device(&device)?;
    tx.put_chain(id, Chain::start(1))?;
    tx.put_code(&EnrolmentCode { used_by: Some(id), ..code })?;
    Ok(answer(&device, person, &secret, organisation, now))
}

fn public_key(text: &str) -> Result<[u8; 32], EnrolError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| EnrolError::PublicKey)?;
    VerifyingKey::from_bytes(&bytes).map_err(|_| EnrolError::PublicKey)?;
    Ok(bytes)
}

fn fresh_device(
    id: DeviceId,
    person: &Person,
    public_key: [u8; 32],
    secret: &str,
    request: &EnrolRequest,
    now: DateTime<Utc>,
) -> Device {
    Device {
        id,
        person: person.id,
        public_key,
        token_hash: Hash::of(secret.as_bytes()),
        desk_key: None,
        name: request.device_name.clone(),
        app: request.app.clone(),
        enrolled: now,
        last_contact: None,
        unsent: 0,
        oldest_unsent: None,
        revoked: None,
        change: 0,
        directory: 0,
    }
}

fn answer(
    device: &Device,
    person: Person,
    secret: &str,
    organisation: Organisation,
    now: DateTime<Utc>,
) -> EnrolResponse {
    EnrolResponse {
        device: device.id,
        person: wire::Person { id: person.id, name: person.name, role: person.role },
        token: format!("{}.{secret}", device.id),
        organisation: organisation.id,
        organisation_name: organisation.name,
        server_time: now,
    }
}

/// The device that shows this token; none where the token is not one of a device here.
pub fn authenticate(tx: &dyn Tx, token: &str) -> Result<Option<Device>, StoreError> {
    let Some((id, secret)) = token.split_once('.') else { return Ok(None) };
    let Ok(id) = id.parse::<DeviceId>() else { return Ok(None) };
    let device = tx.device(id)?.filter(|device| device.desk_key.is_none());
    let shown = Hash::of(secret.as_bytes());
    Ok(device.filter(|device| bool::from(shown.0.ct_eq(&device.token_hash.0))))
}

/// How many codes that do not work came lately. Guessing is slowed down for everybody at once:
/// a code is short-lived, and who guesses has many addresses.
#[derive(Clone, Debug, Default)]
pub struct Attempts(Arc<Mutex<VecDeque<DateTime<Utc>>>>);

impl Attempts {
    /// With `limit` wrong codes within the last minute: how many seconds to wait.
    pub fn check(&self, limit: u32, now: DateTime<Utc>) -> Result<(), u64> {
        let minute = TimeDelta::minutes(1);
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while wrong.front().is_some_and(|first| now - *first >= minute) {
            wrong.pop_front();
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match wrong.front() {
            Some(first) if wrong.len() >= limit => {
                let left = (minute - (now - *first)).num_seconds().max(1);
                Err(u64::try_from(left).unwrap_or(60))
            }
            _ => Ok(()),
        }
    }

    /// One more wrong code.
    pub fn count(&self, now: DateTime<Utc>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(now);
    }
}
