//! From the bytes of CSV files to rows and faults. RFC 4180, UTF-8 with or without a mark.

use std::sync::Arc;

use chrono::NaiveDate;
use csv::ByteRecord;
use doorstep_core::event::{ChildRecord, Role, Service};

use super::cells::Cells;
use super::columns::{Kind, header_faults, unknown_header};
use super::{AllocationRow, At, Caseload, ChildRow, Fault, StaffRow, TeamRow};

/// Bytes in one file.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A file as it was read.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name, for faults.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Reads files. All faults of all rows are found. A row with a fault is kept, with what could be
/// read of it, so that the rows that refer to it are not called faulty too: apply nothing while
/// there are faults.
pub fn read(files: &[File<'_>], today: NaiveDate) -> (Caseload, Vec<Fault>) {
    let mut caseload = Caseload::default();
    let mut faults = Vec::new();
    for file in files {
        read_file(*file, today, &mut caseload, &mut faults);
    }
    (caseload, faults)
}

fn read_file(file: File<'_>, today: NaiveDate, caseload: &mut Caseload, faults: &mut Vec<Fault>) {
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file.bytes);
    let mut fault = |line, column, what: String| {
        faults.push(Fault { file: file.name.to_owned(), line, column, name: None, what });
    };
    if bytes.len() > FILE_BYTES_MAX {
        return fault(1, None, format!("the file is larger than {FILE_BYTES_MAX} bytes; split it"));
    }
    if count(bytes, b'"') % 2 == 1 {
        let what = "a quotation mark here or above is never closed".to_owned();
        fault(line_of_odd_mark(bytes), None, what);
    }
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes)
        .into_byte_records()
        .map_while(Result::ok);
    let Some(first) = records.next() else {
        return fault(1, None, "the file is empty; its first line must be a header".to_owned());
    };
    let header: Arc<[String]> = first
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).trim().to_ascii_lowercase())
        .collect();
    let Some(kind) = Kind::of_header(&header) else {
        return fault(1, None, unknown_header(&header));
    };
    let wrong = header_faults(kind, &header);
    if !wrong.is_empty() {
        return wrong.into_iter().for_each(|(column, what)| fault(1, column, what));
    }
    let mut lines = Lines { bytes, counted: 0, line: 1 };
    for record in records {
        let line = lines.line_of(&record);
        match cells_of(file.name, line, kind, &header, &record) {
            Ok(mut cells) => {
                take_row(&mut cells, today, caseload);
                faults.append(&mut cells.faults);
            }
            Err(found) => faults.push(found),
        }
    }
}

/// Reads one row without a file: its cells by the names of their columns. What is found wrong with
/// it is what would be found in a file.
pub fn read_one(
    kind: Kind,
    row: &[(&'static str, String)],
    today: NaiveDate,
) -> (Caseload, Vec<Fault>) {
    let header: Arc<[String]> = row.iter().map(|(name, _)| (*name).to_owned()).collect();
    let row = row.iter().map(|(_, cell)| cell.clone()).collect();
    let mut cells =
        Cells { file: "the form", line: 1, kind, header: &header, row, faults: Vec::new() };
    let mut caseload = Caseload::default();
    take_row(&mut cells, today, &mut caseload);
    (caseload, cells.faults)
}

/// The line of the mark that nothing closes: of an odd number of marks the last.
fn line_of_odd_mark(bytes: &[u8]) -> u64 {
    let last = bytes.iter().rposition(|byte| *byte == b'"').unwrap_or(0);
    1 + count(&bytes[..last], b'\n')
}

fn count(bytes: &[u8], wanted: u8) -> u64 {
    bytes.iter().fold(0, |count, byte| count + u64::from(*byte == wanted))
}

/// Counts lines as an editor does. The reader's own count is one behind after `\r\n`, because it
/// has not yet read the `\n` when it hands out the record, and it points at blank lines that it
/// skipped.
struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    fn line_of(&mut self, record: &ByteRecord) -> u64 {
        let byte = record.position().map_or(0, csv::Position::byte);
        let mut start = usize::try_from(byte).unwrap_or(0).min(self.bytes.len());
        while matches!(self.bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        let passed = self.bytes.get(self.counted..start).unwrap_or_default();
        self.line += count(passed, b'\n');
        self.counted = start.max(self.counted);
        self.line
    }
}

fn cells_of<'a>(
    file: &'a str,
    line: u64,
    kind: Kind,
    header: &'a Arc<[String]>,
    record: &ByteRecord,
) -> Result<Cells<'a>, Fault> {
    let fault = |column, name, what| Fault { file: file.to_owned(), line, column, name, what };
    if record.len() != header.len() {
        let what = format!(
            "has {} cells where the header has {}; put quotation marks round a cell with a comma",
            record.len(),
            header.len()
        );
        // Where the two part company.
        let column = record.len().min(header.len());
        return Err(fault(Some(column + 1), header.get(column).cloned(), what));
    }
    let mut row = Vec::with_capacity(header.len());
    for (index, cell) in record.iter().enumerate() {
        let Ok(text) = std::str::from_utf8(cell) else {
            let what = "is not UTF-8; save the file as \"CSV UTF-8\"".to_owned();
            return Err(fault(Some(index + 1), Some(header[index].clone()), what));
        };
        row.push(text.to_owned());
    }
    Ok(Cells { file, line, kind, header, row, faults: Vec::new() })
}

