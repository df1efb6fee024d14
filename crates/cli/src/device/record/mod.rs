//! `doorstep device record`: from flags or answers to a sealed record, and at once to what is owed.

pub mod amend;
mod ask;
pub mod kinds;

use std::io::{self, IsTerminal as _};

use chrono::{DateTime, Utc};
use clap::Args;
use doorstep_core::event::{Role, What};
use doorstep_core::ids::EventId;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Draft, DraftEntry, Store};
use serde::Serialize;

use self::kinds::{ContactFlags, Kind, word};
use super::advice::Advice;
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
    let entries =
        plan.children.iter().map(|card| DraftEntry { child: card.id, what: plan.what.clone() });
    let draft = Draft {
        at: plan.at,
        by: args.role,
        visit: None,
        saved_as: None,
        entries: entries.collect(),
    };
    let made = store
        .record(&draft, &ambient::clock(), ambient::random())
        .map_err(|error| Failure::No(error.to_string()))?;
    let policy = policy(store)?;
    if args.json {
        let owed = plan.children.iter().map(|card| judge(store, &policy, card, &made, now));
        let owed = owed.collect::<Outcome<Vec<_>>>()?;
        return out.json(&Recorded { saved: made, owed });
    }
    for (id, card) in made.iter().zip(&plan.children) {
        let what = describe::what(&plan.what);
        out.line(format!("Saved on this device: {} {}: {what}", short(*id), card.name))?;
    }
    for card in &plan.children {
        out.gap()?;
        judge(store, &policy, card, &made, now)?.print(out, now)?;
    }
    Ok(())
}

fn plan(args: &RecordArgs, store: &Store, out: &mut Out, now: DateTime<Utc>) -> Outcome<Plan> {
    let children = store.children().or_no("cannot read the caseload")?;
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
