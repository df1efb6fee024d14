//! What the clauses of *Failure to Gain Access* mean.

use chrono::{DateTime, TimeDelta, Utc};

use super::Meaning::{Elsewhere, InEpisode};
use super::no_access::{discuss, each_agency, is_consultation};
use super::{Docket, Meaning, Scope, ordinal};
use crate::assessment::Reason;
use crate::event::{
    AddressKnown, CommunicationNeed, ConcernLevel, Form, NewAppointment, Plan, Role, Step, Subject,
    What,
};
use crate::history::Contact;
use crate::policy::case::{Grounds, Met, Seek};

/// Each clause's meaning, in the document's order.
pub const MEANINGS: &[(&str, Meaning)] = &[
    ("GA-0.1", Elsewhere("the roles: whoever visits is a practitioner here")),
    ("GA-0.2", Elsewhere("the check that an organisation's own pack weakens nothing")),
    ("GA-2.1", Elsewhere("the pack's counting: planned and unannounced visits")),
    ("GA-3.0", Elsewhere("the device: history and vulnerability are in view at the door")),
    ("GA-3.1", InEpisode(look_at_windows)),
    ("GA-3.2", InEpisode(phone_family)),
    ("GA-3.3", InEpisode(more_than_a_card)),
    ("GA-3.4", InEpisode(use_interpreter)),
    ("GA-3.5", InEpisode(discuss_concern)),
    ("GA-3.6", InEpisode(known_contacts)),
    ("GA-3.7", InEpisode(police)),
    ("GA-3.8", InEpisode(record_visit)),
    ("GA-3.9", InEpisode(planning_meeting)),
    ("GA-4.1", InEpisode(check_address)),
    ("GA-4.2", InEpisode(leave_card_or_letter)),
    ("GA-4.3", InEpisode(try_again)),
    ("GA-4.4", InEpisode(wider_agencies)),
    ("GA-4.5", InEpisode(strategy_meeting)),
    ("GA-5.1", InEpisode(check_address_urgently)),
    ("GA-5.2", InEpisode(leave_letter)),
    ("GA-5.3", InEpisode(try_again_urgently)),
    ("GA-5.4", InEpisode(document_on_the_day)),
    ("GA-5.5", InEpisode(agree_action)),
    ("GA-5.6", InEpisode(follow_procedures)),
    ("GA-6.1", InEpisode(inform_at_once)),
    ("GA-6.2", Elsewhere("every form of failed visit counts as being prevented")),
    ("GA-6.3", InEpisode(key_worker_notifies)),
    ("GA-6.4", InEpisode(visit_urgency)),
    ("GA-6.5", Elsewhere("the chain of those to be told: it moves on without delay")),
    ("GA-6.6", InEpisode(section_47_meeting)),
];

/// A duty at the door: met there and then by what was done, or open.
fn at_the_door(
    scope: &Scope<'_>,
    docket: &mut Docket,
    reason: &'static str,
    applies: impl Fn(&Contact) -> bool,
    done: impl Fn(&Contact) -> bool,
) {
    for contact in scope.episode.contacts.iter().filter(|contact| applies(contact)) {
        let grounds = Grounds::contact(contact).because(reason);
        let met = done(contact).then(|| grounds.met_at_once());
        scope.arises(docket, grounds, met);
    }
}

/// GA-3.1: nobody answers: look at the windows.
fn look_at_windows(scope: &Scope<'_>, docket: &mut Docket) {
    at_the_door(
        scope,
        docket,
        "nobody responded at the visit",
        |contact| contact.form == Form::NoResponse,
        |contact| contact.has(Step::WindowsChecked),
    );
}

/// GA-3.2: no access: phone the family if possible.
fn phone_family(scope: &Scope<'_>, docket: &mut Docket) {
    at_the_door(
        scope,
        docket,
        "no access at the visit",
        |contact| contact.no_access,
        |contact| contact.has(Step::FamilyPhoned) || contact.has(Step::PhoneNotPossible),
    );
}

/// GA-3.3: a calling card alone is not enough.
fn more_than_a_card(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in &scope.episode.contacts {
        if contact.has(Step::CardLeft) && contact.steps.len() == 1 {
            let grounds =
                Grounds::contact(contact).because("a card was left and nothing else done");
            scope.arises_until(docket, grounds, Seek::FurtherAttempt, |_| true);
        }
    }
}

