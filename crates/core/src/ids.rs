//! The identifiers of the system: one newtype for each kind of thing that has one.
//!
//! Nothing here makes an identifier from thin air: the instant and the entropy are arguments, so
//! that `core` stays free of clocks and randomness.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Random bytes that a door hands in to make one identifier.
pub type Entropy = [u8; 10];

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A UUIDv7 (RFC 9562) of the instant `at` (millisecond precision) and ten random
            /// bytes.
            pub fn at(at: DateTime<Utc>, entropy: Entropy) -> Self {
                let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &entropy).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// One child's record.
    ChildId
);
id!(
    /// One recorded event: UUIDv7 of the instant of recording.
    EventId
);
id!(
    /// One visit. Two records with the same visit are the same visit, whoever made them; a visit to
    /// several children gives each child an event with this visit.
    VisitId
);
id!(
    /// One device that records (a phone, a laptop; the server's own desk has one too).
    DeviceId
);
id!(
    /// One member of staff or volunteer.
    PersonId
);
id!(
    /// One team.
    TeamId
);
id!(
    /// One escalation in the ledger.
    EscalationId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_identifiers_by_the_instant_they_were_made() {
        let early = DateTime::from_timestamp(1_772_445_600, 0).unwrap();
        let late = early + chrono::TimeDelta::milliseconds(1);
        assert!(EventId::at(early, [0xff; 10]) < EventId::at(late, [0; 10]));
        assert_eq!(EventId::at(early, [1; 10]).0.get_version_num(), 7);
    }

    #[test]
    fn reads_back_what_it_prints() {
        let id = ChildId::at(DateTime::UNIX_EPOCH, [7; 10]);
        assert_eq!(id.to_string().parse::<ChildId>().unwrap(), id);
        assert!("seven".parse::<ChildId>().is_err());
    }
}
