//! What goes down to a device: its caseload, child by child and the most urgent first, then the
//! news. What was sent to a device is a list with change numbers; a change of access is a change in
//! that list, so it can never leave a hole behind the cursor.

mod card;
mod place;
mod settled;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::ChildId;
use doorstep_core::policy::PolicyDocument;
use doorstep_core::seal::{Hash, SealedEvent};
use doorstep_core::wire::{Anew, ChildCard, ChildDigest, Cursor, Expected, Limits, Placed};
use serde_json::value::RawValue;

use crate::access::Reader;
use crate::store::devices::{Chain, Device, Grant};
use crate::store::directory::Organisation;
use crate::store::log::{Access, LoggedEvent};
use crate::store::{StoreError, Tx};

use card::Cards;
use place::Partial;

pub use place::Place;
pub use settled::settled;

/// One page on its way down.
#[derive(Clone, Debug)]
pub struct Page {
    /// Cards of children that entered, or whose card changed.
    pub children: Vec<ChildCard>,
    /// Children that left.
    pub forget: Vec<ChildId>,
    /// Events.
    pub events: Vec<Placed>,
    /// Count and sum of each child that the page completes.
    pub digests: Vec<ChildDigest>,
    /// What the organisation decided about its policies, where the device does not hold it yet.
    pub policy: Option<PolicyDocument>,
    /// Everything comes again from this page on.
    pub anew: Option<Anew>,
    /// Where the device stands with this page.
    pub cursor: Cursor,
    /// There is more.
    pub more: bool,
    /// Children still to come.
    pub children_left: u64,
    /// Events still to come.
    pub events_left: u64,
}

impl Page {
    /// Nothing: what a revoked device gets.
    pub fn nothing(cursor: Option<&Cursor>) -> Self {
        Self {
            children: Vec::new(),
            forget: Vec::new(),
            events: Vec::new(),
            digests: Vec::new(),
            policy: None,
            anew: None,
            cursor: cursor.cloned().unwrap_or(Cursor(String::new())),
            more: false,
            children_left: 0,
            events_left: 0,
        }
    }
}

/// Brings the list of what `device` holds in line with what its person may see at `now`, and notes
/// the children that it asks for `again`, unless they are still on their way behind its cursor: a
/// child that is asked for with every page would never arrive. The caller writes `device`.
pub fn reconcile(
    tx: &mut dyn Tx,
    device: &mut Device,
    organisation: &Organisation,
    (again, place): (&[ChildId], &Place),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let caseload: BTreeSet<_> = tx.caseload(device.person, now)?.into_iter().collect();
    let grants = tx.grants(device.id, 0)?;
    let mut cards = Cards::gather(tx, device.person, now)?;
    let mut entering: BTreeSet<_> = caseload.clone();
    for grant in &grants {
        if !grant.held {
            continue;
        }
        entering.remove(&grant.child);
        if !caseload.contains(&grant.child) {
            let gone = Grant { held: false, whole: 0, card: Hash::ORIGIN, ..*grant };
            write(tx, device, gone, false)?;
        } else if again.contains(&grant.child) && grant.whole <= place.change {
            write(tx, device, *grant, true)?;
        } else if device.directory != organisation.directory {
            let card = cards.hash(tx, grant.child)?;
            if card != grant.card {
                write(tx, device, Grant { card, ..*grant }, false)?;
            }
        }
    }
    for child in by_urgency(tx, entering)? {
        let card = cards.hash(tx, child)?;
        write(tx, device, Grant { child, held: true, change: 0, whole: 0, card }, true)?;
    }
    device.directory = organisation.directory;
    Ok(())
}

/// Writes a grant under the device's next change number.
fn write(
    tx: &mut dyn Tx,
    device: &mut Device,
    grant: Grant,
    whole: bool,
) -> Result<(), StoreError> {
    device.change += 1;
    let whole = if whole { device.change } else { grant.whole };
    tx.put_grant(device.id, Grant { change: device.change, whole, ..grant })
}

/// Children with an open immediate escalation first, then by the next limit.
fn by_urgency(tx: &dyn Tx, children: BTreeSet<ChildId>) -> Result<Vec<ChildId>, StoreError> {
    let mut ranked = Vec::with_capacity(children.len());
    for child in children {
        let (urgency, next) = tx.urgency(child)?;
        let calm = urgency != Some(Urgency::Immediate);
        ranked.push((calm, next.unwrap_or(DateTime::<Utc>::MAX_UTC), child));
    }
    ranked.sort_unstable();
    Ok(ranked.into_iter().map(|(_, _, child)| child).collect())
}

