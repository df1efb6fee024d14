//! Enrolment: a one-time code and a public key become a device. And how a device shows who it is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::{DeviceId, Entropy};
use doorstep_core::seal::{Hash, VerifyingKey};
use doorstep_core::wire::{self, Divergence, EnrolRequest, EnrolResponse, KnownAs};
use subtle::ConstantTimeEq as _;

use crate::judge::Judge;
use crate::store::devices::{Chain, Device, EnrolmentCode};
use crate::store::directory::{Organisation, Person};
use crate::store::{StoreError, Tx};

/// Letters and digits that cannot be taken for each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS: usize = 10;
/// Letters between two dashes.
const GROUP_LETTERS: usize = 5;
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
    code_of(&random)
}

/// A code of as many letters as there are random bytes, five bits in each.
pub fn code_of(random: &[u8]) -> String {
    let mut code = String::with_capacity(random.len() + random.len() / GROUP_LETTERS);
    for (place, byte) in random.iter().copied().enumerate() {
        if place > 0 && place % GROUP_LETTERS == 0 {
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
    let secret: [u8; 32] = judge.ambient.random();
    let secret = hex::encode(secret);
    let mark = mark(&organisation, &person, public_key);
    let fresh = |id| fresh_device(id, &person, public_key, &secret, request, now);
    let device = match (known, request.known_as) {
        (None, None) => known_or_fresh(tx, fresh(DeviceId::at(now, mark)))?,
        (None, Some(known_as)) => known_again(tx, known_as, fresh(known_as.device), mark)?,
        (Some(device), _) if device.public_key == public_key && device.last_contact.is_none() => {
            Device { enrolled: device.enrolled, ..fresh(device.id) }
        }
        (Some(_), _) => return Err(EnrolError::Code),
    };
    tx.put_device(&device)?;
    if tx.chains(device.id)?.is_empty() {
        tx.put_chain(device.id, Chain::start(1))?;
    }
    tx.put_code(&EnrolmentCode { used_by: Some(device.id), ..code })?;
    Ok(answer(&device, person, &secret, organisation, now))
}

/// What an identity is made of beside the instant: it shows to which key and person it was given,
/// even to a server that does not know it any more.
fn mark(organisation: &Organisation, person: &Person, public_key: [u8; 32]) -> Entropy {
    let given_to = [
        b"doorstep device".as_slice(),
        organisation.id.as_bytes(),
        person.id.0.as_bytes(),
        &public_key,
    ];
    let hash = Hash::of(&given_to.concat());
    std::array::from_fn(|place| hash.0[place])
}

/// A device that has an identity already, and says so. Another person's code or another key never
/// gets it: not where it is known, and not where this store lost it, from a backup that is older.
fn known_again(
    tx: &dyn Tx,
    known_as: KnownAs,
    fresh: Device,
    mark: Entropy,
) -> Result<Device, EnrolError> {
    let given = known_as.device.0.get_timestamp().map(|at| at.to_unix());
    let given = given
        .and_then(|(seconds, nanos)| DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos));
    let given = given.filter(|given| DeviceId::at(*given, mark) == known_as.device);
    if known_as.person != fresh.person {
        return Err(EnrolError::Code);
    }
    if tx.device(known_as.device)?.is_some() {
        return known_or_fresh(tx, fresh);
    }
    // The identity says when it was first given out: clocks are judged from then on.
    let enrolled = given.ok_or(EnrolError::Code)?.min(fresh.enrolled);
    Ok(Device { enrolled, ..fresh })
}

/// Where the device is known, it gets a new token and nothing else of it changes.
fn known_or_fresh(tx: &dyn Tx, fresh: Device) -> Result<Device, EnrolError> {
    let Some(there) = tx.device(fresh.id)? else { return Ok(fresh) };
    let same = there.public_key == fresh.public_key && there.person == fresh.person;
    if !same || there.desk_key.is_some() || there.revoked.is_some() {
        return Err(EnrolError::Code);
    }
    Ok(Device { token_hash: fresh.token_hash, name: fresh.name, app: fresh.app, ..there })
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
        divergence: Divergence::default(),
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
        person: wire::Person { id: person.id, name: person.name.into(), role: person.role },
        token: format!("{}.{secret}", device.id),
        organisation: organisation.id,
        organisation_name: organisation.name,
        server_time: now,
        terms: None,
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