/// GA-3.4: use an interpreter where the record names that need.
fn use_interpreter(scope: &Scope<'_>, docket: &mut Docket) {
    if !scope.case.record.communication_needs.contains(&CommunicationNeed::Interpreter) {
        return;
    }
    let grounds = Grounds::contact(scope.episode.opening());
    let grounds = grounds.because("the record asks for an interpreter");
    let used = scope
        .episode
        .contacts
        .iter()
        .find(|contact| contact.has(Step::InterpreterUsed))
        .map(|contact| Grounds::contact(contact).met_at_once());
    let arranged = scope.case.first(Seek::Interpreter, grounds.at, |_| true);
    let met = [used, arranged].into_iter().flatten().min_by_key(|met| met.at);
    scope.arises(docket, grounds, met);
}

/// GA-3.5: any cause for concern: discuss with a manager.
fn discuss_concern(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(turn) = scope.episode.first_concern() {
        discuss(scope, docket, scope.grounds(turn));
    }
}

/// A duty that a recorded decision meets.
fn decide(scope: &Scope<'_>, docket: &mut Docket, grounds: Grounds, on: Subject) {
    scope.arises_until(
        docket,
        grounds,
        Seek::Decided,
        |what| matches!(what, What::Decided(decided) if decided.on == on),
    );
}

/// GA-3.6: GA-3.5 applies: consider phoning known contacts.
fn known_contacts(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(turn) = scope.episode.first_concern() {
        decide(scope, docket, scope.grounds(turn), Subject::KnownContacts);
    }
}

/// The grounds of the first turn at which concern stands at the clause's level or above.
fn concern_reaches(scope: &Scope<'_>, default: ConcernLevel) -> Option<Grounds> {
    scope.episode.turns.iter().find_map(|turn| {
        let level = scope.this(turn.at)?.parameters.concern.unwrap_or(default);
        (turn.known.level >= level).then(|| scope.grounds(turn))
    })
}

/// GA-3.7: concern is high: consider the police.
fn police(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(grounds) = concern_reaches(scope, ConcernLevel::High) {
        decide(scope, docket, grounds, Subject::Police);
    }
}

/// GA-3.8: record every missed visit. The record is what meets it.
fn record_visit(scope: &Scope<'_>, docket: &mut Docket) {
    at_the_door(scope, docket, "a failed access", |_| true, |_| true);
}

/// GA-3.9: the third no-access visit.
fn planning_meeting(scope: &Scope<'_>, docket: &mut Docket) {
    let no_access: Vec<&Contact> =
        scope.episode.contacts.iter().copied().filter(|contact| contact.no_access).collect();
    if let Some(index) = reaches(scope, &no_access, 3) {
        let reason = format!("{} no-access visit of the episode", ordinal(index + 1));
        let grounds = Grounds::contact(no_access[index]).resting_on(&no_access[..=index]);
        let grounds = grounds.because(reason);
        decide(scope, docket, grounds, Subject::PlanningOrStrategyMeeting);
    }
}

/// The index of the first contact with which the clause's number is reached.
fn reaches(scope: &Scope<'_>, contacts: &[&Contact], default: u32) -> Option<usize> {
    contacts.iter().enumerate().position(|(index, contact)| {
        scope.this(contact.at).is_some_and(|clause| {
            index + 1 >= clause.parameters.contacts.unwrap_or(default) as usize
        })
    })
}

/// The contacts on one of the two tracks: what was known at each of them settles it.
fn on_track<'a>(scope: &'a Scope<'_>, concern: bool) -> impl Iterator<Item = &'a Contact> {
    let case = scope.case;
    let contacts = scope.episode.contacts.iter().copied();
    contacts.filter(move |contact| case.at(contact).is_concern == concern)
}

/// A contact as a ground, with what was known of concern at it.
fn on_its_track(scope: &Scope<'_>, contact: &Contact) -> Grounds {
    Grounds::contact(contact).because(concern_or_none(scope, contact))
}

fn concern_or_none(scope: &Scope<'_>, contact: &Contact) -> Reason {
    let turn = scope.case.at(contact);
    if turn.is_concern {
        turn.concern_in_words()
    } else {
        Reason::Fixed("failed access, no known cause for concern")
    }
}

/// GA-4.1: no concern: check the address.
fn check_address(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(contact) = on_track(scope, false).next() {
        address(scope, docket, contact, |appointment| appointment != NewAppointment::None);
    }
}

/// GA-5.1: concern: check the address; if wrong, an urgent appointment.
fn check_address_urgently(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(contact) = on_track(scope, true).next() {
        address(scope, docket, contact, |appointment| appointment == NewAppointment::Urgent);
    }
}

