//! Tells people what is no escalation: that somebody of theirs opened a record outside the
//! allocation, and what happened to an account. It says that it happened and where to look into it;
//! never whose record or account, nor who did it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;

use super::{Addresses, plan};
use crate::app::AppState;
use crate::notify::{About, Channels, Message, Outcome};
use crate::store::directory::Person;
use crate::store::notices::{Channel, Manner};
use crate::store::{StoreError, Tx};

/// How many are told at once.
const AT_ONCE: usize = 20;

/// What somebody is not told of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// That a record was opened, by its number.
    Glass(u64),
    /// What happened to an account, by its number, and who hears of it.
    Account(u64, PersonId),
}

/// One who is not told yet, and the ways to reach them, each with an address.
struct Untold {
    what: What,
    messages: Vec<(Channel, Message)>,
}

/// What every message has in common.
struct Letter<'a> {
    ways: &'a [Channel],
    public_url: &'a str,
    now: DateTime<Utc>,
}

/// Tells those who were not told yet, by the first way that works. Whoever cannot be reached by any
/// sees it on the console only.
pub async fn tell(
    state: &AppState,
    channels: &Arc<Channels>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (ways, public_url) = (state.config.ways(), state.public_url());
    let look = move |tx: &dyn Tx| {
        let letter = Letter { ways: &ways, public_url: &public_url, now };
        let mut all = glass(tx, &letter)?;
        all.extend(accounts(tx, &letter)?);
        Ok::<_, StoreError>(all)
    };
    for Untold { what, messages } in state.db.read(look).await? {
        if messages.is_empty() || sent(channels, what, &messages).await {
            let work = move |tx: &mut dyn Tx| match what {
                What::Glass(number) => tx.told_glass(number, now),
                What::Account(number, person) => tx.told_account_event(number, person, now),
            };
            state.db.write(work).await?;
        }
    }
    Ok(())
}

fn glass(tx: &dyn Tx, letter: &Letter<'_>) -> Result<Vec<Untold>, StoreError> {
    let mut untold = Vec::new();
    for glass in tx.untold_glass(AT_ONCE)? {
        let manager = glass.manager.map_or(Ok(None), |id| tx.person(id))?;
        let reference = format!("glass-{}", glass.number);
        let messages = letter.to(manager.as_ref(), About::Glass, &reference);
        untold.push(Untold { what: What::Glass(glass.number), messages });
    }
    Ok(untold)
}

fn accounts(tx: &dyn Tx, letter: &Letter<'_>) -> Result<Vec<Untold>, StoreError> {
    let mut untold = Vec::new();
    for (event, hears) in tx.untold_account_events(AT_ONCE)? {
        let about = if event.what.is_emergency() { About::Emergency } else { About::Account };
        let reference = format!("account-{}-{hears}", event.number);
        let messages = letter.to(tx.person(hears)?.as_ref(), about, &reference);
        untold.push(Untold { what: What::Account(event.number, hears), messages });
    }
    Ok(untold)
}

impl Letter<'_> {
    /// The messages to one person, in the order in which the ways are tried.
    fn to(
        &self,
        person: Option<&Person>,
        about: About,
        reference: &str,
    ) -> Vec<(Channel, Message)> {
        let Some(person) = person else { return Vec::new() };
        let route = plan::route(self.ways, person, Manner::Email).into_iter();
        let message = |channel: Channel| {
            let (email, phone) = (person.email.clone(), person.phone.clone());
            let message = Message {
                about,
                person: person.id,
                to: Addresses { email, phone }.of(channel),
                reference: reference.to_owned(),
                failures: 0,
                unsure: channel == Channel::NotifyEmail || channel == Channel::NotifySms,
                public_url: self.public_url.to_owned(),
                written: self.now,
                now: self.now,
            };
            (channel, message)
        };
        route.map(message).collect()
    }
}

/// Whether it went out by one of the ways.
async fn sent(channels: &Channels, what: What, messages: &[(Channel, Message)]) -> bool {
    for (channel, message) in messages {
        let outcome = channels.send(*channel, message).await;
        match outcome {
            Outcome::Delivered | Outcome::Accepted(_) => return true,
            Outcome::Failed { why, .. } | Outcome::Refused(why) => {
                tracing::warn!(?what, reason = why, "somebody was not told");
            }
        }
    }
    false
}
