//! `doorstep admin duty-list`: who is on duty, what is open and owed, to print and as CSV.

use std::path::Path;

use doorstep_sync_server::contingency::{PAGE_FILE, gather};

use crate::failure::{OrFail as _, Outcome};
use crate::office::Office;
use crate::out::Out;

/// Writes it into `folder`.
pub fn run(office: &Office, folder: &Path, out: &mut Out) -> Outcome {
    let now = office.ambient().now();
    let policy = office.judge().policy;
    let contingency = office.read(move |tx| gather(tx, &policy, now))?;
    contingency.write(folder).or_no("the duty list was not written")?;
    for sheet in &contingency.sheets {
        out.line(format!("{}: {}", sheet.title, sheet.rows.len()))?;
    }
    let page = folder.join(PAGE_FILE);
    out.line(format!("Print {}; the CSV files lie beside it.", page.display()))
}