fn address(
    scope: &Scope<'_>,
    docket: &mut Docket,
    contact: &Contact,
    appointed: impl Fn(NewAppointment) -> bool,
) {
    let grounds = on_its_track(scope, contact);
    let checked = scope.case.first(Seek::Address, grounds.at, |what| match what {
        What::AddressConfirmed(_) => true,
        What::AddressCorrected(found) => appointed(found.new_appointment),
        _ => false,
    });
    let told = scope.case.first(Seek::Agency, grounds.at, |what| {
        matches!(what, What::AgencyConsulted(said) if said.address == AddressKnown::Confirmed)
    });
    let met = [checked, told].into_iter().flatten().min_by_key(|met| met.at);
    scope.arises(docket, grounds, met);
}

/// GA-4.2: no concern: leave a card or a letter.
fn leave_card_or_letter(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in on_track(scope, false) {
        let grounds = on_its_track(scope, contact);
        let left = contact.has(Step::CardLeft) || contact.has(Step::LetterLeft);
        let met = left.then(|| grounds.met_at_once());
        scope.arises(docket, grounds, met);
    }
}

/// GA-5.2: concern: leave a letter.
fn leave_letter(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in on_track(scope, true) {
        let grounds = on_its_track(scope, contact);
        let met = contact.has(Step::LetterLeft).then(|| grounds.met_at_once());
        scope.arises(docket, grounds, met);
    }
}

/// GA-4.3: the time that the card or letter states has passed without contact.
fn try_again(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in on_track(scope, false) {
        let Some(clause) = scope.this(contact.at) else { continue };
        let hours = i64::from(clause.parameters.reply_hours.unwrap_or(24));
        let left = contact.has(Step::CardLeft) || contact.has(Step::LetterLeft);
        let unstated = left.then(|| contact.at + TimeDelta::hours(hours));
        if let Some(deadline) = contact.contact_by.or(unstated) {
            after_silence(scope, docket, contact, deadline);
        }
    }
}

/// GA-5.3: the working day has ended without contact.
fn try_again_urgently(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in on_track(scope, true) {
        let (deadline, _) = scope.case.calendar.end_of_working_day(contact.at);
        after_silence(scope, docket, contact, deadline);
    }
}

/// Once `deadline` has passed and the family has not been in touch, try again.
fn after_silence(
    scope: &Scope<'_>,
    docket: &mut Docket,
    contact: &Contact,
    deadline: DateTime<Utc>,
) {
    let answered = scope.case.first(Seek::FamilyMadeContact, contact.at, |what| {
        matches!(what, What::FamilyMadeContact(made)
            if made.of.is_none_or(|of| contact.records.contains(&of)))
    });
    if answered.is_some_and(|met| met.at <= deadline) || scope.episode.is_assured_by(deadline) {
        return;
    }
    // The deadline itself is still in time, so silence is certain only after it.
    let passed = deadline + TimeDelta::milliseconds(1);
    docket.change_at(passed, scope.case.as_of);
    if scope.case.as_of >= passed {
        let reason = "the family has not been in touch in the time given";
        let grounds = Grounds::contact(contact).not_before(deadline).because(reason);
        scope.arises_until(docket, grounds, Seek::FurtherAttempt, |_| true);
    }
}

/// The first contact on a track that is at least the second of the episode.
fn second_on_track(scope: &Scope<'_>, concern: bool) -> Option<Grounds> {
    let contacts = &scope.episode.contacts;
    let second = contacts.get(reaches(scope, contacts, 2)?)?;
    let contact = on_track(scope, concern).find(|contact| contact.position >= second.position)?;
    let until = scope.episode.contacts_until(contact.position);
    let reason =
        format!("{} failed access, {}", ordinal(until.len()), concern_or_none(scope, contact));
    Some(Grounds::contact(contact).resting_on(until).because(reason))
}

/// GA-4.4: second failed access, no concern: consider the other agencies.
fn wider_agencies(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(grounds) = second_on_track(scope, false) {
        decide(scope, docket, grounds, Subject::WiderAgencies);
    }
}

/// GA-4.5: failed access makes the child a cause for concern.
fn strategy_meeting(scope: &Scope<'_>, docket: &mut Docket) {
    let first = scope
        .episode
        .turns
        .iter()
        .find(|turn| turn.recorded && turn.is_concern && !turn.was_concern);
    if let Some(turn) = first {
        decide(scope, docket, scope.grounds(turn), Subject::PlanningOrStrategyMeeting);
    }
}

