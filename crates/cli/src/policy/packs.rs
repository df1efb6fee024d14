//! `doorstep policy list` and `check`: the clauses, and packs of an organisation's own.

use std::path::Path;

use doorstep_core::policy::{Pack, Policy, read_pack, upheld_by, weakenings};
use serde::Serialize;

use super::files;
use crate::failure::{Failure, Outcome};
use crate::out::Out;

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    kind: &'static str,
    modality: &'static str,
    owner: &'static str,
    limit: Option<String>,
    citation: String,
    sentence: &'a str,
    upheld_by: &'static str,
}

/// Lists the clauses of the packs in force, in the documents' order.
pub fn list(policy: &Policy, json: bool, out: &mut Out) -> Outcome {
    for pack in policy.packs().newest() {
        let listed: Vec<Listed<'_>> = pack.clauses.iter().map(|clause| row(pack, clause)).collect();
        if json {
            out.json(&serde_json::json!({
                "pack": &*pack.id, "version": &*pack.version, "title": pack.title, "clauses": listed
            }))?;
            continue;
        }
        out.heading(format!("{} (pack {}, version {})", pack.title, pack.id, pack.version))?;
        for clause in listed {
            out.hanging(&format!("{:8}", clause.id), clause.sentence)?;
            let limit = clause.limit.map(|limit| format!("; {limit}")).unwrap_or_default();
            let citation = clause.citation;
            out.prose(8, format!("{}{limit}. {citation}.", clause.kind))?;
        }
        out.gap()?;
    }
    Ok(())
}

fn row<'a>(pack: &'a Pack, clause: &'a doorstep_core::policy::Clause) -> Listed<'a> {
    Listed {
        id: &clause.id.0,
        kind: clause.kind.as_str(),
        modality: clause.modality.as_str(),
        owner: clause.owner.as_str(),
        limit: clause.limit.map(doorstep_core::policy::Limit::in_words),
        citation: format!("{}, section {}", pack.title, clause.section),
        sentence: clause.question.as_deref().unwrap_or(&clause.sentence),
        upheld_by: upheld_by(clause),
    }
}

/// Lists every way in which a pack is weaker than another.
pub fn check(own: &Path, against: &str, json: bool, out: &mut Out) -> Outcome {
    let policy = Policy::built_in();
    let mut known = policy.packs().clone();
    let base = base(against, &policy)?;
    if known.newest().all(|pack| pack.id != base.id) {
        known.add(base.clone());
    }
    let own_pack = read_pack(&files::text(own)?, &known)
        .map_err(|fault| Failure::Misused(format!("{}: {fault}", own.display())))?;
    let weaker = weakenings(&own_pack, &base, policy.calendar());
    if json {
        let sentences: Vec<String> = weaker.iter().map(ToString::to_string).collect();
        out.json(&serde_json::json!({ "weaker": !weaker.is_empty(), "weakenings": sentences }))?;
    } else if weaker.is_empty() {
        out.line(format!("{} is nowhere weaker than {}", own_pack.id, base.id))?;
    } else {
        out.line(format!("{} is weaker than {}:", own_pack.id, base.id))?;
        for weakening in &weaker {
            out.hanging("  - ", weakening.to_string())?;
        }
    }
    if weaker.is_empty() { Ok(()) } else { Err(Failure::Told) }
}

/// The pack with this id, or in this file.
fn base(named: &str, policy: &Policy) -> Outcome<Pack> {
    if let Some(pack) = policy.packs().newest().find(|pack| &*pack.id == named) {
        return Ok(pack.clone());
    }
    let file = Path::new(named);
    if !file.is_file() {
        let ids: Vec<&str> = policy.packs().newest().map(|pack| &*pack.id).collect();
        let ids = ids.join(", ");
        let sentence = format!("there is no pack \"{named}\": name one of {ids}, or a pack's file");
        return Err(Failure::Misused(sentence));
    }
    read_pack(&files::text(file)?, policy.packs())
        .map_err(|fault| Failure::Misused(format!("{}: {fault}", file.display())))
}
