//! Tells managers that somebody of theirs opened a record outside the allocation. It says that it
//! happened and where to look into it; never whose record, nor who opened it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Addresses, plan};
use crate::app::AppState;
use crate::notify::{About, Channels, Message, Outcome};
use crate::store::notices::{Channel, Manner};
use crate::store::{StoreError, Tx};

/// How many are told at once.
const AT_ONCE: usize = 20;

/// One who is not told yet, and the ways to reach them, each with an address.
struct Untold {
    number: u64,
    messages: Vec<(Channel, Message)>,
}

/// Tells those who were not told yet, by the first way that works. Whoever cannot be reached by any
/// sees it on the console only.
pub async fn tell(
    state: &AppState,
    channels: &Arc<Channels>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (ways, public_url) = (state.config.ways(), state.public_url());
    let look = move |tx: &dyn Tx| untold(tx, &ways, &public_url, now);
    for Untold { number, messages } in state.db.read(look).await? {
        if messages.is_empty() || sent(channels, number, &messages).await {
            state.db.write(move |tx: &mut dyn Tx| tx.told_glass(number, now)).await?;
        }
    }
    Ok(())
}

fn untold(
    tx: &dyn Tx,
    ways: &[Channel],
    public_url: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Untold>, StoreError> {
    let mut untold = Vec::new();
    for glass in tx.untold_glass(AT_ONCE)? {
        let number = glass.number;
        let mut messages = Vec::new();
        if let Some(manager) = glass.manager.map_or(Ok(None), |id| tx.person(id))? {
            for channel in plan::route(ways, &manager, Manner::Email) {
                let (email, phone) = (manager.email.clone(), manager.phone.clone());
                let message = Message {
                    about: About::Glass,
                    person: manager.id,
                    to: Addresses { email, phone }.of(channel),
                    reference: format!("glass-{number}"),
                    failures: 0,
                    unsure: channel == Channel::NotifyEmail || channel == Channel::NotifySms,
                    public_url: public_url.to_owned(),
                    written: now,
                    now,
                };
                messages.push((channel, message));
            }
        }
        untold.push(Untold { number, messages });
    }
    Ok(untold)
}

/// Whether it went out by one of the ways.
async fn sent(channels: &Channels, number: u64, messages: &[(Channel, Message)]) -> bool {
    for (channel, message) in messages {
        let outcome = channels.send(*channel, message).await;
        match outcome {
            Outcome::Delivered | Outcome::Accepted(_) => return true,
            Outcome::Failed { why, .. } | Outcome::Refused(why) => {
                tracing::warn!(number, reason = why, "a manager was not told");
            }
        }
    }
    false
}
