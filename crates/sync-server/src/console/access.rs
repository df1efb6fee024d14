//! Who may open what: no page of a child is made before it is written down who reads it and why
//! they may; a refusal is written down as well.

use chrono::TimeDelta;
use doorstep_core::access::{Thing, Tie};
use doorstep_core::ids::ChildId;

use super::problem::Refusal;
use super::session::SignedIn;
use crate::access::Reader;
use crate::app::AppState;
use crate::store::log::Access;
use crate::store::{StoreError, Tx};

/// Lets the person in to the child's record; answers by which tie.
pub async fn admit(
    state: &AppState,
    signed: &SignedIn,
    child: ChildId,
    page: &'static str,
) -> Result<Tie, Refusal> {
    admit_to(state, signed, child, Thing::Record, page).await
}

/// Writes down that the person reads this of the child on this page and why they may; or, where
/// they may not, that they tried, and refuses with what reveals nothing.
pub async fn admit_to(
    state: &AppState,
    signed: &SignedIn,
    child: ChildId,
    thing: Thing,
    page: &'static str,
) -> Result<Tie, Refusal> {
    let person = signed.viewer.person;
    let (at, alarm) = (state.ambient.now(), state.config.reads_alarm);
    let admitted = state
        .db
        .write(move |tx: &mut dyn Tx| {
            let Some(card) = tx.child(child)? else { return Ok::<_, StoreError>(None) };
            let reader = Reader::of(tx, person, at)?;
            let opened = reader.map_or(Ok(None), |reader| reader.opens(tx, &card, thing))?;
            let (tie, reason) = opened.map_or((None, None), |(tie, reason)| (Some(tie), reason));
            let by = tie.map_or_else(|| format!("refused: {page}"), |_| page.to_owned());
            tx.log_access(&Access { at, person, child, by, device: None, tie, reason })?;
            if tx.distinct_reads(person, at - TimeDelta::hours(24))? > alarm {
                tracing::warn!(%person, alarm, "unusually many records opened in a day");
            }
            Ok(tie)
        })
        .await?;
    admitted.ok_or(Refusal::NotFound)
}
