//! The check that an organisation's own pack is never weaker than the one it extends (GA-0.2).

use std::collections::BTreeSet;
use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};

use super::pack::{Clause, Kind, Limit, Pack};
use crate::assessment::ClauseId;
use crate::calendar::Calendar;
use crate::event::Role;

/// One way in which a pack is weaker than another, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakening {
    /// The clause; none for what concerns the whole pack.
    pub clause: Option<ClauseId>,
    /// In what it is weaker.
    pub sentence: String,
}

impl Display for Weakening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.clause {
            Some(clause) => write!(f, "{clause}: {}", self.sentence),
            None => f.write_str(&self.sentence),
        }
    }
}

/// Every way in which `own` is weaker than `base`; none where it may take its place.
pub fn weakenings(own: &Pack, base: &Pack, calendar: &Calendar) -> Vec<Weakening> {
    let mut found: Vec<Weakening> = counting(own, base)
        .into_iter()
        .map(|sentence| Weakening { clause: None, sentence })
        .collect();
    for required in &base.clauses {
        let id = Some(required.id.clone());
        let sentences = match own.clause(&required.id.0) {
            None => vec![format!("is missing; the base pack says: {}", required.sentence)],
            Some(clause) => compare(clause, required, calendar),
        };
        let weaker = sentences.into_iter();
        found.extend(weaker.map(|sentence| Weakening { clause: id.clone(), sentence }));
    }
    found
}

fn counting(own: &Pack, base: &Pack) -> Vec<String> {
    let mut found = Vec::new();
    if base.counting.unannounced && !own.counting.unannounced {
        found.push("contacts that the family did not expect are not counted any more".to_owned());
    }
    let lost = base.counting.forms.difference(&own.counting.forms);
    found.extend(lost.map(|form| format!("contacts of the form {form} are not counted any more")));
    found
}

fn compare(own: &Clause, base: &Clause, calendar: &Calendar) -> Vec<String> {
    [
        (own.meaning_id() != base.meaning_id())
            .then(|| format!("means {} instead of {}", own.meaning_id(), base.meaning_id())),
        weaker_kind(own.kind, base.kind),
        (own.modality > base.modality)
            .then(|| format!("\"{}\" instead of \"{}\"", own.modality, base.modality)),
        (own.owner != base.owner)
            .then(|| format!("is owed by the {} instead of the {}", own.owner, base.owner)),
        (own.urgency > base.urgency)
            .then(|| format!("urgency {} instead of {}", own.urgency, base.urgency)),
        (own.ends_when_assured && !base.ends_when_assured)
            .then(|| "ends when the child is assured; in the base pack it does not".to_owned()),
        longer_limit(own.limit, base.limit, calendar),
    ]
    .into_iter()
    .flatten()
    .chain(shorter_chains(&own.tell, &base.tell))
    .chain(weaker_numbers(own, base))
    .collect()
}

fn weaker_kind(own: Kind, base: Kind) -> Option<String> {
    let binds = |kind| matches!(kind, Kind::Duty | Kind::Gate | Kind::Indicator);
    (binds(base) && own != base).then(|| format!("is a {own} instead of a {base}"))
}

fn longer_limit(own: Option<Limit>, base: Option<Limit>, calendar: &Calendar) -> Option<String> {
    let base = base?;
    let Some(own) = own else {
        return Some(format!("has no limit instead of \"{}\"", base.in_words()));
    };
    let start = ends_later(own, base, calendar)?;
    Some(format!(
        "the limit is longer: \"{}\" instead of \"{}\" (for one that begins on {})",
        own.in_words(),
        base.in_words(),
        crate::time::in_words(start)
    ))
}

/// The first start in a year with every kind of day at which one limit ends later than the other.
fn ends_later(own: Limit, base: Limit, calendar: &Calendar) -> Option<DateTime<Utc>> {
    if own == base {
        return None;
    }
    // Seventeen minutes and a year have no common rhythm, so every hour and minute has its turn.
    let first = DateTime::from_timestamp(1_767_225_600, 0)?;
    let starts = (0..31_000).map(|step| first + TimeDelta::minutes(17 * step));
    let later =
        |start: &DateTime<Utc>| own.due(*start, calendar).at > base.due(*start, calendar).at;
    starts.into_iter().find(later)
}

/// Each person whom the base pack names must still be told first, with at least the same stand-ins.
fn shorter_chains(own: &[Vec<Role>], base: &[Vec<Role>]) -> Vec<String> {
    let words =
        |chain: &[Role]| chain.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", then ");
    base.iter()
        .filter(|chain| {
            !own.iter().any(|own| own.first() == chain.first() && is_within(chain, own))
        })
        .map(|chain| format!("the chain is shorter: nobody is told as \"{}\"", words(chain)))
        .collect()
}

/// Whether all of `part` are in `whole`, in the same order.
fn is_within(part: &[Role], whole: &[Role]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|role| rest.any(|other| other == role))
}

