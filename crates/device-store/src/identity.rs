//! Who the device is: the key that signs, and whose device it is. The key is made and kept before
//! the network is used, so that an enrolment whose answer is lost can be asked for again.

use std::str::FromStr;

use doorstep_core::event::Role;
use doorstep_core::ids::{DeviceId, PersonId};
use doorstep_core::seal::{Hash, SigningKey};
use doorstep_core::wire::{EnrolRequest, EnrolResponse, KnownAs, Person};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::{head, terms};

/// What a person and a door give to begin an enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The code that a manager issued.
    pub code: String,
    /// What the person calls the device.
    pub device_name: String,
    /// The app and its version.
    pub app: String,
}

/// Whose device it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The device.
    pub device: DeviceId,
    /// The person to whom it was given.
    pub person: Person,
    /// The secret that is shown with every request.
    pub token: String,
    /// The store it was enrolled with.
    pub organisation: Uuid,
    /// The name of the organisation.
    pub organisation_name: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment")
            .field("device", &self.device)
            .field("person", &self.person)
            .field("organisation", &self.organisation)
            .finish_non_exhaustive()
    }
}

/// Makes the signing key where there is none, and the request that carries its public half. A
/// device that is enrolled asks for its own identity again: its server may have lost it.
pub(crate) fn prepare(
    tx: &Transaction<'_>,
    invitation: &Invitation,
    entropy: [u8; 32],
) -> Result<EnrolRequest, Error> {
    let known_as =
        enrolment(tx)?.map(|known| KnownAs { device: known.device, person: known.person.id });
    let entropy = Zeroizing::new(entropy);
    tx.execute(
        "insert into identity (one, signing_key, device_name) values (1, ?1, ?2)
         on conflict (one) do update set device_name = excluded.device_name",
        (entropy.as_slice(), &invitation.device_name),
    )?;
    let key = signing_key(tx)?;
    Ok(EnrolRequest {
        code: invitation.code.clone(),
        public_key: hex::encode(key.verifying_key().as_bytes()),
        device_name: invitation.device_name.clone(),
        app: invitation.app.clone(),
        known_as,
    })
}

/// Keeps what the server answered. Where the device is enrolled, only the same identity is taken,
/// with its new token.
pub(crate) fn enrolled(tx: &Transaction<'_>, answer: &EnrolResponse) -> Result<(), Error> {
    terms::keep(tx, answer.terms.as_ref())?;
    head::pin(tx, answer.terms.as_ref())?;
    if let Some(before) = enrolment(tx)? {
        let same = before.device == answer.device
            && before.person.id == answer.person.id
            && before.organisation == answer.organisation;
        if !same {
            return Err(Error::AlreadyEnrolled);
        }
        tx.execute("update enrolment set token = ?1", [&answer.token])?;
        return Ok(());
    }
    signing_key(tx).map_err(|_| Error::NotPrepared)?;
    tx.execute(
        "insert into enrolment (one, device, person, person_name, person_role, token,
                                organisation, organisation_name)
         values (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            answer.device.to_string(),
            answer.person.id.to_string(),
            &answer.person.name,
            answer.person.role.as_str(),
            &answer.token,
            answer.organisation.to_string(),
            &answer.organisation_name,
        ),
    )?;
    tx.execute(
        "insert into chain (one, epoch, seq, hash) values (1, 1, 0, ?1)",
        [Hash::ORIGIN.0.as_slice()],
    )?;
    Ok(())
}

/// The enrolment, if there is one.
pub(crate) fn enrolment(conn: &Connection) -> Result<Option<Enrolment>, Error> {
    let row = conn
        .query_row(
            "select device, person, person_name, person_role, token, organisation,
                    organisation_name from enrolment",
            [],
            |row| {
                Ok(Enrolment {
                    device: word::<DeviceId>(row, 0)?,
                    person: Person {
                        id: word::<PersonId>(row, 1)?,
                        name: row.get(2)?,
                        role: word::<Role>(row, 3)?,
                    },
                    token: row.get(4)?,
                    organisation: word::<Uuid>(row, 5)?,
                    organisation_name: row.get(6)?,
                })
            },
        )
        .optional()?;
    Ok(row)
}

/// The enrolment, which whoever asks cannot do without.
pub(crate) fn required(conn: &Connection) -> Result<Enrolment, Error> {
    enrolment(conn)?.ok_or(Error::NotEnrolled)
}

/// The key that signs this device's events.
pub(crate) fn signing_key(conn: &Connection) -> Result<SigningKey, Error> {
    let bytes: Option<[u8; 32]> =
        conn.query_row("select signing_key from identity", [], |row| row.get(0)).optional()?;
    let bytes = Zeroizing::new(bytes.ok_or(Error::NotEnrolled)?);
    Ok(SigningKey::from_bytes(&bytes))
}

/// What the person calls the device; none before the enrolment was prepared.
pub(crate) fn device_name(conn: &Connection) -> Result<Option<String>, Error> {
    Ok(conn.query_row("select device_name from identity", [], |row| row.get(0)).optional()?)
}

/// Reads a column whose text is a word or an identifier.
pub(crate) fn word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}
