//! What the clauses of *No Access and Failure to attend Appointments* mean.

use super::Meaning::{Elsewhere, InEpisode, Indicator, Overall};
use super::{Docket, Meaning, Scope, ordinal};
use crate::event::{AddressKnown, Agency, Known, Plan, Referral, Service, Step, What};
use crate::policy::case::{Grounds, Met, Seek, is_seen, is_seen_by_service};

const HISTORY: &str = "history: which contacts there are, and what form each has";
const WORDING: &str = "the wording of every page, checked by a test";
const PROMPTS: &str = "the prompts offered on the device at and after a failed contact";

/// Each clause's meaning, in the document's order; NA-4.6 last, since it rests on the others.
pub const MEANINGS: &[(&str, Meaning)] = &[
    ("NA-2.1", Elsewhere(WORDING)),
    ("NA-2.2", Indicator),
    ("NA-2.3", Indicator),
    ("NA-2.4", Indicator),
    ("NA-3.1", Elsewhere(HISTORY)),
    ("NA-3.2", Elsewhere(HISTORY)),
    ("NA-3.3", Elsewhere(HISTORY)),
    ("NA-3.4", Elsewhere(HISTORY)),
    ("NA-3.5", Indicator),
    ("NA-4.1", Elsewhere(WORDING)),
    ("NA-4.2", Overall(vulnerability_before_closing)),
    ("NA-4.3", InEpisode(safeguarding_lead_on_own_health)),
    ("NA-4.4", Overall(effect_on_children_before_closing)),
    ("NA-4.5", InEpisode(impact_of_first_contact)),
    ("NA-4.7", InEpisode(follow_up)),
    ("NA-4.8", InEpisode(ask_other_services)),
    ("NA-4.9", InEpisode(contact_involved_agencies)),
    ("NA-4.10", InEpisode(until_assured)),
    ("NA-4.11", InEpisode(needs_when_seen_elsewhere)),
    ("NA-4.12", InEpisode(plan_when_seen_by_none)),
    ("NA-4.13", InEpisode(discuss_concern)),
    ("NA-4.14", InEpisode(record_response_for_child)),
    ("NA-4.15", InEpisode(keep_copy_of_letter)),
    ("NA-4.16", Elsewhere("NA-4.7 to NA-4.13 apply to services for parents or carers too")),
    ("NA-4.17", InEpisode(contribute_when_seen_by_none)),
    ("NA-4.18", InEpisode(record_response_for_service_user)),
    ("NA-5.1", Elsewhere(PROMPTS)),
    ("NA-5.2", Elsewhere(PROMPTS)),
    ("NA-5.3", Elsewhere(PROMPTS)),
    ("NA-5.4", Elsewhere(PROMPTS)),
    ("NA-5.5", Elsewhere(PROMPTS)),
    ("NA-5.6", Elsewhere(PROMPTS)),
    ("NA-5.7", Elsewhere(PROMPTS)),
    ("NA-5.8", Elsewhere(PROMPTS)),
    ("NA-5.9", Elsewhere(PROMPTS)),
    ("NA-5.10", Elsewhere(PROMPTS)),
    ("NA-5.11", Elsewhere(PROMPTS)),
    ("NA-5.12", Elsewhere(PROMPTS)),
    ("NA-5.13", Elsewhere(PROMPTS)),
    ("NA-5.14", Elsewhere(PROMPTS)),
    ("NA-6.1", Elsewhere(PROMPTS)),
    ("NA-6.2", Elsewhere(PROMPTS)),
    ("NA-6.3", Elsewhere(PROMPTS)),
    ("NA-6.4", Elsewhere(PROMPTS)),
    ("NA-6.5", Elsewhere(PROMPTS)),
    ("NA-6.6", Elsewhere(PROMPTS)),
    ("NA-6.7", Elsewhere(PROMPTS)),
    ("NA-7.1", InEpisode(discuss_plan)),
    ("NA-7.2", InEpisode(tell_line_manager_of_unseen_child)),
    ("NA-7.3", InEpisode(further_visit)),
    ("NA-4.6", InEpisode(respond_as_to_a_second)),
];

/// NA-4.2: no discharge of a child without an assessment of vulnerability after the latest contact.
fn vulnerability_before_closing(scope: &Scope<'_>, docket: &mut Docket) {
    if scope.case.record.service == Service::Children {
        before_closing(scope, docket, Seek::Vulnerability);
    }
}

/// NA-4.4: no discharge of a carer without an assessment of the effect on the children.
fn effect_on_children_before_closing(scope: &Scope<'_>, docket: &mut Docket) {
    if scope.case.record.service == Service::ParentsOrCarers {
        before_closing(scope, docket, Seek::EffectOnChildren);
    }
}

