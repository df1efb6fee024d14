//! `doorstep backup`, `restore` and `verify`: copies of an organisation's store, and whether it is
//! as it must be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use doorstep_core::wire::KeptHead;
use doorstep_sync_server::attachment::AttachmentKey;
use doorstep_sync_server::backup::{BackupError, Copied, backup, restore};
use doorstep_sync_server::head;
use doorstep_sync_server::store::{StoreError, Tx};
use doorstep_sync_server::verify::{
    Check, attachments as verify_attachments, trees as verify_trees, verify,
};
use serde_json::json;

use crate::ambient;
use crate::failure::{Failure, Outcome, chain};
use crate::office::Office;
use crate::out::Out;
use crate::settings::Settings;

/// Back up an organisation's store to one file; its server may go on working
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  doorstep backup /backups/ficton-$(date +%F).db --data ficton")]
pub struct BackupArgs {
    #[command(flatten)]
    settings: Settings,
    /// The file to write; it must not be there
    file: PathBuf,
    /// Print what was copied as JSON
    #[arg(long)]
    json: bool,
}

/// Put a backup into a data folder that holds no database
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Devices notice the restore at their next sync and send again what it lacks.\n\n\
                        Example:\n  doorstep restore /backups/ficton-2026-03-02.db --data restored"
)]
pub struct RestoreArgs {
    #[command(flatten)]
    settings: Settings,
    /// The backup
    file: PathBuf,
    /// Print what was copied as JSON
    #[arg(long)]
    json: bool,
}

/// Check every record, signature and chain of a store, and judge every child again
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    settings: Settings,
    /// What a device kept of how the logs stood, as `doorstep device head` prints it; several times
    #[arg(long = "head", value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Backs up.
pub fn run_backup(args: &BackupArgs, out: &mut Out) -> Outcome {
    let config = args.settings.load(&[])?;
    let copied = backup(&config.data, &args.file).map_err(|error| said(&error))?;
    tell("Backed up", &copied, args.json, out)
}

/// Restores.
pub fn run_restore(args: &RestoreArgs, out: &mut Out) -> Outcome {
    let config = args.settings.load(&[])?;
    let copied = restore(&args.file, &config.data, ambient::now()).map_err(|error| said(&error))?;
    tell("Restored", &copied, args.json, out)
}

fn said(error: &BackupError) -> Failure {
    Failure::No(chain(error))
}

fn tell(done: &str, copied: &Copied, as_json: bool, out: &mut Out) -> Outcome {
    let Copied { file, head, bytes, key, has_attachments } = copied;
    if as_json {
        return out.json(&json!({ "file": file, "events": head, "bytes": bytes, "key": key }));
    }
    out.line(format!("{done} {head} events to {} ({bytes} bytes).", file.display()))?;
    match key {
        Some(key) => out.line(format!(
            "The attachments in it are opened by {}: keep it safe, and apart from backups.",
            key.display()
        )),
        None if *has_attachments => out.line(
            "The key of the attachments in it is not here: put attachments.key into the data \
             folder; what it does not open, devices send again.",
        ),
        None => Ok(()),
    }
}

/// Verifies.
pub fn run_verify(args: &VerifyArgs, out: &mut Out) -> Outcome {
    let office = Office::open(args.settings.load(&[])?, false)?;
    let policy = office.judge().policy;
    let key = AttachmentKey::read(&office.config().data);
    let key = key.map_err(|error| Failure::No(chain(&error)))?;
    let public = head::public(&office.config().data);
    let public = public.map_err(|error| Failure::No(chain(&error)))?;
    let mut kept = Vec::new();
    for file in &args.heads {
        kept.extend(read_heads(file)?);
    }
    let report = office.read(move |tx: &dyn Tx| {
        let mut report = verify(tx, &policy)?;
        verify_attachments(tx, key.as_ref(), &mut report)?;
        verify_trees(tx, &kept, &public, &mut report)?;
        Ok::<_, StoreError>(report)
    })?;
    if args.json {
        let findings: Vec<_> = report.findings.iter().map(|finding| &finding.what).collect();
        let checks: BTreeMap<_, _> = Check::ALL
            .map(|check| (check.as_str(), report.found_by(check).count()))
            .into_iter()
            .collect();
        out.json(&json!({
            "sound": report.is_sound(),
            "events": report.events,
            "set_aside": report.set_aside,
            "devices": report.devices,
            "children": report.children,
            "escalations": report.escalations,
            "attachments": report.attachments,
            "attachments_not_arrived": report.not_arrived,
            "heads": report.heads,
            "findings": findings,
            "checks": checks,
        }))?;
    } else {
        out.line(report.to_string().trim_end())?;
    }
    if report.is_sound() { Ok(()) } else { Err(Failure::Told) }
}

/// The heads in a file that `doorstep device head` wrote.
fn read_heads(file: &Path) -> Result<Vec<KeptHead>, Failure> {
    let unreadable = |reason: String| {
        let file = file.display();
        Failure::No(format!("{file} is not what `doorstep device head` prints: {reason}"))
    };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
}
