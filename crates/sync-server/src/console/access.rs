//! The access log, and who may open what: no page of a child is made before it is written down who
//! reads it, and a refusal is written down as well.

use doorstep_core::ids::ChildId;

use super::problem::Refusal;
use super::session::SignedIn;
use super::viewer;
use crate::app::AppState;
use crate::store::log::Access;
use crate::store::{StoreError, Tx};

/// Writes down that the person reads the child's record on this page and why they may; or, where
/// they may not, that they tried, and refuses with what reveals nothing.
pub async fn admit(
    state: &AppState,
    signed: &SignedIn,
    child: ChildId,
    page: &'static str,
) -> Result<(), Refusal> {
    let viewer = signed.viewer.clone();
    let at = state.ambient.now();
    let admitted = state
        .db
        .write(move |tx: &mut dyn Tx| {
            if tx.child(child)?.is_none() {
                return Ok::<_, StoreError>(false);
            }
            let entitlement = viewer::entitlement(tx, &viewer, child, at)?;
            let by = entitlement.map_or_else(|| format!("refused: {page}"), |_| page.to_owned());
            let reason = entitlement.map(|entitlement| entitlement.as_str().to_owned());
            tx.log_access(&Access { at, person: viewer.person, child, by, device: None, reason })?;
            Ok(entitlement.is_some())
        })
        .await?;
    if admitted { Ok(()) } else { Err(Refusal::NotFound) }
}