fn before_closing(scope: &Scope<'_>, docket: &mut Docket, assessed: Seek) {
    if let Some(latest) = scope.episode.contacts.last() {
        let reason = "a failed contact, to be followed by an assessment before closing";
        scope.arises_until(docket, Grounds::contact(latest).because(reason), assessed, |_| true);
    }
}

/// NA-4.3: a carer does not use the service for their own health, and that raises a concern.
fn safeguarding_lead_on_own_health(scope: &Scope<'_>, docket: &mut Docket) {
    if scope.case.record.service != Service::ParentsOrCarers {
        return;
    }
    if let Some(turn) = scope.episode.first_concern() {
        discuss(scope, docket, scope.grounds(turn));
    }
}

/// NA-4.5: the first failed contact of an episode.
fn impact_of_first_contact(scope: &Scope<'_>, docket: &mut Docket) {
    let grounds = Grounds::contact(scope.episode.opening());
    let grounds = grounds.because("first failed contact of the episode");
    scope.arises_until(docket, grounds, Seek::Impact, |_| true);
}

/// When NA-4.7 and what hangs on it begin: at the second contact, or with the first cause for
/// concern (NA-4.6).
fn begins(scope: &Scope<'_>) -> Option<Grounds> {
    let second = nth_contact(scope, "NA-4.7", 2);
    let concern = scope.episode.first_concern().map(|turn| scope.grounds(turn));
    match (second, concern) {
        (Some(second), Some(concern)) if concern.at < second.at => Some(concern),
        (Some(second), _) => Some(second),
        (None, concern) => concern,
    }
}

/// The contact with which the clause's number of contacts is reached.
fn nth_contact(scope: &Scope<'_>, clause: &str, default: u32) -> Option<Grounds> {
    let contacts = &scope.episode.contacts;
    contacts.iter().enumerate().find_map(|(index, contact)| {
        let clause = scope.other(clause, contact.at)?;
        let threshold = clause.parameters.contacts.unwrap_or(default) as usize;
        (index + 1 >= threshold).then(|| {
            let reason = format!("{} failed contact of the episode", ordinal(index + 1));
            Grounds::contact(contact).resting_on(&contacts[..=index]).because(reason)
        })
    })
}

/// NA-4.6: with a known concern, the first failed contact gets the response of a second. It is met
/// when everything that it brought about is settled.
fn respond_as_to_a_second(scope: &Scope<'_>, docket: &mut Docket) {
    const BROUGHT_ABOUT: [&str; 8] =
        ["NA-4.7", "NA-4.8", "NA-4.9", "NA-4.11", "NA-4.12", "NA-4.13", "NA-4.17", "NA-4.6"];
    let Some(turn) = scope.episode.first_concern() else { return };
    let grounds = scope.grounds(turn);
    if nth_contact(scope, "NA-4.7", 2).is_some_and(|second| second.at <= grounds.at) {
        return;
    }
    let met = docket
        .in_episode(scope.episode.span.start)
        .filter(|entry| BROUGHT_ABOUT.contains(&&*entry.duty.clause.0))
        .map(super::Entry::settled)
        .reduce(Met::both)
        .flatten();
    scope.arises(docket, grounds, met);
}

/// NA-4.7: follow up proactively, until the child is assured.
fn follow_up(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(grounds) = begins(scope) {
        scope.arises(docket, grounds, scope.episode.assured.map(Met::by));
    }
}

/// NA-4.8: ask other services about the address and recent contact.
fn ask_other_services(scope: &Scope<'_>, docket: &mut Docket) {
    let Some(grounds) = begins(scope) else { return };
    let asked = scope.case.first(Seek::Agency, grounds.at, |_| true);
    let told = scope.case.first(Seek::Agency, grounds.at, |what| {
        matches!(what, What::AgencyConsulted(said) if said.address != AddressKnown::NotKnown)
    });
    let found = scope.case.first(Seek::Address, grounds.at, |_| true);
    let address = [told, found].into_iter().flatten().min_by_key(|met| met.at);
    scope.arises(docket, grounds, Met::both(asked, address));
}

/// NA-4.9: a child on a multi-agency plan: contact each other agency involved.
fn contact_involved_agencies(scope: &Scope<'_>, docket: &mut Docket) {
    let Some(start) = begins(scope) else { return };
    let planned = |turn: &&&crate::policy::concern::Turn| !turn.known.plans.is_empty();
    let known_at_start = scope.episode.turns.iter().rev().find(|turn| turn.at <= start.at);
    let grounds = if known_at_start.as_ref().is_some_and(planned) {
        start
    } else {
        let later = scope.episode.turns.iter().filter(|turn| turn.at > start.at).find(planned);
        let Some(turn) = later else { return };
        scope.grounds(turn).because("on a multi-agency plan from now on")
    };
    let met = each_agency(scope, |agency| {
        scope.case.first(Seek::Agency, grounds.at, |what| is_consultation(what, agency))
    });
    scope.arises(docket, grounds, met);
}

