//! The episodes of a child, for people to look at: as all policies of the service count together.

use chrono::{DateTime, Utc};

use super::case::Case;
use super::{Policy, counting};
use crate::event::{ChildRecord, Event};
use crate::ids::EventId;

/// One episode: from a failed contact until the child is assured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEpisode {
    /// When its first contact happened (UTC).
    pub opened: DateTime<Utc>,
    /// The first record of each of its contacts, in order.
    pub contacts: Vec<EventId>,
    /// How many of them are no-access visits.
    pub no_access_visits: usize,
    /// When the child was assured (UTC), and by which event; none while it is open.
    pub assured: Option<(DateTime<Utc>, EventId)>,
}

impl Policy {
    /// The episodes of a child at `as_of`, the earliest first.
    pub fn episodes(
        &self,
        record: &ChildRecord,
        events: &[Event],
        as_of: DateTime<Utc>,
    ) -> Vec<CountedEpisode> {
        let case = Case::gather(record, events, &self.calendar, as_of);
        let counted = case.episodes(|contact| {
            let mut lines = self.lines_for(record.service);
            lines.any(|line| counting(line, contact.at).counts(contact))
        });
        let episode = |episode: &super::case::Episode<'_>| CountedEpisode {
            opened: episode.opening().at,
            contacts: episode.contacts.iter().map(|contact| contact.records[0]).collect(),
            no_access_visits: episode.contacts.iter().filter(|it| it.no_access).count(),
            assured: episode.assured.map(|event| (event.at, event.id)),
        };
        counted.iter().map(episode).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Agency, ChildSeen, FailedContact, Form, Known, Role, What};

    #[test]
    fn an_episode_ends_when_the_child_is_assured_and_the_next_contact_opens_another() {
        let start: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let event = |days: i64, what: What| {
            let at = start + chrono::TimeDelta::days(days);
            let id = EventId::at(at, [7; 10]);
            let attachments = Vec::new();
            Event { id, at, recorded: at, by: Role::Practitioner, attachments, what }
        };
        let failed = |form| What::FailedContact(FailedContact::new(form));
        let seen = |needs_met| {
            let seen_by = Agency("service".to_owned());
            What::ChildSeen(ChildSeen { seen_by, needs_met, from_distance: false })
        };
        let events = [
            event(0, failed(Form::NoResponse)),
            event(1, failed(Form::ChildUnseen)),
            event(2, seen(Known::NotKnown)),
            event(3, seen(Known::Yes)),
            event(9, failed(Form::Doorstep)),
        ];
        let now = start + chrono::TimeDelta::days(20);
        let episodes = Policy::built_in().episodes(&ChildRecord::default(), &events, now);
        assert_eq!(episodes.len(), 2);
        assert_eq!(episodes[0].contacts, [events[0].id, events[1].id]);
        assert_eq!(episodes[0].no_access_visits, 1);
        assert_eq!(episodes[0].assured, Some((events[3].at, events[3].id)));
        assert_eq!((episodes[1].opened, episodes[1].assured), (events[4].at, None));
    }
}
