//! `doorstep device record`: from flags or answers to a sealed record, and at once to what is owed.

pub mod amend;
mod ask;
pub mod kinds;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use doorstep_core::attachment::Shows;
use doorstep_core::event::{LetterCopied, Role, What};
use doorstep_core::ids::EventId;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Draft, DraftEntry, Error, ReadLease, Store};
use serde::Serialize;

use self::kinds::{ContactFlags, Kind, word};
use super::advice::Advice;
use super::attachments::Files;
use super::describe::{self, short};
use super::{find, judge, policy};
use crate::ambient;
use crate::failure::{Failure, OrFail as _, Outcome};
use crate::moment::Moment;
use crate::out::Out;

/// Record a visit or an act, and see at once what is owed
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    doorstep device record --child amber --form no-response \
    --step windows-checked --step family-phoned\n  \
    doorstep device record --child amber --child toby --at \"yesterday 14:30\" \
    --form doorstep --concern some\n  \
    doorstep device record --child amber child-seen --by school --needs-met yes\n  \
    doorstep device record --child amber informed --who line-manager\n  \
    doorstep device record --child amber letter-copied --of 1f2e3d4c --attach letter.jpg\n  \
    doorstep device record correct 1f2e3d4c form=doorstep --reason \"ticked the wrong line\"\n  \
    doorstep device record withdraw 1f2e3d4c --reason \"the wrong child\"\n\n\
    Without any flag, in a terminal, it asks step by step.")]
pub struct RecordArgs {
    /// A child, by a part of the name or by id; repeat it for several children at one visit
    #[arg(long = "child", value_name = "CHILD", global = true)]
    children: Vec<String>,
    /// When it happened [default: now]
    #[arg(long, value_name = "TIME", global = true)]
    at: Option<Moment>,
    /// The role in which you record [default: the one in which the device was enrolled]
    #[arg(long, value_name = "ROLE", global = true, value_parser = word!(Role))]
    role: Option<Role>,
    /// A photograph or document to attach: JPEG, PNG, WebP or PDF; may be repeated
    #[arg(long = "attach", value_name = "FILE", global = true)]
    attach: Vec<PathBuf>,
    /// What the attached files show [default: a letter or card where the record tells of one]
    #[arg(long, value_name = "WHAT", global = true, value_parser = word!(Shows))]
    #[arg(requires = "attach")]
    shows: Option<Shows>,
    /// Print what was recorded and what is owed as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    contact: ContactFlags,
    #[command(subcommand)]
    kind: Option<Kind>,
}

/// What `record --json` prints.
#[derive(Serialize)]
struct Recorded {
    saved: Vec<EventId>,
    owed: Vec<Advice>,
}

/// What is to be recorded.
struct Plan {
    children: Vec<ChildCard>,
    at: DateTime<Utc>,
    what: What,
}

/// Runs it.
pub fn run(args: &RecordArgs, store: &mut Store, out: &mut Out) -> Outcome {
    let now = ambient::now();
    let plan = plan(args, store, out, now)?;
    let mut files = Files::open(&args.attach, args.shows, &plan.what)?;
    keep(&plan, args.role, &mut files, args.json, store, out, now)
}

/// Puts copies of a letter with an earlier failed contact.
pub fn attach(
    store: &mut Store,
    record: &str,
    files: &[PathBuf],
    json: bool,
    out: &mut Out,
) -> Outcome {
    let now = ambient::now();
    let held = find::record(store, record)?;
    let contact = held.event().filter(|event| matches!(event.what, What::FailedContact(_)));
    let Some(contact) = contact else {
        let sentence = "a letter belongs to a failed contact, and this record is another: attach \
                        the file when you record something, with --attach";
        return Err(Failure::Misused(sentence.to_owned()));
    };
    let what = What::LetterCopied(LetterCopied { of: contact.id });
    let plan = Plan { children: vec![child_of(store, record)?], at: now, what };
    let mut files = Files::open(files, Some(Shows::Letter), &plan.what)?;
    keep(&plan, None, &mut files, json, store, out, now)
}

