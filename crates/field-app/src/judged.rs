//! What the policies say of each child, kept until it can change: a page that shows three hundred
//! children must not judge thirty thousand events again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use doorstep_core::assessment::{Assessment, Duty};
use doorstep_core::event::{Event, Role, What};
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::policy::{Call, Known, Policy};
use doorstep_core::time::local_date;
use doorstep_core::wire::{ChildCard, SyncResponse};
use doorstep_device_store::{Error, Held, HeldPolicy, RecordState, Source, Store};

/// What is kept between requests.
#[derive(Default)]
pub struct Judged {
    policy: Option<Arc<HeldPolicy>>,
    cards: Option<Arc<[ChildCard]>>,
    children: BTreeMap<ChildId, Arc<Child>>,
    elsewhere: Option<u64>,
}

/// One child, judged.
pub struct Child {
    /// The card.
    pub card: ChildCard,
    /// The policies' answer.
    pub assessment: Assessment,
    /// Whom to phone.
    pub calls: Vec<Call>,
    /// Records that are only on this device.
    pub unsent: Vec<EventId>,
    /// Events that could not be judged.
    pub not_judged: usize,
    /// The local days for which there is a record of a visit by the service.
    pub contact_days: BTreeSet<NaiveDate>,
    at: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl Child {
    /// The duties still owed.
    pub fn owed(&self) -> Vec<&Duty> {
        self.assessment.owed()
    }

    fn holds_at(&self, now: DateTime<Utc>) -> bool {
        now >= self.at && self.until.is_none_or(|until| now < until)
    }
}

impl Judged {
    /// Everything is judged anew.
    pub fn forget_all(&mut self) {
        *self = Self::default();
    }

    /// This child is judged anew.
    pub fn forget_child(&mut self, child: ChildId) {
        self.children.remove(&child);
    }

    /// What an answer touches is judged anew.
    pub fn forget(&mut self, answer: &SyncResponse) {
        if answer.policy.is_some() || !answer.settled.is_empty() {
            return self.forget_all();
        }
        if !answer.children.is_empty() || !answer.forget.is_empty() {
            self.cards = None;
        }
        let cards = answer.children.iter().map(|card| card.id);
        let events = answer.events.iter().map(|placed| placed.child);
        for child in cards.chain(events).chain(answer.forget.iter().copied()) {
            self.children.remove(&child);
        }
        if !answer.verdicts.is_empty() {
            self.children.retain(|_, child| child.unsent.is_empty());
        }
    }

    /// Another program may have written to the same file.
    pub fn look_elsewhere(&mut self, store: &Store) -> Result<(), Error> {
        let now = store.changed_elsewhere()?;
        if self.elsewhere.is_some_and(|before| before != now) {
            self.forget_all();
        }
        self.elsewhere = Some(now);
        Ok(())
    }

    /// The policy.
    pub fn policy(&mut self, store: &Store) -> Result<Arc<HeldPolicy>, Error> {
        if let Some(policy) = &self.policy {
            return Ok(policy.clone());
        }
        let policy = Arc::new(store.policy()?);
        self.policy = Some(policy.clone());
        Ok(policy)
    }

    /// The caseload's cards, by name.
    pub fn cards(&mut self, store: &Store) -> Result<Arc<[ChildCard]>, Error> {
        if let Some(cards) = &self.cards {
            return Ok(cards.clone());
        }
        let cards: Arc<[ChildCard]> = store.children()?.into();
        self.cards = Some(cards.clone());
        Ok(cards)
    }

    /// One child at `now`.
    pub fn child(
        &mut self,
        store: &Store,
        card: &ChildCard,
        own: Role,
        now: DateTime<Utc>,
    ) -> Result<Arc<Child>, Error> {
        if let Some(known) = self.children.get(&card.id).filter(|child| child.holds_at(now)) {
            return Ok(known.clone());
        }
        let policy = self.policy(store)?;
        let child = Arc::new(judge(store, &policy.policy, card, own, now)?);
        self.children.insert(card.id, child.clone());
        Ok(child)
    }

    /// Every child of the caseload at `now`.
    pub fn all(
        &mut self,
        store: &Store,
        own: Role,
        now: DateTime<Utc>,
    ) -> Result<Vec<Arc<Child>>, Error> {
        let cards = self.cards(store)?;
        cards.iter().map(|card| self.child(store, card, own, now)).collect()
    }
}

fn judge(
    store: &Store,
    policy: &Policy,
    card: &ChildCard,
    own: Role,
    now: DateTime<Utc>,
) -> Result<Child, Error> {
    let held = store.timeline(card.id)?;
    let counts = |held: &&Held| !matches!(&held.source, Source::Own(state) if !state.counts());
    let only_here = |held: &&Held| held.source == Source::Own(RecordState::OnThisDevice);
    let unsent: Vec<_> = held.iter().filter(only_here).filter_map(Held::id).collect();
    let counted: Vec<_> = held.iter().filter(counts).collect();
    let events: Vec<Event> = counted.iter().filter_map(|held| held.event().cloned()).collect();
    let not_judged = counted.len() - events.len();
    let assessment = policy.assess(&card.record, &events, now);
    let calls = policy.calls(card, &assessment, &Known { events: &events, unsent: &unsent, own });
    let to_come = events.iter().map(|event| event.at).filter(|at| *at > now).min();
    let visits = events.iter().filter(|event| match &event.what {
        What::FailedContact(_) => true,
        What::ChildSeen(seen) => seen.seen_by.is_service(),
        _ => false,
    });
    let contact_days = visits.map(|event| local_date(event.at)).collect();
    let until = assessment.next_change.into_iter().chain(to_come).min();
    let card = card.clone();
    Ok(Child { card, assessment, calls, unsent, not_judged, contact_days, at: now, until })
}
