//! `doorstep admin rotate-key`: another key for the server, while it stands still.

use clap::ValueEnum;
use doorstep_sync_server::rotate::{self, Webhook};
use doorstep_sync_server::{attachment, sealing};

use crate::failure::{Failure, Outcome, chain};
use crate::office::Office;
use crate::out::Out;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// With which the server signs how its logs stand, and seals the codes at sign-in (server.key)
    Signing,
    /// To which devices seal copies of their unsent records (sealing.key)
    Sealing,
    /// With which attachments are encrypted (attachments.key)
    Attachments,
    /// What keeps people signed in to the console: everybody signs in again
    Sessions,
    /// The webhook's: first a second one beside it, then the old one ends
    Webhook,
}

/// Changes it.
pub fn run(office: &Office, kind: Kind, out: &mut Out) -> Outcome {
    // A running server would go on with the key that it has read.
    let needs_rest = !matches!(kind, Kind::Sessions | Kind::Webhook);
    if needs_rest && office.is_beside_a_server() {
        let words = "stop the server first: it goes on with the key that it has read; start it \
                     again afterwards";
        return Err(Failure::No(words.to_owned()));
    }
    let (db, ambient, folder) = (office.db(), office.ambient(), &office.config().data);
    match kind {
        Kind::Signing => {
            let done = office.wait(rotate::signing(db, folder, ambient)).map_err(|e| said(&e))?;
            out.line(format!(
                "The server signs with the key {} now, no more {}.",
                done.new, done.old
            ))?;
            out.line(
                "Each device says so when it next syncs, and goes on syncing. Its person asks you \
                 and compares the mark: `doorstep device trust-server MARK`.",
            )?;
            if done.unopened > 0 {
                let count = done.unopened;
                out.line(format!("{count} second factors could not be opened: --remove-codes."))?;
            }
        }
        Kind::Sealing => {
            let key = sealing::rotate(folder, ambient).map_err(|e| said(&e))?;
            out.line(format!("Devices seal to the key {} from their next sync on.", key.id))?;
            out.line("The old one stays beside it: a device may hand in what it sealed before.")?;
        }
        Kind::Attachments => {
            let done = office.wait(attachment::rotate(db, folder, ambient));
            let done = done.map_err(|e| said(&e))?;
            out.line(format!("{} attachments are under the new key.", done.attachments))?;
            if done.unopened > 0 {
                let count = done.unopened;
                out.line(format!("{count} could not be opened; `doorstep verify` names them."))?;
            }
            if let Some(kept) = done.kept {
                let kept = kept.display();
                out.line(format!("Backups of before need the old one, which is {kept}."))?;
            }
        }
        Kind::Sessions => {
            office.wait(rotate::sessions(db, ambient)).map_err(|e| said(&e))?;
            out.line("Everybody signs in to the console again.")?;
        }
        Kind::Webhook => return webhook(office, out),
    }
    if needs_rest { out.line("Back up now, and start the server again.") } else { Ok(()) }
}

fn webhook(office: &Office, out: &mut Out) -> Outcome {
    let file = office.config().notices.webhook.secret_file.as_ref();
    match rotate::webhook(file, office.ambient()).map_err(|error| said(&error))? {
        Webhook::Added { secret } => {
            out.line("Give the receiver this secret:")?;
            out.line(format!("  {}", secret.reveal()))?;
            out.line(
                "Start the server again: it signs with both. Once the receiver has it, run \
                      this again, and the old one ends.",
            )
        }
        Webhook::Ended => out.line("The old secret has ended. Start the server again."),
    }
}

fn said(error: &dyn std::error::Error) -> Failure {
    Failure::No(chain(error))
}