/// GA-5.4: concern: document the failed access on the day. Judged by when it was recorded.
fn document_on_the_day(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in on_track(scope, true) {
        let grounds = on_its_track(scope, contact);
        let met = Met { at: contact.recorded, by: [contact.records[0]].into() };
        scope.arises(docket, grounds, (met.at <= scope.case.as_of).then_some(met));
    }
}

/// GA-5.5: second failed access with concern: agree with manager and agencies what to do.
fn agree_action(scope: &Scope<'_>, docket: &mut Docket) {
    let Some(grounds) = second_on_track(scope, true) else { return };
    let Some(clause) = scope.this(grounds.at) else { return };
    let discussed = scope.case.first(
        Seek::Discussed,
        grounds.at,
        |what| matches!(what, What::Discussed(said) if clause.parameters.with.contains(&said.with)),
    );
    let agencies = each_agency(scope, |agency| {
        scope.case.first(Seek::Agency, grounds.at, |what| is_consultation(what, agency))
    });
    scope.arises(docket, grounds, Met::both(discussed, agencies));
}

/// GA-5.6: a clear child protection issue: follow the procedures.
fn follow_procedures(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(grounds) = concern_reaches(scope, ConcernLevel::ChildProtectionIssue) {
        scope.arises_until(docket, grounds, Seek::Procedures, |_| true);
    }
}

/// The contacts to which GA-6.1 applies: a child protection plan in force, and cause for concern.
fn prevented<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = &'a Contact> {
    let case = scope.case;
    on_track(scope, true)
        .filter(move |contact| case.at(contact).known.plans.contains(&Plan::ChildProtection))
}

/// GA-6.1: inform line manager and lead social worker at once. Each of them, or one who stands in.
fn inform_at_once(scope: &Scope<'_>, docket: &mut Docket) {
    for contact in prevented(scope) {
        let grounds = on_its_track(scope, contact);
        let Some(clause) = scope.this(contact.at) else { continue };
        let told = clause.tell.iter().map(|chain| {
            let recorder = chain.first().filter(|role| **role == contact.by);
            recorder.map(|_| grounds.met_at_once()).or_else(|| informed(scope, &grounds, chain))
        });
        let met = told.reduce(Met::both).flatten();
        scope.arises(docket, grounds, met);
    }
}

/// One of these roles was told, or it was discussed with one of them.
fn informed(scope: &Scope<'_>, grounds: &Grounds, chain: &[Role]) -> Option<Met> {
    let told = scope.case.first(
        Seek::Informed,
        grounds.at,
        |what| matches!(what, What::Informed(informed) if chain.contains(&informed.who)),
    );
    let discussed = scope.case.first(
        Seek::Discussed,
        grounds.at,
        |what| matches!(what, What::Discussed(said) if chain.contains(&said.with)),
    );
    [told, discussed].into_iter().flatten().min_by_key(|met| met.at)
}

/// GA-6.3: the key worker was told, and notifies their line manager.
fn key_worker_notifies(scope: &Scope<'_>, docket: &mut Docket) {
    let told = scope.case.all(Seek::Informed).find(|(position, event)| {
        scope.episode.span.contains(position)
            && matches!(&event.what, What::Informed(informed) if informed.who == Role::KeyWorker)
    });
    if let Some((_, event)) = told {
        scope.arises_until(
            docket,
            Grounds::event(event).because("the key worker was told"),
            Seek::Informed,
            |what| matches!(what, What::Informed(informed) if informed.who == Role::LineManager),
        );
    }
}

/// GA-6.4: GA-6.1 applies: decide how urgent the next visit is.
fn visit_urgency(scope: &Scope<'_>, docket: &mut Docket) {
    if let Some(contact) = prevented(scope).next() {
        decide(scope, docket, on_its_track(scope, contact), Subject::VisitUrgency);
    }
}

/// GA-6.6: the next visit failed too: consider a section 47 strategy meeting.
fn section_47_meeting(scope: &Scope<'_>, docket: &mut Docket) {
    let Some(first) = prevented(scope).next() else { return };
    let next = scope.episode.contacts.iter().copied().find(|contact| {
        contact.position > first.position
            && scope.case.at(contact).known.plans.contains(&Plan::ChildProtection)
    });
    if let Some(contact) = next {
        let reason = "a further visit failed after the child could not be seen";
        let grounds = Grounds::contact(contact).resting_on(&[first]).because(reason);
        decide(scope, docket, grounds, Subject::Section47StrategyMeeting);
    }
}
