//! The porch of this browser's device: a file beside the encrypted one, opened when it is needed,
//! and what of it is on its way to the server.

use doorstep_core::wire::{HandIn, HandInAnswer};
use doorstep_device_store::Porch;

use crate::kept::Kept;
use crate::reply::{Heard, Outgoing, Reply};
use crate::shelf::Shelf;

/// What a locked device hands in.
#[derive(Default)]
pub(crate) struct HandingIn {
    porch: Option<Porch>,
    under_way: Option<HandIn>,
    /// The last place that was offered in this exchange.
    after: Option<(u32, u64)>,
}

impl HandingIn {
    /// The porch of the device whose things are kept so; made where there is none.
    pub(crate) fn open(&mut self, storage: &impl Shelf, kept: &Kept) -> Result<Porch, String> {
        if let Some(porch) = &self.porch {
            return Ok(porch.clone());
        }
        let conn = storage.connect(&kept.porch(), true).map_err(|error| error.to_string())?;
        let porch = Porch::open(conn).map_err(|error| error.to_string())?;
        self.porch = Some(porch.clone());
        Ok(porch)
    }

    /// Records that can be handed in.
    pub(crate) fn copies(&self) -> u64 {
        self.porch.as_ref().and_then(|porch| porch.copies().ok()).unwrap_or(0)
    }

    /// An exchange begins.
    pub(crate) fn begins(&mut self) {
        self.after = None;
    }

    /// The next request, while there is one.
    pub(crate) fn next(&mut self) -> Option<Outgoing> {
        let request = self.porch.as_ref()?.next_hand_in(self.after).ok()??;
        self.after = request.copies.last().map(|copy| (copy.epoch, copy.seq));
        let outgoing = Outgoing::json("POST", "/v1/hand-in".to_owned(), None, &request).ok();
        self.under_way = Some(request);
        outgoing
    }

    /// Takes in what came back; none where no such request was under way.
    pub(crate) fn response(&mut self, reply: &Reply<'_>) -> Option<Heard> {
        let request = self.under_way.take()?;
        let porch = self.porch.as_ref()?;
        Some(match reply.read::<HandInAnswer>() {
            Ok(answer) => match porch.handed_in(&request, &answer) {
                Ok(over) => Heard { sent: over.received, unsent: over.kept, ..Heard::default() },
                Err(error) => Heard::trouble(error.to_string()),
            },
            Err(no_answer) => Heard::trouble(no_answer.sentence),
        })
    }
}
