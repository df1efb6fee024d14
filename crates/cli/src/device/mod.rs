//! `doorstep device`: a working device on its own encrypted file, for people on a laptop, for
//! scripts and for tests.

pub mod advice;
mod attachments;
pub mod client;
pub mod describe;
pub mod exchange;
mod explain;
pub mod find;
pub mod folder;
mod passphrase;
pub mod record;
mod serve;
mod show;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use doorstep_core::ids::EventId;
use doorstep_core::policy::Policy;
use doorstep_core::time::in_words;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::porch::HandedOver;
use doorstep_device_store::{Held, RecordState, Source, Store};
use serde_json::json;

use self::advice::{Advice, Known};
use self::folder::Folder;
use crate::ambient;
use crate::failure::{Failure, OrFail as _, Outcome};
use crate::out::{Out, complain};

/// A device on this computer: record visits, see what is owed, sync
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A device works without a network: everything but `enrol` and `sync` is local.\n\n\
    Examples:\n  \
    doorstep device init\n  \
    doorstep device enrol 7KQ4-M2XP --server https://doorstep.example\n  \
    doorstep device sync\n  \
    doorstep device record --child amber --form no-response --step windows-checked\n  \
    doorstep device duties amber\n\n\
    The passphrase is asked for, or taken from --passphrase-file or DOORSTEP_PASSPHRASE."
)]
pub struct DeviceArgs {
    /// The device's folder
    #[arg(
        long,
        visible_alias = "store",
        value_name = "DIR",
        global = true,
        env = "DOORSTEP_DEVICE",
        default_value = "doorstep-device"
    )]
    dir: PathBuf,
    /// A file whose first line is the passphrase
    #[arg(long, value_name = "FILE", global = true, env = "DOORSTEP_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// A certificate authority (PEM) to trust beside the system's; kept from `enrol` on
    #[arg(long, value_name = "FILE", global = true, env = "DOORSTEP_CA")]
    ca: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one of these is made in the life of a process")]
