//! Attachments on a laptop: files that go with a record, the requests about them, and getting one.

use std::fs::{self, File};
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};

use doorstep_core::attachment::{Attachment, Shows, size_in_words};
use doorstep_core::event::{ArrangedBy, Step, What};
use doorstep_core::seal::Hash;
use doorstep_core::wire::AttachmentState;
use doorstep_device_store::{AttachmentRequest, AttachmentStanding, Held, NewAttachment, Store};
use serde::Serialize;

use super::client::{Client, NoAnswer};
use crate::ambient;
use crate::failure::{Failure, OrFail as _, Outcome};
use crate::out::Out;

/// Bytes that are kept at once of an attachment that comes.
const FETCHED_BYTES: usize = 256 * 1024;
/// Bytes that are written at once to a file.
const SAVED_BYTES: usize = 256 * 1024;

/// One attachment as a script sees it.
#[derive(Serialize)]
pub struct AttachmentRow {
    hash: Hash,
    name: String,
    what: String,
    #[serde(flatten)]
    standing: AttachmentStanding,
}

impl AttachmentRow {
    /// The attachments of a record.
    pub fn of(store: &Store, held: &Held) -> Outcome<Vec<Self>> {
        let attachments = held.event().map(|event| event.attachments.as_slice());
        let row = |attachment: &Attachment| {
            let standing = store.attachment_standing(attachment.hash);
            Ok(Self {
                hash: attachment.hash,
                name: attachment.file_name(),
                what: attachment.in_words(),
                standing: standing.or_no("cannot read the device's attachments")?,
            })
        };
        attachments.unwrap_or_default().iter().map(row).collect()
    }

    /// It in a line.
    pub fn line(&self) -> String {
        let state = match &self.standing {
            AttachmentStanding::OnThisDevice => "on this device".to_owned(),
            AttachmentStanding::PartSent { sent } => format!("{} sent", size_in_words(*sent)),
            AttachmentStanding::Received { backed_up: false } => "received".to_owned(),
            AttachmentStanding::Received { backed_up: true } => "backed up".to_owned(),
            AttachmentStanding::Refused { reason } => format!("refused: {reason}"),
            AttachmentStanding::NotHere => "not here; `doorstep device fetch` gets it".to_owned(),
            AttachmentStanding::PartFetched { held } => {
                format!("{} fetched", size_in_words(*held))
            }
            AttachmentStanding::Fetched => "here, from the server".to_owned(),
        };
        format!("{} ({}): {state}", self.what, &self.hash.to_string()[..8])
    }
}

/// Files that are to be attached, opened.
pub struct Files(Vec<(Shows, BufReader<File>)>);

impl Files {
    /// Opens them. Without `shows`, what was recorded tells what they show.
    pub fn open(paths: &[PathBuf], shows: Option<Shows>, what: &What) -> Outcome<Self> {
        let shows = shows.unwrap_or_else(|| likely(what));
        let open = |path: &PathBuf| {
            let file = File::open(path).map_err(|error| {
                Failure::Misused(format!("cannot read {}: {error}", path.display()))
            })?;
            Ok((shows, BufReader::new(file)))
        };
        Ok(Self(paths.iter().map(open).collect::<Outcome<_>>()?))
    }

    /// As the store takes them.
    pub fn sources(&mut self) -> Vec<NewAttachment<'_>> {
        let files = self.0.iter_mut();
        files.map(|(shows, source)| NewAttachment { shows: *shows, source }).collect()
    }
}

/// What a file most likely shows that goes with such a record.
fn likely(what: &What) -> Shows {
    match what {
        What::LetterCopied(_) => Shows::Letter,
        What::FailedContact(contact)
            if contact.steps.contains(&Step::LetterLeft)
                || contact.arranged_by == Some(ArrangedBy::Letter) =>
        {
            Shows::Letter
        }
        What::FailedContact(contact) if contact.steps.contains(&Step::CardLeft) => Shows::Card,
        _ => Shows::Other,
    }
}

/// How far an attachment has come, after one request about it.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Which.
    pub hash: Hash,
    /// It is being fetched, not sent.
    pub fetched: bool,
    /// Bytes that the receiving side has.
    pub done: u64,
    /// Bytes in all.
    pub of: u64,
}

impl Moved {
    /// It in a line.
    pub fn sentence(&self) -> String {
        let verb = if self.fetched { "fetched" } else { "sent" };
        let short = &self.hash.to_string()[..8];
        format!("attachment {short}: {} of {} bytes {verb}", self.done, self.of)
    }
}

/// Makes the next request about an attachment, if there is one, and takes its answer in. `None`:
/// there is nothing to send or to fetch now.
pub fn exchange_one(store: &mut Store, client: &Client, token: &str) -> Outcome<Option<Moved>> {
    let now = ambient::clock().wall.to_utc();
    let next = store.next_attachment(now).or_no("cannot prepare a request")?;
    let Some(request) = next else { return Ok(None) };
    let hash = request.hash();
    let said = |error: doorstep_device_store::Error| Failure::No(error.to_string());
    if let AttachmentRequest::Fetch { from, of, .. } = request {
        return match fetch_one(store, client, token, hash, from)? {
            Ok(done) => Ok(Some(Moved { hash, fetched: true, done, of })),
            Err(error) => refused(store, &request, &error).map(|()| None),
        };
    }
    let Some(answer) = send_one(client, token, &request) else { return Ok(None) };
    match answer {
        Ok(state) => {
            store.attachment_answered(&request, &state, now).map_err(said)?;
            let (done, of) = (state.received, state.bytes);
            Ok(Some(Moved { hash, fetched: false, done, of }))
        }
        Err(error) => {
            refused(store, &request, &error)?;
            let standing = store.attachment_standing(hash).map_err(said)?;
            if let AttachmentStanding::Refused { .. } = standing {
                // Shown with the record; what comes after it goes on.
                return Ok(Some(Moved { hash, fetched: false, done: 0, of: 0 }));
            }
            Ok(None)
        }
    }
}

