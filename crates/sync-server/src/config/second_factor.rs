//! Of whom a second factor at sign-in is asked.

use std::collections::BTreeSet;

use doorstep_core::event::Role;

use crate::store::directory::Person;

/// Who needs a second factor at sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SecondFactorFor {
    /// Whoever wants one.
    #[default]
    Nobody,
    /// Everybody.
    All,
    /// These.
    Some(BTreeSet<Whose>),
}

/// People of whom it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Those who hold a role.
    Role(Role),
    /// Administrators.
    Administrator,
    /// Auditors.
    Auditor,
}

impl SecondFactorFor {
    /// Reads `optional`, `all`, or words with commas between them.
    pub(super) fn of(value: &str) -> Option<Self> {
        let whose = |word: &str| match word.trim() {
            "administrator" => Some(Whose::Administrator),
            "auditor" => Some(Whose::Auditor),
            role => role.parse().ok().map(Whose::Role),
        };
        match value {
            "optional" => Some(Self::Nobody),
            "all" => Some(Self::All),
            list => list.split(',').map(whose).collect::<Option<_>>().map(Self::Some),
        }
    }

    /// Whether it is asked of this person.
    pub fn asks(&self, person: &Person) -> bool {
        match self {
            Self::Nobody => false,
            Self::All => true,
            Self::Some(whose) => whose.iter().any(|whose| match whose {
                Whose::Role(role) => person.holds(*role),
                Whose::Administrator => person.administrator,
                Whose::Auditor => person.auditor,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_stand_with_commas_between_them_and_another_word_is_refused() {
        let some = SecondFactorFor::Some(BTreeSet::from([
            Whose::Role(Role::TeamManager),
            Whose::Administrator,
        ]));
        for (value, expected) in [
            ("optional", Some(SecondFactorFor::Nobody)),
            ("all", Some(SecondFactorFor::All)),
            ("administrator, team-manager", Some(some)),
            ("", None),
            ("managers", None),
        ] {
            assert_eq!(SecondFactorFor::of(value), expected, "{value}");
        }
    }
}
