//! The field app's door for the browser. [`Session`] finds out what there is (nothing, a locked
//! store, or a store that should be there and is not), does what the pages ask of a door, and reads
//! what the network answers; `door` shows it to the shell (`shell/*.js`) as WebAssembly. The pages
//! themselves are doorstep-field-app's.

mod attachment;
mod kept;
mod missing;
mod porch;
mod reply;
mod session;
mod shelf;
mod surroundings;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod door;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod pool;

pub use kept::{Kept, Mark, SETTLING_SECONDS};
pub use reply::{Heard, Outgoing, Reply};
pub use session::{Session, Standing, Wants};
pub use shelf::{Shelf, ShelfError};
pub use surroundings::{Around, Moment, SEED_BYTES, Said};
