//! Trying whether messages arrive: one message to the person who asks, by the way that they name.

use doorstep_core::ids::PersonId;

use crate::app::AppState;
use crate::notify::{About, Channels, Message, Outcome};
use crate::private::Private;
use crate::store::notices::{Attempt, Channel, Upshot};
use crate::store::{StoreError, Tx};

/// Sends a test to `person` by `channel`, and writes down what came of it: what, and why where it
/// did not go out.
pub async fn send_test(
    state: &AppState,
    person: PersonId,
    channel: Channel,
) -> Result<(Upshot, Option<String>), StoreError> {
    let found = state.db.read(move |tx: &dyn Tx| tx.person(person)).await?;
    let found = found.ok_or(StoreError::Missing { what: "person" })?;
    let to = match channel {
        Channel::Email | Channel::NotifyEmail => found.email,
        Channel::NotifySms => found.phone,
        Channel::Webhook => Some(Private::default()),
    };
    let outcome = match (Channels::new(&state.config), to) {
        (Err(error), _) => Outcome::failed(error.to_string()),
        (_, None) => Outcome::failed("there is no address or number to send it to"),
        (Ok(channels), Some(to)) => {
            let now = state.ambient.now();
            let message = Message {
                about: About::Test,
                person,
                to,
                reference: hex::encode(state.ambient.random::<16>()),
                failures: 0,
                unsure: false,
                public_url: state.public_url(),
                written: now,
                now,
            };
            channels.send(channel, &message).await
        }
    };
    let (upshot, why) = outcome.upshot();
    let (why, at) = (why.map(str::to_owned), state.ambient.now());
    let attempt = Attempt { notice: None, person, at, channel, upshot, why: why.clone() };
    state.db.write(move |tx: &mut dyn Tx| tx.add_attempt(&attempt)).await?;
    Ok((upshot, why))
}
