//! The story itself, scene by scene.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Standing, Urgency};
use doorstep_core::event::{
    Agency, ChildSeen, ConcernLevel, FailedContact, Form, Known, Role, Step, What,
};
use doorstep_core::ids::EventId;
use doorstep_core::policy::Policy;
use doorstep_core::time::{deadline_in_words, in_words};
use doorstep_core::wire::ChildCard;
use doorstep_sync_server::Config;
use doorstep_sync_server::store::Tx;
use doorstep_sync_server::verify::verify;

use super::browser::Browser;
use super::claims::Claims;
use super::earlier;
use super::managers::{self, View};
use super::phone::Phone;
use super::server::Server;
use crate::admin::{self, demo as sample};
use crate::ambient;
use crate::device::advice::Advice;
use crate::device::describe;
use crate::failure::Outcome;
use crate::office::Office;
use crate::out::Out;

const CHILD: &str = "Amber Sampleford";
const MANAGER: &str = "Marion Placeholder";
/// When the phones were enrolled: before the first visit of the story.
const ENROLLED_DAYS_AGO: i64 = 8;

/// Everything that the scenes share.
struct Stage<'a> {
    now: DateTime<Utc>,
    office: Office,
    server: Server,
    card: ChildCard,
    anna: Phone,
    ben: Phone,
    cem: Phone,
    /// The clauses whose sentence was printed.
    told: BTreeSet<String>,
    claims: &'a mut Claims,
    out: &'a mut Out,
}

/// The three records of the story.
struct Visits {
    last_week: EventId,
    morning: EventId,
    afternoon: EventId,
}

/// Tells it, in `folder`.
pub fn tell(folder: &Path, claims: &mut Claims, out: &mut Out) -> Outcome {
    let (mut stage, password) = set(folder, claims, out)?;
    let visits = stage.offline()?;
    let view = stage.wrong_order(&visits)?;
    stage.same_everywhere(&view)?;
    stage.inbox(&password)?;
    stage.seen_at_school(&visits, &view)?;
    stage.power_cut()
}

fn set<'a>(
    folder: &Path,
    claims: &'a mut Claims,
    out: &'a mut Out,
) -> Outcome<(Stage<'a>, String)> {
    let data = folder.join("office");
    let config = Config { data: data.clone(), ..Config::default() };
    let office = Office::open(config.clone(), true)?;
    sample::fill(&office, false)?;
    let password = sample::password_of(&office, "marion")?;
    let mut codes = Vec::new();
    for person in ["S-105", "S-106", "S-107"] {
        codes.push(admin::issue_code(&office, person)?.code);
    }
    // The office lets go of the folder, so that the server can have it.
    drop(office);
    let now = ambient::now();
    let then = now - TimeDelta::days(ENROLLED_DAYS_AGO);
    let [mut anna, mut ben, mut cem] = earlier::at(&config, then, |url| {
        Ok([
            Phone::enrol(folder, "Anna Walkabout", &codes[0], url, then)?,
            Phone::enrol(folder, "Ben Knockwell", &codes[1], url, then)?,
            Phone::enrol(folder, "Cem Farrow-Example", &codes[2], url, then)?,
        ])
    })?;
    let server = Server::start(&data)?;
    for phone in [&mut anna, &mut ben, &mut cem] {
        phone.finds_server_at(server.url());
    }
    let office = Office::open(config, false)?;
    let card = anna.card(CHILD)?;
    out.heading("A child on a child protection plan, three workers, no network")?;
    out.prose(2, format!("The server is process {} at {}.", server.id(), server.url()))?;
    let people = "Eight days ago Anna, Ben and Cem enrolled their phones and fetched their \
                  caseloads. Since then they have been without a network. Every name is made up.";
    out.prose(2, people)?;
    Ok((
        Stage { now, office, server, card, anna, ben, cem, told: BTreeSet::new(), claims, out },
        password,
    ))
}