/// Each involved agency has been consulted; where none is named, at least one.
pub(super) fn each_agency(
    scope: &Scope<'_>,
    consulted: impl Fn(Option<&Agency>) -> Option<Met>,
) -> Option<Met> {
    let involved = &scope.case.record.involved_agencies;
    if involved.is_empty() {
        return consulted(None);
    }
    involved.iter().map(|agency| consulted(Some(agency))).reduce(Met::both).flatten()
}

/// A consultation of this agency; of any, where none is named.
pub(super) fn is_consultation(what: &What, agency: Option<&Agency>) -> bool {
    let What::AgencyConsulted(said) = what else { return false };
    agency.is_none_or(|agency| said.agency == *agency)
}

/// NA-4.10: follow-up ends only when the child is assured.
fn until_assured(scope: &Scope<'_>, docket: &mut Docket) {
    let grounds = Grounds::contact(scope.episode.opening());
    let grounds = grounds.because("an episode of failed contacts began");
    scope.arises(docket, grounds, scope.episode.assured.map(Met::by));
}

/// NA-4.11: seen by another professional but not by us.
fn needs_when_seen_elsewhere(scope: &Scope<'_>, docket: &mut Docket) {
    let Some(start) = begins(scope) else { return };
    let events = &scope.case.history.events[scope.episode.span.clone()];
    let Some(sighting) = events.iter().find(|event| is_sighting(&event.what)) else { return };
    if is_seen_by_service(&sighting.what) {
        return;
    }
    let grounds = Grounds::event(sighting).not_before(start.at);
    let grounds = grounds.because("seen by another professional, not by the service");
    scope.arises_until(docket, grounds, Seek::NeedsConsidered, |_| true);
}

/// Somebody saw the child: ourselves, another professional, or an agency that says so.
fn is_sighting(what: &What) -> bool {
    is_seen(what) || matches!(what, What::AgencyConsulted(said) if said.child_seen == Known::Yes)
}

/// NA-4.12: no service has seen the child.
fn plan_when_seen_by_none(scope: &Scope<'_>, docket: &mut Docket) {
    if scope.case.record.service == Service::Children {
        when_seen_by_none(scope, docket, Seek::PlanAgreed);
    }
}

/// NA-4.17: the same, for a service for parents or carers.
fn contribute_when_seen_by_none(scope: &Scope<'_>, docket: &mut Docket) {
    if scope.case.record.service == Service::ParentsOrCarers {
        when_seen_by_none(scope, docket, Seek::Contribution);
    }
}

fn when_seen_by_none(scope: &Scope<'_>, docket: &mut Docket, settles: Seek) {
    let Some(start) = begins(scope) else { return };
    let span = &scope.episode.span;
    let consulted = |agency: Option<&Agency>| {
        scope
            .case
            .all(Seek::Agency)
            .find(|(at, event)| span.contains(at) && is_consultation(&event.what, agency))
            .map(|(_, event)| Met::by(event))
    };
    let Some(all) = each_agency(scope, consulted) else { return };
    let events = &scope.case.history.events[span.clone()];
    if events.iter().take_while(|event| event.at <= all.at).any(|event| is_sighting(&event.what)) {
        return;
    }
    let last = events.iter().rev().find(|event| event.at <= all.at && all.by.contains(&event.id));
    let Some(last) = last else { return };
    let reason = "the agencies were consulted and none has seen the child";
    let mut grounds = Grounds::event(last).not_before(start.at).because(reason);
    grounds.evidence = all.by;
    scope.arises_until(docket, grounds, settles, |_| true);
}

/// NA-4.13: NA-4.7 applies and there is cause for concern.
fn discuss_concern(scope: &Scope<'_>, docket: &mut Docket) {
    let Some(start) = begins(scope) else { return };
    let at_start = scope.episode.turns.iter().rev().find(|turn| turn.at <= start.at);
    let grounds = if at_start.is_some_and(|turn| turn.is_concern) {
        start
    } else {
        let later = scope.episode.turns.iter().find(|turn| turn.at > start.at && turn.is_concern);
        let Some(turn) = later else { return };
        scope.grounds(turn)
    };
    let Some(clause) = scope.this(grounds.at) else { return };
    let met = scope.case.first(Seek::Discussed, grounds.at, |what| {
        matches!(what, What::Discussed(said) if clause.parameters.with.contains(&said.with)
            && said.referral != Referral::NotConsidered)
    });
    scope.arises(docket, grounds, met);
}