/// Records it, and tells what that asks for.
fn keep(
    plan: &Plan,
    role: Option<Role>,
    files: &mut Files,
    json: bool,
    store: &mut Store,
    out: &mut Out,
    now: DateTime<Utc>,
) -> Outcome {
    let entries = plan.children.iter().map(|card| DraftEntry::new(card.id, plan.what.clone()));
    let draft =
        Draft { at: plan.at, by: role, visit: None, saved_as: None, entries: entries.collect() };
    let made = store
        .record_with(&draft, &mut files.sources(), &ambient::clock(), ambient::random())
        .map_err(|error| Failure::No(error.to_string()))?;
    let hidden = store.lease() != ReadLease::Open;
    let policy = policy(store)?;
    if json && hidden {
        return out.json(&Recorded { saved: made, owed: Vec::new() });
    }
    if json {
        let owed = plan.children.iter().map(|card| judge(store, &policy, card, &made, now));
        let owed = owed.collect::<Outcome<Vec<_>>>()?;
        return out.json(&Recorded { saved: made, owed });
    }
    for (id, card) in made.iter().zip(&plan.children) {
        let what = describe::what(&plan.what);
        out.line(format!("Saved on this device: {} {}: {what}", short(*id), card.name))?;
    }
    if hidden {
        return out.line("What it asks for is told after the next sync.");
    }
    for card in &plan.children {
        out.gap()?;
        judge(store, &policy, card, &made, now)?.print(out)?;
    }
    Ok(())
}

fn plan(args: &RecordArgs, store: &Store, out: &mut Out, now: DateTime<Utc>) -> Outcome<Plan> {
    let children = match store.children() {
        Err(Error::ReadLease(_)) => by_full_name(store, &args.children)?,
        read => read.or_no("cannot read the caseload")?,
    };
    let at = args.at.unwrap_or(Moment::Now).at(now);
    let Some(kind) = &args.kind else {
        if args.contact.form.is_none() && args.contact == ContactFlags::default() {
            return ask_or_refuse(args, &children, out, now);
        }
        let what = What::FailedContact(args.contact.contact(now)?);
        return Ok(Plan { children: named(args, &children)?, at, what });
    };
    if args.contact != ContactFlags::default() {
        let sentence = "put the flags of a failed contact after `failed-contact`, or leave the \
                        other word out";
        return Err(Failure::Misused(sentence.to_owned()));
    }
    let find = |text: &str| find::record_id(store, text);
    let what = kind.what(now, &find)?;
    let children = match kind.amends() {
        Some(record) if args.children.is_empty() => vec![child_of(store, record)?],
        _ => named(args, &children)?,
    };
    Ok(Plan { children, at, what })
}

/// While nothing of children is shown: those whose full names somebody knows.
fn by_full_name(store: &Store, names: &[String]) -> Outcome<Vec<ChildCard>> {
    let mut cards = Vec::new();
    for name in names {
        let found = store.named(name).or_no("cannot read the caseload")?;
        let [child] = found.as_slice() else {
            let sentence = "this device shows nothing of children until it syncs: write the full \
                            name of a child that it holds, or sync first";
            return Err(Failure::No(sentence.to_owned()));
        };
        cards.extend(store.child(*child).or_no("cannot read the caseload")?);
    }
    Ok(cards)
}

fn named(args: &RecordArgs, children: &[ChildCard]) -> Outcome<Vec<ChildCard>> {
    if args.children.is_empty() {
        return Err(Failure::Misused("say which child it is about: --child NAME".to_owned()));
    }
    let mut cards: Vec<ChildCard> = Vec::new();
    for name in &args.children {
        let card = find::child(children, name)?;
        if !cards.contains(&card) {
            cards.push(card);
        }
    }
    Ok(cards)
}

fn child_of(store: &Store, record: &str) -> Outcome<ChildCard> {
    let child = find::record(store, record)?.child;
    let card = store.child(child).or_no("cannot read the caseload")?;
    card.ok_or_else(|| {
        let sentence =
            "this record's child has left your caseload: ask your manager to put it right";
        Failure::No(sentence.to_owned())
    })
}

fn ask_or_refuse(
    args: &RecordArgs,
    children: &[ChildCard],
    out: &mut Out,
    now: DateTime<Utc>,
) -> Outcome<Plan> {
    if !io::stdin().is_terminal() {
        let sentence = "say what happened, for example --child NAME --form no-response; \
                        `doorstep device record --help` lists everything";
        return Err(Failure::Misused(sentence.to_owned()));
    }
    let known = if args.children.is_empty() { None } else { Some(named(args, children)?) };
    let answers = ask::visit(&mut io::stdin().lock(), out, children, known, now)?;
    let at = args.at.map_or(answers.at, |moment| moment.at(now));
    Ok(Plan { children: answers.children, at, what: answers.what })
}