impl Stage<'_> {
    /// Each phone records, and says what its own records call for.
    fn offline(&mut self) -> Outcome<Visits> {
        let week = self.now - TimeDelta::days(7);
        let morning = self.now - TimeDelta::hours(5);
        let afternoon = self.now - TimeDelta::minutes(40);
        let none = visit(Form::NoResponse, &[Step::WindowsChecked], ConcernLevel::Some);
        let refusal = visit(Form::Doorstep, &[Step::CardLeft], ConcernLevel::Some);
        self.scene("1. Offline: each phone knows only its own visit")?;
        let last_week = self.alone(Who::Cem, week, none.clone())?;
        let morning = self.alone(Who::Anna, morning, refusal)?;
        let afternoon = self.alone(Who::Ben, afternoon, none)?;
        Ok(Visits { last_week, morning, afternoon })
    }

    fn alone(&mut self, who: Who, at: DateTime<Utc>, what: What) -> Outcome<EventId> {
        let card = self.card.clone();
        let told = describe::what(&what);
        let phone = self.phone(who);
        let made = phone.record(card.id, at, at, what)?;
        let advice = phone.advice(&card, &[made], at)?;
        let owner = phone.owner;
        self.out.gap()?;
        self.out.heading(format!("{owner}'s phone, {}", in_words(at)))?;
        self.out.prose(2, format!("records: {told}"))?;
        for call in advice.calls.iter().filter(|call| call.urgency == Urgency::Immediate) {
            self.out.hanging("  > ", call.sentence())?;
        }
        let urgent = advice.duties.iter().filter(|duty| duty.due.is_some());
        for duty in urgent {
            let due = duty.due.map(deadline_in_words).unwrap_or_default();
            self.out.hanging("  - ", format!("{due}: {} ({})", duty.sentence, duty.clause))?;
        }
        let others = advice.duties.iter().filter(|duty| duty.due.is_none()).count();
        self.out.prose(2, format!("and {others} duties without a limit"))?;
        self.claim(
            calls_manager(&advice),
            "the phone says: phone your line manager now, and the number",
        )?;
        let knows = format!("the phone counts one failed contact: {owner}'s own");
        self.claim(advice.failed_contacts == 1, &knows)?;
        Ok(made)
    }

    /// The last visit arrives first, last week's second, the morning's last.
    fn wrong_order(&mut self, visits: &Visits) -> Outcome<View> {
        self.scene("2. They sync in the wrong order")?;
        let first = self.arrives(Who::Ben, "the afternoon's visit", None)?;
        self.claim(first.assessment.failed_contacts == 1, "one failed contact is known")?;
        for role in [Role::LineManager, Role::LeadSocialWorker] {
            let text = format!("GA-6.1 reached the {}", describe::spaced(role.as_str()));
            self.claim(first.has("GA-6.1", role, Standing::Open), &text)?;
        }
        let none = first.find("GA-3.9", Role::LineManager).next().is_none();
        self.claim(none, "GA-3.9 (three visits without access) has not arisen")?;

        let second = self.arrives(Who::Cem, "last week's visit", Some(&first))?;
        self.claim(second.assessment.failed_contacts == 2, "two failed contacts are known")?;
        let breached = second.has_breach("GA-6.1", Role::TeamManager);
        self.claim(
            breached,
            "last week's limit had passed on arrival: the team manager hears of it",
        )?;

        let third = self.arrives(Who::Anna, "the morning's visit", Some(&second))?;
        self.claim(
            third.assessment.no_access_visits == 3,
            "three visits without access are known",
        )?;
        let in_order = [visits.last_week, visits.morning, visits.afternoon];
        let meeting = third.find("GA-3.9", Role::LineManager).next();
        let rests = meeting.is_some_and(|line| *line.escalation.evidence == in_order);
        let text = "GA-3.9 reached the line manager, and rests on the three visits in the order in \
                    which they happened";
        self.claim(rests, text)?;
        self.claim(third.each_once(), "every escalation is there once")?;
        Ok(third)
    }

    /// Another round: everybody holds the same, and nothing is raised again.
    fn same_everywhere(&mut self, before: &View) -> Outcome {
        self.scene("3. Everybody syncs once more")?;
        let (child, now) = (self.card.id, self.now);
        let judged = managers::judged(&self.office, child, now)?;
        for who in [Who::Anna, Who::Ben, Who::Cem] {
            let phone = self.phone(who);
            phone.sync(now)?;
            let same = phone.judged(child, now)? == judged;
            let (owner, held) = (phone.owner, phone.events(child)?.len());
            self.claim(held == 3, &format!("{owner}'s phone holds all three visits"))?;
            self.claim(
                same,
                &format!("{owner}'s phone judges the child exactly as the server does"),
            )?;
        }
        let after = View::of(&self.office, child)?;
        let same = after.lines == before.lines;
        self.claim(same, "syncing again raised nothing, and changed nothing, in the ledger")
    }

    /// The line manager's page, over HTTP.
    fn inbox(&mut self, password: &str) -> Outcome {
        self.scene("4. The line manager opens the console")?;
        let mut browser = Browser::sign_in(self.server.url(), "marion", password)?;
        let page = browser.get("/inbox")?;
        self.out.prose(2, format!("{MANAGER} signs in at {}/inbox.", self.server.url()))?;
        for clause in ["GA-6.1", "GA-3.9"] {
            let shown = page.contains(clause) && page.contains(CHILD);
            self.claim(shown, &format!("the inbox shows {clause} for {CHILD}"))?;
        }
        Ok(())
    }

    /// A late record takes ground away; nothing is deleted.
    fn seen_at_school(&mut self, visits: &Visits, before: &View) -> Outcome {
        self.scene("5. A late word: the child was seen at school two days ago")?;
        let (card, now) = (self.card.clone(), self.now);
        let seen = What::ChildSeen(ChildSeen {
            seen_by: Agency("school".to_owned()),
            needs_met: Known::Yes,
            from_distance: false,
        });
        self.anna.record(card.id, now - TimeDelta::days(2), now, seen)?;
        let text = "Anna records what the school told her: it happened after Cem's visit, and \
                    before today's two.";
        self.out.prose(2, text)?;
        let after = self.arrives(Who::Anna, "the school's word", Some(before))?;
        let counts = after.assessment.failed_contacts == 2;
        self.claim(
            counts,
            "the week-old visit belongs to an earlier episode: two failed contacts count",
        )?;
        let gone = after.has("GA-3.9", Role::LineManager, Standing::StoodDown);
        self.claim(gone, "GA-3.9 is stood down: there were not three visits in one episode")?;
        let kept = after.lines.len() >= before.lines.len()
            && before.lines.iter().all(|line| after.lines.iter().any(|now| now.id == line.id));
        self.claim(kept, "nothing was deleted from the ledger")?;
        let owed = after.find("GA-6.1", Role::LineManager).any(|line| {
            line.escalation.evidence.contains(&visits.last_week)
                && line.escalation.standing == Standing::Open
        });
        self.claim(owed, "that nobody was told last week is still owed an answer")
    }

    /// The server's process is ended without warning.
    fn power_cut(mut self) -> Outcome {
        self.scene("6. The server's power fails")?;
        let Self { office, server, claims, out, .. } = self;
        let config = office.config().clone();
        drop(office);
        server.kill()?;
        out.prose(2, "Its process was killed. The store is opened again and verified:")?;
        let office = Office::open(config, false)?;
        let report = office.read(|tx: &dyn Tx| verify(tx, &Policy::built_in()))?;
        let text = "every record, signature and chain is sound, and judging every child again \
                    gives the stored ledger";
        claims.claim(out, report.is_sound(), text)?;
        let text = "all four records are in the log, each once";
        claims.claim(out, report.events == 4 && report.set_aside == 0, text)
    }

    fn arrives(&mut self, who: Who, what: &str, before: Option<&View>) -> Outcome<View> {
        let now = self.now;
        let phone = self.phone(who);
        let synced = phone.sync(now)?;
        let owner = phone.owner;
        let view = View::of(&self.office, self.card.id)?;
        self.out.gap()?;
        self.out.heading(format!("{owner}'s phone syncs: {what} arrives"))?;
        view.print_since(before, self.now, &mut self.told, self.out)?;
        self.claim(synced.sent == 1 && synced.set_aside == 0, "the server has the record")?;
        Ok(view)
    }

    fn phone(&mut self, who: Who) -> &mut Phone {
        match who {
            Who::Anna => &mut self.anna,
            Who::Ben => &mut self.ben,
            Who::Cem => &mut self.cem,
        }
    }

    fn scene(&mut self, title: &str) -> Outcome {
        self.out.gap()?;
        self.out.heading(title)?;
        self.out.heading("-".repeat(title.len()))
    }

    fn claim(&mut self, holds: bool, text: &str) -> Outcome {
        self.claims.claim(self.out, holds, text)
    }
}

/// Whose phone.
#[derive(Clone, Copy)]
enum Who {
    Anna,
    Ben,
    Cem,
}

fn visit(form: Form, steps: &[Step], concern: ConcernLevel) -> What {
    let mut contact = FailedContact::new(form);
    contact.steps = steps.iter().copied().collect();
    contact.concern = Some(concern);
    What::FailedContact(contact)
}

fn calls_manager(advice: &Advice) -> bool {
    advice.calls.iter().any(|call| {
        call.role == Role::LineManager
            && call.urgency == Urgency::Immediate
            && call.name.as_deref() == Some(MANAGER)
            && call.phone.is_some()
    })
}
