//! Cause for concern: whether there is one at an instant, and when it began.
//!
//! There is cause for concern when any of the questions NA-6.1 to NA-6.7 is answered yes, when the
//! practitioner says so, when the child was actively prevented from being seen, or when a concern
//! was recorded earlier and not closed. What follows from the record's state (a plan, being Looked
//! After, a plan that ended within the last year) lapses with that state.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use chrono::{DateTime, Months, NaiveDate, Utc};

use crate::assessment::Reason;
use crate::event::{
    ChildRecord, Concern, ConcernLevel, KnownConcern, Plan, PlanChanged, Question, What,
};
use crate::history::{Contact, History};
use crate::time::local_date;

/// What is known of a child at an instant, as far as concern and plans go.
#[derive(Clone, Debug)]
pub struct Known {
    /// The plans in force.
    pub plans: BTreeSet<Plan>,
    /// The end of the agreed visiting timescale (UTC).
    pub visit_due_by: Option<DateTime<Utc>>,
    /// The gravest level recorded and not closed.
    pub level: ConcernLevel,
    protection_plan_ended: Option<NaiveDate>,
    looked_after: bool,
    from_before: BTreeSet<KnownConcern>,
    answers: BTreeSet<Question>,
    prevented: bool,
}

impl Known {
    fn before_first_event(record: &ChildRecord) -> Self {
        Self {
            plans: record.plans.clone(),
            visit_due_by: record.visit_due_by,
            level: ConcernLevel::None,
            protection_plan_ended: record.child_protection_plan_ended,
            looked_after: record.looked_after,
            from_before: record.concerns.clone(),
            answers: BTreeSet::new(),
            prevented: false,
        }
    }

    /// Whether there is cause for concern at `at`.
    pub fn is_concern(&self, at: DateTime<Utc>) -> bool {
        !self.plans.is_empty()
            || self.looked_after
            || !self.from_before.is_empty()
            || !self.answers.is_empty()
            || self.prevented
            || self.level > ConcernLevel::None
            || self.had_protection_plan_within_year(at)
    }

    /// What the cause for concern at `at` is, in words.
    fn concern_in_words(&self, at: DateTime<Utc>) -> String {
        let plans =
            self.plans.iter().map(|plan| format!("{} plan", plan.as_str().replace('-', " ")));
        let known = self.from_before.iter().map(|concern| concern.as_str().replace('-', " "));
        let answers = self.answers.iter().map(|question| format!("{question} answered yes"));
        let level = (self.level > ConcernLevel::None).then(|| match self.level {
            ConcernLevel::ChildProtectionIssue => "a clear child protection issue".to_owned(),
            ConcernLevel::High => "concern recorded as high".to_owned(),
            _ => "concern recorded".to_owned(),
        });
        let others = [
            self.looked_after.then(|| "looked after".to_owned()),
            self.had_protection_plan_within_year(at)
                .then(|| "child protection plan within the last year".to_owned()),
            self.prevented.then(|| "actively prevented from seeing the child".to_owned()),
        ];
        let causes = plans.chain(known).chain(level).chain(answers);
        let causes: Vec<String> = causes.chain(others.into_iter().flatten()).collect();
        format!("cause for concern: {}", causes.join(", "))
    }

    /// The questions of section 6 that the record answers yes at `at`.
    pub fn answered(&self, at: DateTime<Utc>) -> BTreeSet<Question> {
        let mut answered = self.answers.clone();
        answered.extend(self.from_before.iter().filter_map(|concern| concern.question()));
        if !self.plans.is_empty() {
            answered.insert(Question::PlanNow);
        }
        if self.looked_after {
            answered.insert(Question::LookedAfter);
        }
        if self.had_protection_plan_within_year(at) {
            answered.insert(Question::PlanWithinYear);
        }
        answered
    }