enum Action {
    /// Make an empty, encrypted device
    Init,
    /// Give the device an identity with the code that a manager issued
    Enrol {
        /// The code
        code: String,
        /// The server's address
        #[arg(long, value_name = "URL", env = "DOORSTEP_SERVER")]
        server: String,
        /// What you call this device
        #[arg(long, value_name = "NAME", default_value = "laptop")]
        name: String,
    },
    /// What is owed today, and whom to phone
    Today {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    Record(record::RecordArgs),
    /// The records made on this device, the newest first
    List {
        /// How many
        #[arg(long, value_name = "COUNT", default_value_t = show::RECORDS_DEFAULT)]
        limit: u32,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// A child: the card, whom to phone, every record
    Show {
        /// The child, by a part of the name or by id
        child: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// What is owed, for one child or for all
    Duties {
        /// The child, by a part of the name or by id
        child: Option<String>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Why each duty of a child stands where it stands, and the questions to be considered
    Explain {
        /// The child, by a part of the name or by id
        child: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a copy of a letter with an earlier failed contact (NA-4.15)
    Attach {
        /// The failed contact: the last characters of its id are enough
        record: String,
        /// The copy: a JPEG, PNG, WebP or PDF
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print what was recorded and what is owed as JSON
        #[arg(long)]
        json: bool,
    },
    /// Get an attachment of a record, and save it
    Fetch {
        /// The attachment: the first characters of its hash, as `show` lists them
        attachment: String,
        /// The file to write; it must not be there
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Send what is recorded, fetch what is new
    Sync {
        /// Print what it came to as JSON
        #[arg(long)]
        json: bool,
        /// Only hand in what is unsent, sealed as it is: asks for no passphrase, fetches nothing
        #[arg(long)]
        locked: bool,
    },
    Serve(serve::ServeArgs),
    /// What the server signed about its logs, as evidence for `doorstep verify --head`
    Head,
    /// The server's signing key was changed, and you compared its mark with whoever runs the server
    TrustServer {
        /// The mark of the new key, as `status` shows it
        mark: String,
    },
    /// How the device stands
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

fn read_authority(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file).or_no(&format!("cannot read {}", file.display()))
}

/// Runs it.
pub fn run(args: &DeviceArgs, out: &mut Out) -> Outcome {
    let folder = Folder::at(&args.dir);
    let given = args.ca.as_deref().map(read_authority).transpose()?;
    if let Some(authority) = given.clone().or_else(|| folder.authority()) {
        client::trust(authority.as_bytes())?;
    }
    if matches!(args.action, Action::Init) {
        folder.init(&passphrase::chosen(args.passphrase_file.as_ref())?)?;
        out.line(format!("There is an empty, encrypted device in {} now.", args.dir.display()))?;
        return out.line("Next: doorstep device enrol CODE --server URL");
    }
    if let Action::Serve(serving) = &args.action {
        let given = passphrase::given(args.passphrase_file.as_ref())?;
        return serve::run(serving, &folder, given.as_ref().map(|given| given.as_str()), out);
    }
    folder.expect_there()?;
    if let Action::Sync { json, locked } = args.action
        && (locked || folder.porch()?.destroyed().or_no("cannot look at the device")?.is_some())
    {
        return hand_in(&folder, json, out);
    }
    let mut store = folder.open(&passphrase::known(args.passphrase_file.as_ref())?)?;
    store.look(&ambient::clock()).or_no("cannot look at the device")?;
    match &args.action {
        Action::Init | Action::Serve(_) => Ok(()),
        Action::Enrol { code, server, name } => {
            let answer = exchange::enrol(&mut store, &folder, server, code, name)?;
            if let Some(authority) = &given {
                folder.put_authority(authority)?;
            }
            let organisation = answer.organisation_name;
            out.line(format!("This is {}'s device at {organisation} now.", answer.person.name))?;
            out.line("Next: doorstep device sync")
        }
        Action::Today { json } => show::today(&store, *json, out),
        Action::Record(args) => record::run(args, &mut store, out),
        Action::Attach { record, files, json } => {
            record::attach(&mut store, record, files, *json, out)
        }
        Action::Fetch { attachment, to } => {
            let server = folder.server();
            attachments::fetch(&mut store, server.as_deref(), attachment, to.as_deref(), out)
        }
        Action::List { limit, json } => show::list(&store, *limit, *json, out),
        Action::Show { child, json } => {
            let children = store.children().or_no("cannot read the caseload")?;
            show::child(&store, &find::child(&children, child)?, *json, out)
        }
        Action::Duties { child, json } => {
            let mut children = store.children().or_no("cannot read the caseload")?;
            if let Some(child) = child {
                children = vec![find::child(&children, child)?];
            }
            show::duties(&store, &children, *json, out)
        }
        Action::Explain { child, json } => {
            let children = store.children().or_no("cannot read the caseload")?;
            explain::explain(&store, &find::child(&children, child)?, *json, out)
        }
        Action::Sync { json, .. } => sync(&mut store, &folder, *json, out),
        Action::Head => out.json(&store.kept_heads().or_no("cannot read what was kept")?),
        Action::TrustServer { mark } => trust_server(&mut store, mark, out),
        Action::Status { json } => {
            let status = store.status().or_no("cannot read the device's status")?;
            show::status(&status, folder.server().as_deref(), *json, out)
        }
    }
}

/// The server is known by another key from now on.
fn trust_server(store: &mut Store, mark: &str, out: &mut Out) -> Outcome {
    if store.trust_head_key(mark).or_no("cannot note the server's key")? {
        return out.line("The server is known by that key from now on.");
    }
    let sentence =
        "the server has not signed with a key of that mark: see `doorstep device status`";
    Err(Failure::No(sentence.to_owned()))
}

fn server(folder: &Folder) -> Outcome<String> {
    folder.server().ok_or_else(|| {
        let sentence = "this device is not enrolled yet: doorstep device enrol CODE --server URL";
        Failure::No(sentence.to_owned())
    })
}

/// Hands in what is unsent while the device stays locked, or after its key was destroyed.
fn hand_in(folder: &Folder, json: bool, out: &mut Out) -> Outcome {
    let (porch, server) = (folder.porch()?, server(folder)?);
    let HandedOver { received, kept } = exchange::hand_in(&porch, &server)?;
    if json {
        return out.json(&json!({ "handed_in": received, "kept": kept }));
    }
    out.line(format!("Handed in {received} records, sealed; nothing was opened or fetched."))?;
    if kept > 0 {
        out.line(format!(
            "{kept} records stay here, because the server cannot take them yet: open the device \
             and sync."
        ))?;
    }
    match porch.refuse_destroyed() {
        Ok(()) => out.line("What became of them is told when you next sync with the passphrase."),
        Err(refused) => out.line(doorstep_core::describe::sentence_case(&refused.to_string())),
    }
}

fn sync(store: &mut Store, folder: &Folder, json: bool, out: &mut Out) -> Outcome {
    let server = server(folder)?;
    let synced = exchange::sync_and_show(store, &server, json, out)?;
    let status = store.status().or_no("cannot read the device's status")?;
    if json {
        return out.json(&json!({ "synced": synced, "needs_you": status.needs_you }));
    }
    let at = status.last_contact.map(in_words).unwrap_or_default();
    out.line(format!("Synced at {at}: {}.", synced.sentence()))?;
    if status.needs_you > 0 {
        out.line("Some records were set aside and need you: see `doorstep device list`.")?;
    }
    Ok(())
}

/// The policy that the device judges by. Where it cannot read the organisation's, it says so and
/// advises by the built-in one.
pub fn policy(store: &Store) -> Outcome<Policy> {
    let held = store.policy().or_no("cannot read the policy")?;
    if let Some(why) = held.unreadable {
        complain(&format!(
            "doorstep: this app cannot read your organisation's policy ({why}): update it; what it \
             says is owed comes from the built-in policies meanwhile"
        ));
    }
    Ok(held.policy)
}

/// What the device says about a child, from everything that it holds. `made` was recorded just now.
pub fn judge(
    store: &Store,
    policy: &Policy,
    card: &ChildCard,
    made: &[EventId],
    now: DateTime<Utc>,
) -> Outcome<Advice> {
    let held = store.timeline(card.id).or_no("cannot read the device's records")?;
    let events: Vec<_> = held.iter().filter_map(|held| held.event().cloned()).collect();
    let only_here = |held: &&Held| held.source == Source::Own(RecordState::OnThisDevice);
    let unsent: Vec<_> = held.iter().filter(only_here).filter_map(Held::id).collect();
    let judged = store.assess(card.id, policy, now).or_no("cannot judge this child")?;
    let known = Known { events: &events, made, unsent: &unsent };
    Ok(advice::advice(card, &judged.assessment, &known, judged.unreadable.len()))
}
