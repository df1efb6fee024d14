//! `doorstep policy compare` and `adopt`: what a policy would change in an organisation, and taking
//! it into use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use doorstep_core::event::Service;
use doorstep_core::policy::{Policy, PolicyDocument};
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::admin::policy::{Compared, compare as compare_all, put_policy};
use doorstep_sync_server::store::Tx;
use serde_json::json;

use super::files;
use crate::ambient;
use crate::failure::{Failure, Outcome};
use crate::office::Office;
use crate::out::{Out, progress};
use crate::settings::Settings;

/// Replays an organisation's log under two policies and says what is not the same.
pub fn compare(
    (old, new): (&str, &str),
    settings: &Settings,
    json: bool,
    out: &mut Out,
) -> Outcome {
    let office = Office::open(settings.load(&[])?, false)?;
    let (one, other) = (policy(old, &office)?, policy(new, &office)?);
    let now = ambient::now();
    let (bar, judged) = (progress("children judged"), AtomicUsize::new(0));
    let found = office.read(move |tx: &dyn Tx| {
        let found = compare_all(tx, (&one, &other), now, |total| {
            bar.set_length(total as u64);
            bar.set_position(judged.fetch_add(1, Ordering::Relaxed) as u64 + 1);
        });
        bar.finish_and_clear();
        found.map_err(AdminError::from)
    })?;
    if json { out.json(&as_json(&found)) } else { tell(&found, new, out) }
}

fn as_json(found: &[Compared]) -> serde_json::Value {
    let children: Vec<_> = found
        .iter()
        .map(|child| json!({ "child": child.external, "changes": child.changes }))
        .collect();
    json!({ "children": children })
}

fn tell(found: &[Compared], new: &str, out: &mut Out) -> Outcome {
    for child in found {
        out.heading(&child.external)?;
        for change in &child.changes {
            out.hanging("  - ", change)?;
        }
    }
    match found.len() {
        0 => out.line(format!("{new} would change nothing.")),
        1 => out.line(format!("{new} would change something for 1 child.")),
        n => out.line(format!("{new} would change something for {n} children.")),
    }
}

/// `built-in`, `current`, or the file of a pack.
fn policy(named: &str, office: &Office) -> Outcome<Policy> {
    match named {
        "built-in" => Ok(Policy::built_in()),
        "current" => Ok((*office.judge().policy).clone()),
        file if Path::new(file).is_file() => files::policy(&[PathBuf::from(file)]),
        other => Err(Failure::Misused(format!(
            "there is no policy \"{other}\": say built-in, current, or name a pack's file"
        ))),
    }
}

/// Takes packs into use and judges every child again.
pub fn adopt(
    packs: &[PathBuf],
    (children, carers): (&[String], &[String]),
    settings: &Settings,
    json: bool,
    out: &mut Out,
) -> Outcome {
    files::policy(packs)?;
    let document = PolicyDocument {
        packs: packs.iter().map(|file| files::text(file)).collect::<Outcome<_>>()?,
        services: services(children, carers),
    };
    Policy::of(&document).map_err(|refusal| Failure::No(refusal.to_string()))?;
    let office = Office::open(settings.load(&[])?, false)?;
    if office.is_beside_a_server() {
        let sentence = "stop the server first: it would go on judging by the policy it began with";
        return Err(Failure::No(sentence.to_owned()));
    }
    let judge = office.judge();
    let judged = office.write(move |tx: &mut dyn Tx| put_policy(tx, &judge, &document))?;
    if json {
        return out.json(&json!({ "packs": packs, "children_judged": judged }));
    }
    let what = match packs.len() {
        0 => "The built-in packs hold".to_owned(),
        1 => "1 pack of your own holds".to_owned(),
        n => format!("{n} packs of your own hold"),
    };
    out.line(format!("{what} from now on; {judged} children were judged again."))
}

fn services(children: &[String], carers: &[String]) -> BTreeMap<Service, BTreeSet<String>> {
    [(Service::Children, children), (Service::ParentsOrCarers, carers)]
        .into_iter()
        .filter(|(_, policies)| !policies.is_empty())
        .map(|(service, policies)| (service, policies.iter().cloned().collect()))
        .collect()
}