fn weaker_numbers(own: &Clause, base: &Clause) -> Vec<String> {
    let (own_n, base_n) = (&own.parameters, &base.parameters);
    let mut found: Vec<String> = [
        higher("contacts", own_n.contacts, base_n.contacts),
        higher(
            "contacts with a change of school",
            own_n.contacts_with_school_change,
            base_n.contacts_with_school_change,
        ),
        higher("moves", own_n.moves, base_n.moves),
        higher("level of concern", own_n.concern, base_n.concern),
        lower("days looked back", own_n.days, base_n.days),
        higher("hours to reply", own_n.reply_hours, base_n.reply_hours),
    ]
    .into_iter()
    .flatten()
    .collect();
    let added: BTreeSet<_> = own_n.with.difference(&base_n.with).collect();
    found.extend(
        added.into_iter().map(|role| format!("a discussion with the {role} is enough to meet it")),
    );
    found
}

fn higher<T: PartialOrd + Display>(what: &str, own: Option<T>, base: Option<T>) -> Option<String> {
    let (own, base) = (own?, base?);
    (own > base).then(|| format!("the threshold is higher: {what} {own} instead of {base}"))
}

fn lower<T: PartialOrd + Display>(what: &str, own: Option<T>, base: Option<T>) -> Option<String> {
    let (own, base) = (own?, base?);
    (own < base).then(|| format!("fewer {what}: {own} instead of {base}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Policy, read_pack};
    use super::*;

    fn own(policy: &Policy, clauses: &str) -> Pack {
        let text = format!(
            "id = \"ours\"\nversion = \"1\"\neffective_from = 2026-01-01\n\
             extends = \"failure-to-gain-access\"\n{clauses}"
        );
        read_pack(&text, policy.packs()).unwrap()
    }

    fn check(clauses: &str) -> Vec<String> {
        let policy = Policy::built_in();
        let own = own(&policy, clauses);
        let base = policy.packs().newest().find(|pack| pack.id == own.line).unwrap();
        let found = weakenings(&own, base, policy.calendar());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pack_that_is_tighter_is_no_weakening() {
        for clauses in [
            "",
            "[[clause]]\nid = \"GA-6.1\"\nlimit = { minutes = 30 }",
            "[[clause]]\nid = \"GA-3.9\"\nparameters = { contacts = 2 }",
            "[[clause]]\nid = \"GA-3.5\"\nlimit = { hours = 4 }",
            "[[clause]]\nid = \"GA-4.4\"\nmodality = \"must\"",
            "[[clause]]\nid = \"GA-4.5\"\ntell = [[\"team-manager\", \"designated-lead\"]]",
            "[[clause]]\nid = \"GA-5.4\"\nlimit = { minutes = 1 }",
            "[[clause]]\nid = \"OUR-1\"\nmeans = \"GA-3.9\"\nparameters = { contacts = 5 }",
        ] {
            assert_eq!(check(clauses), Vec::<String>::new(), "{clauses}");
        }
    }

    #[test]
    fn every_weakening_is_named() {
        for (clauses, sentence) in [
            ("limit = { minutes = 61 }", "GA-6.1: the limit is longer: \"within 61 minutes\""),
            ("limit = \"end-of-working-day\"", "GA-6.1: the limit is longer"),
            ("modality = \"should\"", "GA-6.1: \"should\" instead of \"must\""),
            ("urgency = \"routine\"", "GA-6.1: urgency routine instead of immediate"),
            ("owner = \"duty-worker\"", "GA-6.1: is owed by the duty-worker"),
            ("kind = \"prompt\"", "GA-6.1: is a prompt instead of a duty"),
            ("tell = [[\"line-manager\", \"team-manager\"]]", "GA-6.1: the chain is shorter"),
            ("means = \"GA-3.5\"", "GA-6.1: means GA-3.5 instead of GA-6.1"),
            ("ends_when_assured = true", "GA-6.1: ends when the child is assured"),
        ] {
            let found = check(&format!("[[clause]]\nid = \"GA-6.1\"\n{clauses}"));
            assert!(found.iter().any(|found| found.starts_with(sentence)), "{clauses}: {found:?}");
        }
        for (clauses, sentence) in [
            (
                "[[clause]]\nid = \"GA-3.9\"\nparameters = { contacts = 4 }",
                "GA-3.9: the threshold is higher: contacts 4 instead of 3",
            ),
            (
                "[[clause]]\nid = \"GA-3.7\"\nparameters = { concern = \"child-protection-issue\" }",
                "GA-3.7: the threshold is higher",
            ),
            (
                "[counting]\nunannounced = false\nforms = [\"no-response\"]",
                "contacts that the family did not expect are not counted any more",
            ),
        ] {
            let found = check(clauses);
            assert!(found.iter().any(|found| found.starts_with(sentence)), "{clauses}: {found:?}");
        }
    }

    #[test]
    fn a_clause_that_is_missing_is_named() {
        let policy = Policy::built_in();
        let base = policy.packs().newest().next().unwrap();
        let mut own = base.clone();
        own.clauses.retain(|clause| &*clause.id.0 != "GA-3.8");
        let found = weakenings(&own, base, policy.calendar());
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("GA-3.8: is missing"), "{}", found[0]);
    }
}