/// The page behind `cursor` where it can be sent without writing anything: the device holds what
/// its person may see, and nothing of a child goes down. That is what most syncs come to. None
/// where it is otherwise.
pub fn quiet_page(
    tx: &dyn Tx,
    device: &Device,
    organisation: &Organisation,
    cursor: &Cursor,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Option<Page>, StoreError> {
    if device.directory != organisation.directory {
        return Ok(None);
    }
    let caseload: BTreeSet<_> = tx.caseload(device.person, now)?.into_iter().collect();
    let grants = tx.grants(device.id, 0)?;
    let held = grants.iter().filter(|grant| grant.held).map(|grant| grant.child);
    if held.collect::<BTreeSet<_>>() != caseload {
        return Ok(None);
    }
    let place = Place::read(tx, Some(cursor), organisation, device)?;
    let (page, read) = fill(tx, device, organisation, place, limits, now)?;
    Ok((read.is_empty() && !page.more).then_some(page))
}

/// The page behind `place`, within `limits`. What it holds is written to the access log.
pub fn page(
    tx: &mut dyn Tx,
    device: &Device,
    organisation: &Organisation,
    place: Place,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Page, StoreError> {
    let (page, read) = fill(tx, device, organisation, place, limits, now)?;
    log_reading(tx, device, &read, now)?;
    Ok(page)
}

/// Fills a page; answers also the children that it holds something of.
fn fill(
    tx: &dyn Tx,
    device: &Device,
    organisation: &Organisation,
    place: Place,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<(Page, BTreeSet<ChildId>), StoreError> {
    let mut filling = Filling {
        device,
        head: organisation.head,
        left: limits.page_bytes,
        place,
        page: Page::nothing(None),
        read: BTreeSet::new(),
    };
    if filling.place.policy != Some(organisation.policy_revision) {
        filling.page.policy = Some(organisation.policy.clone());
        filling.place.policy = Some(organisation.policy_revision);
    }
    let news_done = filling.news(tx)?;
    let grants_left = if news_done {
        filling.grants(tx, now)?
    } else {
        tx.grants(device.id, filling.place.change)?
    };
    let events_left = filling.events_left(tx, news_done, &grants_left)?;
    let Filling { place, mut page, read, .. } = filling;
    page.events_left = events_left;
    page.more = !news_done || !grants_left.is_empty();
    let whole_left = grants_left.iter().filter(|grant| grant.held).count();
    page.children_left = u64::try_from(whole_left).unwrap_or(u64::MAX);
    page.cursor = place.write(tx)?;
    if place.anew {
        let chains = tx.chains(device.id)?;
        let next =
            |Chain { epoch, next_seq: seq, head: previous }| Expected { epoch, seq, previous };
        page.anew = Some(Anew { chains: chains.into_iter().map(next).collect() });
    }
    Ok((page, read))
}

/// Writes down that what is on a page was read, and how its reader stands to each child.
fn log_reading(
    tx: &mut dyn Tx,
    device: &Device,
    read: &BTreeSet<ChildId>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    if read.is_empty() {
        return Ok(());
    }
    let reader = Reader::of(tx, device.person, at)?;
    for child in read {
        let card = tx.child(*child)?.ok_or(StoreError::Missing { what: "child" })?;
        let tie = reader.as_ref().map_or(Ok(None), |reader| reader.held(tx, &card))?;
        let (by, person) = ("sync".to_owned(), device.person);
        let device = Some(device.id);
        tx.log_access(&Access { at, person, child: *child, by, device, tie, reason: None })?;
    }
    Ok(())
}

/// A page that is being filled.
struct Filling<'a> {
    device: &'a Device,
    head: u64,
    left: usize,
    place: Place,
    page: Page,
    read: BTreeSet<ChildId>,
}

impl Filling<'_> {
    /// Adds what is new of the children that were sent whole; answers whether that is all of it.
    fn news(&mut self, tx: &dyn Tx) -> Result<bool, StoreError> {
        let Place { position, change, .. } = self.place;
        let news = tx.news(self.device.id, change, position, self.left)?;
        let Some(last) = news.last().map(|event| event.position) else {
            self.place.position = self.head;
            return Ok(true);
        };
        let done = tx.news(self.device.id, change, last, 1)?.is_empty();
        self.place.position = if done { self.head } else { last };
        let touched: BTreeSet<_> = news.iter().map(|event| event.child).collect();
        self.add(news)?;
        for child in touched {
            let log = tx.child_log(child)?;
            if log.last_position <= self.place.position {
                self.page.digests.push(ChildDigest { child, digest: log.digest });
            }
        }
        Ok(done)
    }

    /// Adds what changed in the list of what the device holds; answers what did not fit.
    fn grants(&mut self, tx: &dyn Tx, now: DateTime<Utc>) -> Result<Vec<Grant>, StoreError> {
        let known = self.place.change;
        let grants = tx.grants(self.device.id, known)?;
        if grants.is_empty() {
            return Ok(grants);
        }
        let mut cards = Cards::gather(tx, self.device.person, now)?;
        for (done, grant) in grants.iter().enumerate() {
            if self.left == 0 {
                return Ok(grants[done..].to_vec());
            }
            if !grant.held {
                self.page.forget.push(grant.child);
            } else if grant.whole <= known {
                self.add_card(&mut cards, tx, grant.child)?;
            } else if !self.add_whole(&mut cards, tx, *grant)? {
                return Ok(grants[done..].to_vec());
            }
            self.place.change = grant.change;
            self.place.partial = None;
        }
        Ok(Vec::new())
    }

    /// How many events are still to come: news, the rest of a child that did not fit, and the
    /// children behind it.
    fn events_left(
        &self,
        tx: &dyn Tx,
        news_done: bool,
        grants: &[Grant],
    ) -> Result<u64, StoreError> {
        let Place { position, change, partial, .. } = self.place;
        let mut left = 0;
        if !news_done {
            left += tx.news_count(self.device.id, change, position)?;
        }
        for grant in grants.iter().filter(|grant| grant.held && grant.whole > change) {
            let begun = partial.filter(|partial| partial.change == grant.change);
            left += match begun {
                Some(partial) => tx.history_count(grant.child, partial.after)?,
                None => tx.child_log(grant.child)?.digest.count,
            };
        }
        Ok(left)
    }

    /// Adds a child from where it was left; answers whether it is complete.
    fn add_whole(
        &mut self,
        cards: &mut Cards,
        tx: &dyn Tx,
        grant: Grant,
    ) -> Result<bool, StoreError> {
        let resumed = self.place.partial.filter(|partial| partial.change == grant.change);
        let after = resumed.map_or(0, |partial| partial.after);
        if resumed.is_none() {
            self.add_card(cards, tx, grant.child)?;
        }
        let log = tx.child_log(grant.child)?;
        let events = tx.history_page(grant.child, after, self.left.max(1))?;
        let last = events.last().map_or(after, |event| event.position);
        self.add(events)?;
        if last < log.last_position {
            self.place.partial = Some(Partial { change: grant.change, after: last });
            return Ok(false);
        }
        // The page may hold news of the child from before it was asked for again.
        self.page.digests.retain(|digest| digest.child != grant.child);
        self.page.digests.push(ChildDigest { child: grant.child, digest: log.digest });
        Ok(true)
    }

    fn add_card(
        &mut self,
        cards: &mut Cards,
        tx: &dyn Tx,
        child: ChildId,
    ) -> Result<(), StoreError> {
        let card = cards.card(tx, child)?;
        let bytes = serde_json::to_vec(&card).map_or(0, |text| text.len());
        self.left = self.left.saturating_sub(bytes);
        self.read.insert(child);
        self.page.children.push(card);
        Ok(())
    }

    fn add(&mut self, events: Vec<LoggedEvent>) -> Result<(), StoreError> {
        for event in events {
            self.left = self.left.saturating_sub(event.body.len());
            self.read.insert(event.child);
            self.page.events.push(placed(event)?);
        }
        Ok(())
    }
}

fn placed(event: LoggedEvent) -> Result<Placed, StoreError> {
    let body = RawValue::from_string(event.body)
        .map_err(|source| StoreError::Row { what: "event", source: Box::new(source) })?;
    let sealed = SealedEvent { body, signature: event.signature };
    Ok(Placed { position: event.position, child: event.child, event: sealed })
}