/// Makes a request that sends; `None` for one that fetches.
pub fn send_one(
    client: &Client,
    token: &str,
    request: &AttachmentRequest,
) -> Option<Result<AttachmentState, NoAnswer>> {
    let path = format!("/v1/attachments/{}", request.hash());
    match request {
        AttachmentRequest::Offer { offer, .. } => Some(client.put(&path, token, offer)),
        AttachmentRequest::Send { offset, bytes, .. } => {
            Some(client.patch(&format!("{path}?offset={offset}"), token, bytes.clone()))
        }
        AttachmentRequest::Fetch { .. } => None,
    }
}

/// Fetches from `from` on, keeping every stretch as it comes; how many bytes are here then.
fn fetch_one(
    store: &mut Store,
    client: &Client,
    token: &str,
    hash: Hash,
    from: u64,
) -> Outcome<Result<u64, NoAnswer>> {
    let (mut place, mut waiting) = (from, Vec::with_capacity(FETCHED_BYTES));
    let mut failure = None;
    let path = format!("/v1/attachments/{hash}");
    let mut keep = |bytes: &mut Vec<u8>, place: &mut u64| {
        let kept = store.attachment_fetched(hash, *place, bytes);
        *place += bytes.len() as u64;
        bytes.clear();
        match kept {
            Ok(_) => true,
            Err(error) => {
                failure = Some(Failure::No(error.to_string()));
                false
            }
        }
    };
    let fetched = client.get(&path, token, from, |bytes| {
        waiting.extend_from_slice(bytes);
        waiting.len() < FETCHED_BYTES || keep(&mut waiting, &mut place)
    });
    // What came before the connection broke is kept as well.
    if !waiting.is_empty() {
        keep(&mut waiting, &mut place);
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    Ok(fetched.map(|()| place))
}

/// Lets the machine know what the server said, or that it said nothing.
fn refused(store: &mut Store, request: &AttachmentRequest, error: &NoAnswer) -> Outcome {
    let goes_on = match error.problem() {
        Some(problem) => store.attachment_refused(request, problem),
        None => Ok(false),
    };
    if goes_on.or_no("cannot keep what the server said")? {
        let fetching = matches!(request, AttachmentRequest::Fetch { .. });
        return if fetching { Err(Failure::No(error.to_string())) } else { Ok(()) };
    }
    let (now, jitter) = (ambient::now(), u64::from_le_bytes(ambient::random()));
    let failed = store.attachment_failed(now, error.retry_after(), jitter);
    failed.or_no("cannot keep that the server did not answer")?;
    Err(Failure::No(error.to_string()))
}

/// The attachment whose hash begins with `text`.
pub fn find(store: &Store, text: &str) -> Outcome<Attachment> {
    let text = text.trim().to_lowercase();
    let mut meant: Vec<Attachment> = Vec::new();
    if text.len() >= 4 {
        for card in store.children().or_no("cannot read the caseload")? {
            let held = store.timeline(card.id).or_no("cannot read the device's records")?;
            let named = held.iter().filter_map(Held::event).flat_map(|event| &event.attachments);
            for attachment in named.filter(|named| named.hash.to_string().starts_with(&text)) {
                if meant.iter().all(|other| other.hash != attachment.hash) {
                    meant.push(attachment.clone());
                }
            }
        }
    }
    match meant.len() {
        1 => Ok(meant.remove(0)),
        0 => Err(Failure::Misused(format!(
            "no record on this device has an attachment \"{text}\": `doorstep device show CHILD` \
             lists them"
        ))),
        _ => Err(Failure::Misused(format!(
            "several attachments begin with \"{text}\": write more of it"
        ))),
    }
}

/// Gets an attachment, from the server where it is not here, and saves it to a file that is not
/// there yet, if one is named.
pub fn fetch(
    store: &mut Store,
    server: Option<&str>,
    text: &str,
    to: Option<&Path>,
    out: &mut Out,
) -> Outcome {
    let attachment = find(store, text)?;
    let said = |error: doorstep_device_store::Error| Failure::No(error.to_string());
    if store.want_attachment(&attachment, ambient::now()).map_err(said)? {
        let server = server.ok_or_else(|| said(doorstep_device_store::Error::NotEnrolled))?;
        super::exchange::sync_and_show(store, server, true, out)?;
    }
    let standing = store.attachment_standing(attachment.hash).map_err(said)?;
    if !standing.is_here() {
        let sentence = "its bytes have not arrived at the server yet: fetch it again later";
        return Err(Failure::No(sentence.to_owned()));
    }
    let Some(file) = to else {
        let name = attachment.file_name();
        return out.line(format!("{name} is on this device: save it with --to FILE"));
    };
    save(store, &attachment, file)?;
    out.line(format!("Saved {} to {}.", attachment.in_words(), file.display()))
}

fn save(store: &Store, attachment: &Attachment, file: &Path) -> Outcome {
    let doing = format!("cannot save to {}", file.display());
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(file).or_no(&doing)?;
    let mut place = 0;
    while place < attachment.bytes {
        let bytes = store.attachment_bytes(attachment.hash, place, SAVED_BYTES);
        let bytes = bytes.or_no("cannot read the device's attachments")?;
        opened.write_all(&bytes).or_no(&doing)?;
        place += bytes.len().max(1) as u64;
    }
    opened.sync_all().or_no(&doing)
}