    fn had_protection_plan_within_year(&self, at: DateTime<Utc>) -> bool {
        self.protection_plan_ended.is_some_and(|ended| {
            let day = local_date(at);
            ended <= day && day <= ended + Months::new(12)
        })
    }

    fn take_in_contact(&mut self, contact: &Contact) {
        self.level = self.level.max(contact.concern);
        self.answers.extend(&contact.answers);
        self.prevented |= contact.actively_prevented;
    }

    fn take_in_statement(&mut self, concern: &Concern) {
        let unsaid =
            if concern.answers.is_empty() { ConcernLevel::Some } else { ConcernLevel::None };
        self.level = self.level.max(concern.concern.unwrap_or(unsaid));
        self.answers.extend(&concern.answers);
    }

    /// Closes what the statement names: these answers, concern up to this level; all where it
    /// names nothing, or says that there is none.
    fn close(&mut self, concern: &Concern) {
        let level = concern.concern.unwrap_or(ConcernLevel::None);
        if level == ConcernLevel::None && concern.answers.is_empty() {
            self.level = ConcernLevel::None;
            self.answers.clear();
            self.from_before.clear();
            self.prevented = false;
            return;
        }
        if self.level <= level {
            self.level = ConcernLevel::None;
        }
        self.answers.retain(|answer| !concern.answers.contains(answer));
        self.from_before.retain(|known| {
            known.question().is_none_or(|question| !concern.answers.contains(&question))
        });
    }

    fn change_plans(&mut self, changed: &PlanChanged, at: DateTime<Utc>) {
        if let Some(plans) = &changed.plans {
            let protected = self.plans.contains(&Plan::ChildProtection);
            if protected && !plans.contains(&Plan::ChildProtection) {
                self.protection_plan_ended = Some(local_date(at));
            }
            if plans.is_empty() {
                self.answers.remove(&Question::PlanNow);
            }
            self.plans.clone_from(plans);
        }
        self.visit_due_by = changed.visit_due_by.or(self.visit_due_by);
    }
}

/// A moment at which what is known of a child changed, or a contact failed.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Where its event stands in the history.
    pub position: usize,
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// Whether there was cause for concern just before it.
    pub was_concern: bool,
    /// Whether there is cause for concern from it on.
    pub is_concern: bool,
    /// Whether it is a concern that somebody recorded, rather than a change of plans.
    pub recorded: bool,
    /// What is known from it on.
    pub known: Known,
    words: OnceCell<Reason>,
}

impl Turn {
    /// What the cause for concern is from it on, in words.
    pub fn concern_in_words(&self) -> Reason {
        self.words.get_or_init(|| self.known.concern_in_words(self.at).into()).clone()
    }
}

/// Walks through a history and notes each turn, in order; and what is known at its end.
pub fn turns(record: &ChildRecord, history: &History<'_>) -> (Vec<Turn>, Known) {
    let mut known = Known::before_first_event(record);
    let mut contacts = history.contacts.iter().peekable();
    let mut turns = Vec::new();
    for (position, event) in history.events.iter().enumerate() {
        let before = known.is_concern(event.at);
        let recorded = match &event.what {
            What::FailedContact(_) => {
                // A later record of the same visit was already taken in with the first.
                let Some(contact) = contacts.next_if(|contact| contact.position == position) else {
                    continue;
                };
                known.take_in_contact(contact);
                contact.concern > ConcernLevel::None
                    || !contact.answers.is_empty()
                    || contact.actively_prevented
            }
            What::ConcernRecorded(concern) => {
                known.take_in_statement(concern);
                true
            }
            What::ConcernClosed(concern) => {
                known.close(concern);
                false
            }
            What::PlanChanged(changed) => {
                known.change_plans(changed, event.at);
                false
            }
            _ => continue,
        };
        turns.push(Turn {
            position,
            at: event.at,
            was_concern: before,
            is_concern: known.is_concern(event.at),
            recorded,
            known: known.clone(),
            words: OnceCell::new(),
        });
    }
    (turns, known)
}
