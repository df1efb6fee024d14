//! What the organisation decided about its policies, so that the device judges as the server does.

use doorstep_core::policy::{Policy, PolicyDocument};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::error::Error;

/// The policy that a device judges by.
#[derive(Clone, Debug)]
pub struct HeldPolicy {
    /// The organisation's policy; the built-in one, where this app cannot read that.
    pub policy: Policy,
    /// Why the organisation's policy cannot be read. What the device says is advice from the
    /// built-in policy then; the server decides by the organisation's.
    pub unreadable: Option<String>,
}

/// Keeps what the server sent.
pub(crate) fn keep(tx: &Transaction<'_>, document: &PolicyDocument) -> Result<(), Error> {
    let document =
        serde_json::to_string(document).map_err(|error| Error::unreadable("policy", error))?;
    tx.execute(
        "insert into policy (one, document) values (1, ?1)
         on conflict (one) do update set document = excluded.document",
        [document],
    )?;
    Ok(())
}

/// The policy that holds.
pub(crate) fn held(conn: &Connection) -> Result<HeldPolicy, Error> {
    let document: Option<String> = conn
        .query_row("select document from policy where one = 1", [], |row| row.get(0))
        .optional()?;
    let Some(document) = document else {
        return Ok(HeldPolicy { policy: Policy::built_in(), unreadable: None });
    };
    let read = serde_json::from_str::<PolicyDocument>(&document)
        .map_err(|error| error.to_string())
        .and_then(|document| Policy::of(&document).map_err(|error| error.to_string()));
    Ok(match read {
        Ok(policy) => HeldPolicy { policy, unreadable: None },
        Err(why) => HeldPolicy { policy: Policy::built_in(), unreadable: Some(why) },
    })
}