fn take_row(cells: &mut Cells<'_>, today: NaiveDate, caseload: &mut Caseload) {
    match cells.kind {
        Kind::Teams => keep(cells, team_row, &mut caseload.teams),
        Kind::Staff => keep(cells, staff_row, &mut caseload.staff),
        Kind::Children => keep(cells, |cells| child_row(cells, today), &mut caseload.children),
        Kind::Allocations => keep(cells, allocation_row, &mut caseload.allocations),
    }
}

fn keep<T>(cells: &mut Cells<'_>, read: impl Fn(&mut Cells<'_>) -> T, rows: &mut Vec<At<T>>) {
    let row = read(cells);
    rows.push(At {
        file: cells.file.to_owned(),
        line: cells.line,
        header: Arc::clone(cells.header),
        row,
    });
}

fn team_row(cells: &mut Cells<'_>) -> TeamRow {
    TeamRow {
        external: cells.needed("team_id"),
        name: cells.needed("name"),
        phone: cells.phone("phone"),
    }
}

fn staff_row(cells: &mut Cells<'_>) -> StaffRow {
    StaffRow {
        external: cells.needed("staff_id"),
        name: cells.needed("name").into(),
        role: cells.word("role").unwrap_or(Role::Practitioner),
        also: cells.words("also"),
        administrator: cells.flag("administrator"),
        auditor: cells.flag("auditor"),
        team: cells.text("team_id"),
        line_manager: cells.text("line_manager_id"),
        phone: cells.phone("phone").map(Into::into),
        email: cells.email("email").map(Into::into),
        left: cells.first_instant("left"),
        working_hours: cells.working_hours("working_hours"),
    }
}

fn child_row(cells: &mut Cells<'_>, today: NaiveDate) -> ChildRow {
    ChildRow {
        external: cells.needed("child_id"),
        name: cells.needed("name").into(),
        born: cells.past_date("born", today),
        team: cells.text("team_id"),
        address: cells.text("address").map(Into::into),
        address_protected: cells.flag("address_protected"),
        phone: cells.phone("phone").map(Into::into),
        record: ChildRecord {
            service: cells.word("service").unwrap_or(Service::Children),
            plans: cells.words("plans"),
            visit_due_by: cells.instant("visit_due_by"),
            child_protection_plan_ended: cells.date("child_protection_plan_ended"),
            looked_after: cells.flag("looked_after"),
            concerns: cells.words("concerns"),
            communication_needs: cells.words("communication_needs"),
            involved_agencies: cells.agencies("involved_agencies"),
            household: cells.lines("household"),
        },
    }
}

fn allocation_row(cells: &mut Cells<'_>) -> AllocationRow {
    let (from, until) = (cells.first_instant("from"), cells.first_instant("until"));
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        cells.fault("until", "is not after from");
    }
    AllocationRow {
        child: cells.needed("child_id"),
        person: cells.needed("staff_id"),
        role: cells.word("role").unwrap_or(Role::Practitioner),
        from,
        until,
    }
}