/// A duty that a discussion with one of the clause's roles meets.
pub(super) fn discuss(scope: &Scope<'_>, docket: &mut Docket, grounds: Grounds) {
    let Some(clause) = scope.this(grounds.at) else { return };
    let with = &clause.parameters.with;
    scope.arises_until(
        docket,
        grounds,
        Seek::Discussed,
        |what| matches!(what, What::Discussed(said) if with.contains(&said.with)),
    );
}

/// NA-4.14: record every failed contact, with the response.
fn record_response_for_child(scope: &Scope<'_>, docket: &mut Docket) {
    if scope.case.record.service == Service::Children {
        record_response(scope, docket);
    }
}

/// NA-4.18: the same, in the service user's record.
fn record_response_for_service_user(scope: &Scope<'_>, docket: &mut Docket) {
    if scope.case.record.service == Service::ParentsOrCarers {
        record_response(scope, docket);
    }
}

fn record_response(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in &scope.episode.contacts {
        let grounds = Grounds::contact(contact);
        let met = (!contact.steps.is_empty()).then(|| grounds.met_at_once());
        scope.arises(docket, grounds, met);
    }
}

/// NA-4.15: arranged by letter, or a letter left: keep a copy. It is kept when a record says so
/// (`letter-copied`; the copy may lie in another file), or when the contact's own record has the
/// letter attached. Whether the attachment's bytes have come yet plays no part.
fn keep_copy_of_letter(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in &scope.episode.contacts {
        if !contact.arranged_by_letter && !contact.has(Step::LetterLeft) {
            continue;
        }
        let attached = scope.case.history.events[contact.position..]
            .iter()
            .find(|event| contact.records.contains(&event.id) && event.has_letter());
        let copied = scope.case.all(Seek::LetterCopied).find(|(_, event)| {
            matches!(&event.what, What::LetterCopied(copy) if contact.records.contains(&copy.of))
        });
        let kept = [attached.map(|event| Met::by(event)), copied.map(|(_, event)| Met::by(event))];
        let kept = kept.into_iter().flatten().min_by_key(|met| met.at);
        let reason =
            if contact.arranged_by_letter { "arranged by letter" } else { "a letter was left" };
        let grounds = Grounds::contact(contact).because(reason);
        scope.arises(docket, grounds, kept);
    }
}

/// NA-7.1: any failed contact of a child on a plan.
fn discuss_plan(scope: &Scope<'_>, docket: &mut Docket) {
    let on_plan = scope
        .episode
        .contacts
        .iter()
        .find(|contact| !scope.case.at(contact).known.plans.is_empty());
    if let Some(contact) = on_plan {
        let grounds = Grounds::contact(contact);
        discuss(scope, docket, grounds.because("failed contact of a child on a multi-agency plan"));
    }
}

/// The grounds of NA-7.2: a failed home visit to a child on a child protection plan who was not
/// seen within the agreed timescale. It starts when both the visit has failed and the timescale is
/// over.
fn unseen_within_timescale(scope: &Scope<'_>) -> Vec<Grounds> {
    scope
        .episode
        .contacts
        .iter()
        .filter(|contact| contact.form.is_visit())
        .filter_map(|contact| {
            let known = &scope.case.at(contact).known;
            if !known.plans.contains(&Plan::ChildProtection) {
                return None;
            }
            let start = known.visit_due_by.map_or(contact.at, |due| due.max(contact.at));
            let seen = scope.case.first(Seek::Seen, contact.at, is_seen_by_service);
            let in_time = start > contact.at && seen.is_some_and(|seen| seen.at <= start);
            let reason = match known.visit_due_by {
                None => "failed home visit, with no visiting timescale on record",
                Some(_) => "failed home visit, and the visiting timescale is over",
            };
            (!in_time).then(|| Grounds::contact(contact).not_before(start).because(reason))
        })
        .collect()
}

/// NA-7.2: the social worker discusses with the line manager.
fn tell_line_manager_of_unseen_child(scope: &Scope<'_>, docket: &mut Docket) {
    for grounds in unseen_within_timescale(scope) {
        discuss(scope, docket, grounds);
    }
}

/// NA-7.3: the line manager sets a timeframe for a further visit, and it is made.
fn further_visit(scope: &Scope<'_>, docket: &mut Docket) {
    let Some(grounds) = unseen_within_timescale(scope).into_iter().min_by_key(|g| g.at) else {
        return;
    };
    let set = scope.case.first(Seek::Timeframe, grounds.at, |_| true);
    let seen = scope.case.first(Seek::Seen, grounds.at, is_seen_by_service);
    scope.arises(docket, grounds, Met::both(set, seen));
}
