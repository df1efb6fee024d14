//! Tells managers by e-mail that somebody of theirs opened a record outside the allocation. It says
//! that it happened and where to look into it; never whose record, nor who opened it.

use chrono::{DateTime, Utc};

use crate::app::AppState;
use crate::notify::{Mailer, Message};
use crate::store::{StoreError, Tx};

/// How many are told at once.
const AT_ONCE: usize = 20;

/// Tells those who were not told yet. Whoever has no e-mail address sees it on the console only.
pub async fn tell(
    state: &AppState,
    mailer: &dyn Mailer,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let look = |tx: &dyn Tx| {
        let mut untold = Vec::new();
        for glass in tx.untold_glass(AT_ONCE)? {
            let manager = glass.manager.map_or(Ok(None), |id| tx.person(id))?;
            untold.push((glass.number, manager.and_then(|manager| manager.email)));
        }
        Ok::<_, StoreError>(untold)
    };
    for (number, email) in state.db.read(look).await? {
        if let Some(to) = email
            && let Err(failure) = mailer.send(message(number, to, &state.public_url())).await
        {
            tracing::warn!(number, reason = failure.reason(), "a manager was not told");
            continue;
        }
        state.db.write(move |tx: &mut dyn Tx| tx.told_glass(number, now)).await?;
    }
    Ok(())
}

fn message(number: u64, to: String, public_url: &str) -> Message {
    Message {
        to,
        subject: "Doorstep: a record was opened outside the allocation".to_owned(),
        text: format!(
            "Somebody opened a record that is not allocated to them, and gave a reason. Please \
             look into it.\r\n\r\nSign in to see it:\r\n{public_url}/glass\r\n\r\n\
             This message says nothing about whom it concerns, on purpose.\r\n"
        ),
        reference: format!("glass-{number}"),
    }
}
