//! An organisation with one person (`p0`) who holds 300 children with 100 events each, for
//! `npm run measure` in `tests/browser`: `cargo run -p doorstep-benches --bin large-office FOLDER`.

use std::io;
use std::path::PathBuf;

use doorstep_benches::office::Office;

const CHILDREN: usize = 300;
const EVENTS_EACH: usize = 100;

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("say where to put the data"))?;
    let mut office = Office::empty();
    let people = office.hire(1, CHILDREN);
    office.fill(people, CHILDREN * EVENTS_EACH);
    office.leave_at(&folder)
}
