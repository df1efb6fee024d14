//! `doorstep admin notices`: what became of every notice, trying whether they arrive, and trying
//! those that failed again.

use clap::{Subcommand, ValueEnum};
use doorstep_core::time::in_words;
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::outbox::send_test;
use doorstep_sync_server::store::Tx;
use doorstep_sync_server::store::notices::{
    Attempt, Channel, LogFilter, Notice, NoticeState, Receiver, Upshot,
};
use serde_json::{Value, json};

use super::find_person;
use crate::failure::{Failure, Outcome};
use crate::office::Office;
use crate::out::Out;

#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// What became of every notice: to whom, how, when, and when it is tried next
    List {
        /// Only those that have not arrived
        #[arg(long)]
        open: bool,
        /// Only those to this person, by external id or name
        #[arg(long, value_name = "PERSON")]
        to: Option<String>,
        /// At most so many, the latest first
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Print it with every attempt as JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a test to somebody
    Test {
        /// To whom, by external id or name
        person: String,
        /// By which way
        #[arg(long)]
        by: Way,
    },
    /// Try those that failed again now, by the running server or at its next start
    Again,
}

/// A way of telling.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Way {
    /// The organisation's mail server
    Email,
    /// E-mail by GOV.UK Notify
    NotifyEmail,
    /// A text message by GOV.UK Notify
    NotifySms,
    /// The organisation's webhook
    Webhook,
}

impl From<Way> for Channel {
    fn from(way: Way) -> Self {
        match way {
            Way::Email => Self::Email,
            Way::NotifyEmail => Self::NotifyEmail,
            Way::NotifySms => Self::NotifySms,
            Way::Webhook => Self::Webhook,
        }
    }
}

/// Runs it.
pub fn run(office: &Office, action: &Action, out: &mut Out) -> Outcome {
    match action {
        Action::List { open, to, limit, json } => {
            let people = match to {
                Some(person) => Some(vec![find_person(office, person)?.id]),
                None => None,
            };
            let (only_open, count) = (*open, *limit);
            list(office, LogFilter { people, only_open, skip: 0, count }, *json, out)
        }
        Action::Test { person, by } => test(office, person, (*by).into(), out),
        Action::Again => {
            let now = office.ambient().now();
            let count = office.write(move |tx| tx.try_again(now).map_err(AdminError::from))?;
            let noun = if count == 1 { "notice is" } else { "notices are" };
            out.line(format!("{count} {noun} tried again."))
        }
    }
}

struct Listed {
    notice: Notice,
    name: String,
    attempts: Vec<Attempt>,
}

fn list(office: &Office, filter: LogFilter, as_json: bool, out: &mut Out) -> Outcome {
    let look = move |tx: &dyn Tx| {
        let mut listed = Vec::new();
        for notice in tx.notice_log(&filter)? {
            let name = tx
                .person(notice.person)?
                .map(|person| String::from(person.name))
                .unwrap_or_default();
            let attempts = tx.attempts(&notice.key)?;
            listed.push(Listed { notice, name, attempts });
        }
        Ok::<_, AdminError>(listed)
    };
    let listed = office.read(look)?;
    if as_json {
        return out.json(&listed.iter().map(to_json).collect::<Vec<_>>());
    }
    if listed.is_empty() {
        return out.line("No notices.");
    }
    let rows: Vec<_> = listed.iter().map(row).collect();
    out.table(&["WRITTEN", "TO", "ABOUT", "STATE", "TRIES", "NEXT OR SINCE", "WHY"], &rows)
}

fn row(listed: &Listed) -> Vec<String> {
    let Listed { notice, name, attempts } = listed;
    let to = match notice.receiver {
        Receiver::Person => name.clone(),
        Receiver::Webhook => format!("webhook ({name})"),
    };
    let state = match &notice.state {
        NoticeState::Delivered(channel) | NoticeState::Accepted { channel, .. } => {
            format!("{} by {}", notice.state.as_str(), channel.as_str())
        }
        state => state.as_str().to_owned(),
    };
    vec![
        in_words(notice.written),
        to,
        notice.reason.as_str().to_owned(),
        state,
        attempts.len().to_string(),
        in_words(notice.state.next().unwrap_or(notice.since)),
        notice.last_error.clone().unwrap_or_default(),
    ]
}

fn to_json(listed: &Listed) -> Value {
    let Listed { notice, name, attempts } = listed;
    let channel = match &notice.state {
        NoticeState::Delivered(channel) | NoticeState::Accepted { channel, .. } => {
            Some(channel.as_str())
        }
        _ => None,
    };
    let attempts: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            json!({
                "at": attempt.at, "channel": attempt.channel.as_str(),
                "outcome": attempt.upshot.as_str(), "why": attempt.why,
            })
        })
        .collect();
    json!({
        "escalation": notice.escalation, "person": notice.person, "name": name,
        "receiver": notice.receiver.as_str(), "reason": notice.reason.as_str(),
        "written": notice.written, "state": notice.state.as_str(), "since": notice.since,
        "next": notice.state.next(), "channel": channel, "digest": notice.digest,
        "last_error": notice.last_error, "attempts": attempts,
    })
}

fn test(office: &Office, person: &str, channel: Channel, out: &mut Out) -> Outcome {
    let person = find_person(office, person)?;
    let sent = office.wait(send_test(office.state(), person.id, channel));
    let (upshot, why) = sent.map_err(|error| Failure::No(crate::failure::chain(&error)))?;
    let name = channel.name();
    match upshot {
        Upshot::Delivered => out.line(format!("The test by {name} was handed over.")),
        Upshot::Accepted => out.line(format!("The test by {name} is on its way.")),
        Upshot::Failed | Upshot::Refused => Err(Failure::No(format!(
            "the test by {name} did not go out: {}",
            why.unwrap_or_else(|| "no reason is known".to_owned())
        ))),
    }
}
